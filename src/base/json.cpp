#include "base/json.h"

#include "base/error.h"

namespace fulcrum {
namespace {

// A value nested more deeply than any real file is an attack on the stack of whoever walks it.
constexpr int kMaxDepth = 512;

// Depth counted before parsing: nlohmann's parser itself does not recurse, but destroying and walking a value
// does.
void check_depth(std::string_view text, std::string_view what) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxDepth) {
        throw_error(ErrorCode::too_large, "reading {}: nested more than {} levels deep at byte {}", what,
                    kMaxDepth, i);
      }
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
}

}  // namespace

Json parse_json(std::string_view text, std::string_view what) {
  // The parser takes a NUL for the end of its input; in JSON it may stand nowhere.
  if (const auto nul = text.find('\0'); nul != std::string_view::npos) {
    throw_error(ErrorCode::corrupt, "reading {}: this is not valid JSON: there is a NUL at byte {}", what,
                nul);
  }
  check_depth(text, what);
  try {
    return Json::parse(text);
  } catch (const nlohmann::json::exception& failure) {
    // "[json.exception.parse_error.101] parse error at line 1, column 3: ..." -> from "parse error" on.
    std::string_view reason = failure.what();
    if (const auto end = reason.find("] "); end != std::string_view::npos) reason.remove_prefix(end + 2);
    throw_error(ErrorCode::corrupt, "reading {}: this is not valid JSON: {}", what, reason);
  }
}

Json read_json(const Path& path) {
  return parse_json(read_file(path), path.string());
}

std::string to_text(const Json& value) {
  return value.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string to_line(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace fulcrum
