// The JSON value type without its implementation, for headers.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace fulcrum {
using Json = nlohmann::ordered_json;
}
