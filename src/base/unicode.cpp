#include "base/unicode.h"

#include <utf8proc.h>

#include <cstdlib>
#include <memory>

#include "base/error.h"

namespace fulcrum {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

unsigned char byte_at(std::string_view text, std::size_t offset) {
  return static_cast<unsigned char>(text[offset]);
}

bool is_continuation(unsigned char byte) {
  return (byte & 0xC0) == 0x80;
}

// What a first byte promises (RFC 3629, section 4): the sequence's length, and the range of its second byte,
// which is where overlong forms, surrogates and values above U+10FFFF are told apart. Length 0: cannot start
// a sequence.
struct Lead {
  std::size_t length;
  unsigned char second_low, second_high;
};

Lead lead_of(unsigned char first) {
  if (first < 0x80) return {1, 0, 0};
  if (first < 0xC2) return {0, 0, 0};
  if (first < 0xE0) return {2, 0x80, 0xBF};
  if (first == 0xE0) return {3, 0xA0, 0xBF};
  if (first == 0xED) return {3, 0x80, 0x9F};
  if (first < 0xF0) return {3, 0x80, 0xBF};
  if (first == 0xF0) return {4, 0x90, 0xBF};
  if (first < 0xF4) return {4, 0x80, 0xBF};
  if (first == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

// Length of the well-formed sequence at `offset`, or 0.
std::size_t sequence_length(std::string_view text, std::size_t offset) {
  const Lead lead = lead_of(byte_at(text, offset));
  if (lead.length == 0 || lead.length > text.size() - offset) return 0;
  for (std::size_t i = 1; i < lead.length; ++i) {
    const unsigned char byte = byte_at(text, offset + i);
    if (!is_continuation(byte)) return 0;
    if (i == 1 && (byte < lead.second_low || byte > lead.second_high)) return 0;
  }
  return lead.length;
}

// Ill-formed bytes become U+FFFD, because utf8proc refuses text that holds any.
std::string repair(std::string_view text) {
  std::string repaired;
  repaired.reserve(text.size());
  for (std::size_t offset = 0; offset < text.size();) append_utf8(repaired, decode_utf8(text, offset));
  return repaired;
}

bool is_word_part(char32_t code_point) {
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(code_point))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return true;
    default:
      return false;
  }
}

std::string map_text(std::string_view text, int options) {
  if (text.empty()) return {};
  if (find_invalid_utf8(text)) return map_text(repair(text), options);
  utf8proc_uint8_t* mapped = nullptr;
  const utf8proc_ssize_t size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                             static_cast<utf8proc_ssize_t>(text.size()), &mapped,
                                             static_cast<utf8proc_option_t>(options));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(mapped, &std::free);
  if (size < 0) {
    throw_error(ErrorCode::internal, "normalising {} bytes of text: {}", text.size(), utf8proc_errmsg(size));
  }
  return {reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(size)};
}

}  // namespace

std::optional<std::size_t> find_invalid_utf8(std::string_view text) {
  for (std::size_t offset = 0; offset < text.size();) {
    const std::size_t length = sequence_length(text, offset);
    if (length == 0) return offset;
    offset += length;
  }
  return std::nullopt;
}

char32_t decode_utf8(std::string_view text, std::size_t& offset) {
  const std::size_t length = sequence_length(text, offset);
  const unsigned char first = byte_at(text, offset);
  if (length <= 1) {
    ++offset;
    return length == 1 ? first : kReplacement;
  }
  // A first byte of a sequence of n bytes carries 7 - n bits, every further byte six.
  char32_t code_point = first & (0xFFu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i)
    code_point = (code_point << 6) | (byte_at(text, offset + i) & 0x3Fu);
  offset += length;
  return code_point;
}

void append_utf8(std::string& text, char32_t code_point) {
  const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
  if (surrogate || code_point > 0x10FFFF) code_point = kReplacement;
  const auto tail = [&](int shift) { text += static_cast<char>(0x80 | ((code_point >> shift) & 0x3F)); };
  if (code_point < 0x80) {
    text += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    text += static_cast<char>(0xC0 | (code_point >> 6));
    tail(0);
  } else if (code_point < 0x10000) {
    text += static_cast<char>(0xE0 | (code_point >> 12));
    tail(6);
    tail(0);
  } else {
    text += static_cast<char>(0xF0 | (code_point >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

std::size_t complete_utf8_prefix(std::string_view text) {
  // Only the last three bytes can belong to a code point whose end has not come yet.
  for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const std::size_t start = text.size() - back;
    if (is_continuation(byte_at(text, start))) continue;
    const Lead lead = lead_of(byte_at(text, start));
    if (lead.length <= back) break;
    // Bytes that can no longer become a code point are not worth waiting for.
    if (back >= 2 &&
        (byte_at(text, start + 1) < lead.second_low || byte_at(text, start + 1) > lead.second_high))
      break;
    return start;
  }
  return text.size();
}

std::string normalize_nfc(std::string_view text) {
  return map_text(text, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
}

std::string normalize_nfkc(std::string_view text) {
  return map_text(text, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT);
}

std::string fold_case(std::string_view text) {
  return map_text(text, UTF8PROC_CASEFOLD);
}

std::vector<std::string> fold_words(std::string_view text) {
  const std::string folded = fold_case(text);
  std::vector<std::string> words;
  bool inside = false;
  for (std::size_t offset = 0; offset < folded.size();) {
    const char32_t code_point = decode_utf8(folded, offset);
    const bool was_inside = inside;
    inside = is_word_part(code_point);
    if (!inside) continue;
    if (!was_inside) words.emplace_back();
    append_utf8(words.back(), code_point);
  }
  return words;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kWhiteSpace = " \t\r\n\v\f";
  const std::size_t begin = text.find_first_not_of(kWhiteSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kWhiteSpace) - begin + 1);
}

}  // namespace fulcrum
