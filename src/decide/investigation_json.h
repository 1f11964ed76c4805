// The investigation and the diagnosis as they stand in result.json.
#pragma once

#include "base/json_fwd.h"
#include "decide/diagnosis.h"
#include "decide/investigation.h"

namespace fulcrum {

Json to_json(const Diagnosis& diagnosis);
Json to_json(const Investigation& investigation);
// Error corrupt names what is missing.
Investigation investigation_from_json(const Json& value);

}  // namespace fulcrum
