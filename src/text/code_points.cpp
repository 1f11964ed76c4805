#include "text/code_points.h"

#include <utf8proc.h>

#include <algorithm>

#include "base/unicode.h"

namespace fulcrum {
namespace {

utf8proc_category_t category(char32_t c) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(c));
}

bool between(char32_t c, char32_t first, char32_t last) {
  return c >= first && c <= last;
}

}  // namespace

bool is_white_space(char32_t c) {
  if (between(c, 9, 13) || c == ' ') return true;
  if (c < 0x80) return false;
  const utf8proc_category_t kind = category(c);
  return c == 0x85 || kind == UTF8PROC_CATEGORY_ZS || kind == UTF8PROC_CATEGORY_ZL ||
         kind == UTF8PROC_CATEGORY_ZP;
}

bool is_punctuation(char32_t c) {
  const utf8proc_category_t kind = category(c);
  return kind >= UTF8PROC_CATEGORY_PC && kind <= UTF8PROC_CATEGORY_PO;
}

bool is_ascii_punctuation(char32_t c) {
  return between(c, '!', '/') || between(c, ':', '@') || between(c, '[', '`') || between(c, '{', '~');
}

bool is_numeric(char32_t c) {
  const utf8proc_category_t kind = category(c);
  return kind >= UTF8PROC_CATEGORY_ND && kind <= UTF8PROC_CATEGORY_NO;
}

bool is_mark(char32_t c) {
  const utf8proc_category_t kind = category(c);
  return kind >= UTF8PROC_CATEGORY_MN && kind <= UTF8PROC_CATEGORY_ME;
}

bool is_nonspacing_mark(char32_t c) {
  return category(c) == UTF8PROC_CATEGORY_MN;
}

bool is_other(char32_t c) {
  const utf8proc_category_t kind = category(c);
  return kind == UTF8PROC_CATEGORY_CC || kind == UTF8PROC_CATEGORY_CF || kind == UTF8PROC_CATEGORY_CO;
}

bool is_word_character(char32_t c) {
  const utf8proc_category_t kind = category(c);
  return (kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_ND) || kind == UTF8PROC_CATEGORY_NL ||
         kind == UTF8PROC_CATEGORY_PC || c == 0x200C || c == 0x200D;
}

bool is_ideograph(char32_t c) {
  return between(c, 0x4E00, 0x9FFF) || between(c, 0x3400, 0x4DBF) || between(c, 0x20000, 0x2A6DF) ||
         between(c, 0x2A700, 0x2B81F) || between(c, 0x2B920, 0x2CEAF) || between(c, 0xF900, 0xFAFF) ||
         between(c, 0x2F800, 0x2FA1F);
}

void append_lower_case(std::string& text, char32_t c) {
  if (c == 0x130) {  // the one code point whose lower case is two
    text += "i\xCC\x87";
    return;
  }
  append_utf8(text, static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))));
}

std::string map_well_formed(std::string_view text, const std::function<std::string(std::string_view)>& map) {
  std::string result;
  while (!text.empty()) {
    const std::size_t size = find_invalid_utf8(text).value_or(text.size());
    if (size > 0) result += map(text.substr(0, size));
    if (size < text.size()) result += text[size];
    text.remove_prefix(std::min(size + 1, text.size()));
  }
  return result;
}

std::string map_code_points(std::string_view text,
                            const std::function<void(std::string&, char32_t)>& append) {
  return map_well_formed(text, [&](std::string_view stretch) {
    std::string result;
    result.reserve(stretch.size());
    for (std::size_t at = 0; at < stretch.size();) append(result, decode_utf8(stretch, at));
    return result;
  });
}

}  // namespace fulcrum
