// result.json, schema 1, and the raw rows of items.jsonl: written and read.
//
// A figure that does not exist (a break-even that never comes) is null. The raw items are not in result.json;
// each recipe's have a file of their own.
#pragma once

#include <string_view>

#include "base/json_fwd.h"
#include "decide/result.h"

namespace fulcrum {

Json to_json(const CompareResult& result);
// Without raw items; costs, comparisons, diagnosis and verdict as recorded are not read back but follow from
// the rest (conclude). Error corrupt names what is missing.
CompareResult compare_result_from_json(const Json& value);

Json to_json(const MeasuredItem& item);
MeasuredItem measured_item_from_json(const Json& value);

// The verdict alone, as it stands in result.json.
Json to_json(const Verdict& verdict);
Json to_json(const Comparison& comparison);

}  // namespace fulcrum
