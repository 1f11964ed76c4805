// Any bytes as JSON: what the fuzzer runs, and what the tests replay its corpus through. They end in a value
// that is written and read again to the same text, or in fulcrum::Error; anything else is thrown on as a
// finding.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"

namespace fulcrum {

enum class JsonVerdict { read, refused };

inline JsonVerdict exercise_json(std::string_view bytes) {
  std::string once;
  try {
    once = to_line(parse_json(bytes, "input"));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::corrupt && error.code() != ErrorCode::too_large)
      throw std::logic_error(error.what());
    return JsonVerdict::refused;
  }
  if (to_line(parse_json(once, "what was written")) != once)
    throw std::logic_error("what was written is read as something else");
  return JsonVerdict::read;
}

}  // namespace fulcrum
