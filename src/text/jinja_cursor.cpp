#include "text/jinja_cursor.h"

#include "base/error.h"

namespace fulcrum {
namespace {

using Kind = JinjaToken::Kind;

constexpr int kDeepestNesting = 100;

std::string describe(const JinjaToken& token) {
  switch (token.kind) {
    case Kind::text:
      return "text";
    case Kind::output_begin:
      return "\"{{\"";
    case Kind::output_end:
      return "\"}}\"";
    case Kind::block_begin:
      return "\"{%\"";
    case Kind::block_end:
      return "\"%}\"";
    case Kind::end:
      return "the end of the template";
    default:
      return "\"" + token.value + "\"";
  }
}

}  // namespace

bool JinjaCursor::skip_symbol(std::string_view value) {
  if (!is_symbol(value)) return false;
  take();
  return true;
}

bool JinjaCursor::skip_name(std::string_view value) {
  if (!is_name(value)) return false;
  take();
  return true;
}

void JinjaCursor::expect_symbol(std::string_view value) {
  if (!skip_symbol(value)) fail("\"" + std::string(value) + "\"");
}

std::string JinjaCursor::expect_name() {
  if (now().kind != Kind::name) fail("a name");
  return take().value;
}

void JinjaCursor::expect_block_end() {
  if (now().kind != Kind::block_end) fail("the end of the tag");
  take();
}

bool JinjaCursor::named_since(std::size_t position, std::string_view name) const {
  for (std::size_t i = position; i < at_; ++i) {
    if (tokens_[i].kind == Kind::name && tokens_[i].value == name) return true;
  }
  return false;
}

void JinjaCursor::fail(std::string_view expected) const {
  throw_error(ErrorCode::corrupt, "line {}: expected {}, found {}", now().line, expected, describe(now()));
}

JinjaCursor::Level::Level(JinjaCursor& cursor) : cursor_(cursor) {
  if (cursor_.level_ >= kDeepestNesting) {
    throw_error(ErrorCode::too_large, "line {}: the template nests deeper than {}", cursor_.now().line,
                kDeepestNesting);
  }
  ++cursor_.level_;
}

}  // namespace fulcrum
