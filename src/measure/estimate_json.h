// Figures with their intervals as JSON: {"estimate", "low", "high", "n"}; what is not finite is null.
#pragma once

#include "base/json_fwd.h"
#include "measure/intervals.h"

namespace fulcrum {

Json estimate_to_json(const Estimate& estimate);
Estimate estimate_from_json(const Json& value);  // Json::exception for what is not there

}  // namespace fulcrum
