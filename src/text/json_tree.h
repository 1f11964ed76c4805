// JSON whose objects may have a hundred thousand keys, as a vocabulary has: keys are kept sorted, where
// base/json.h keeps their order and looks through all of them for one.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

namespace fulcrum {

using JsonTree = nlohmann::json;

// Errors are `corrupt` and name `what`, the byte and what was expected there; `too_large` for nesting deeper
// than 512. Of duplicate keys the last stays.
JsonTree parse_json_tree(std::string_view text, std::string_view what);

}  // namespace fulcrum
