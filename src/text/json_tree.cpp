#include "text/json_tree.h"

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace fulcrum {
namespace {

constexpr int kMaxDepth = 512;

}  // namespace

JsonTree parse_json_tree(std::string_view text, std::string_view what) {
  // The parser takes a NUL for the end of its input; in JSON it may stand nowhere.
  if (const auto nul = text.find('\0'); nul != std::string_view::npos)
    throw_error(ErrorCode::corrupt, "reading {}: this is not valid JSON: there is a NUL at byte {}", what,
                nul);
  const auto check_depth = [&](int depth, JsonTree::parse_event_t, JsonTree&) {
    if (depth > kMaxDepth)
      throw_error(ErrorCode::too_large, "reading {}: nested more than {} levels deep", what, kMaxDepth);
    return true;
  };
  try {
    return JsonTree::parse(text, check_depth);
  } catch (const JsonTree::exception& failure) {
    // "[json.exception.parse_error.101] parse error at line 1, column 3: ..." -> from "parse error" on.
    std::string_view reason = failure.what();
    if (const auto end = reason.find("] "); end != std::string_view::npos) reason.remove_prefix(end + 2);
    throw_error(ErrorCode::corrupt, "reading {}: this is not valid JSON: {}", what, reason);
  }
}

}  // namespace fulcrum
