// JSON in and out (nlohmann-json, keys in the order they were written). Include <nlohmann/json.hpp> through
// this file only in .cpp files; headers use base/json_fwd.h.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/json_fwd.h"

namespace fulcrum {

// Errors are `corrupt` and name `what` ("result.json"), the byte and what was expected there. Duplicate keys
// keep the last; nesting deeper than 512 is refused.
Json parse_json(std::string_view text, std::string_view what);
Json read_json(const Path& path);

// indent 2 and a final newline; text that is not UTF-8 is written with U+FFFD.
std::string to_text(const Json& value);
// One line, no spaces, no newline.
std::string to_line(const Json& value);

}  // namespace fulcrum
