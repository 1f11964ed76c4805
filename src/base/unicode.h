// UTF-8 text (utf8proc for normalisation and case).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fulcrum {

// Byte offset of the first ill-formed sequence (RFC 3629: no surrogates, no overlong forms, at most
// U+10FFFF).
std::optional<std::size_t> find_invalid_utf8(std::string_view text);

// Decodes the code point that starts at `offset` and moves `offset` past it; an ill-formed byte yields U+FFFD
// and moves by one. `offset` must be inside the text.
char32_t decode_utf8(std::string_view text, std::size_t& offset);
void append_utf8(std::string& text, char32_t code_point);

// Length in bytes of the longest prefix that does not end in the middle of a code point: what may be shown so
// far.
std::size_t complete_utf8_prefix(std::string_view text);

std::string normalize_nfc(std::string_view text);
std::string normalize_nfkc(std::string_view text);
// Simple case folding for comparison, not for display.
std::string fold_case(std::string_view text);

// Runs of letters, marks and digits, case folded, in order: what lexical search and overlap checks compare.
std::vector<std::string> fold_words(std::string_view text);
// Without leading and trailing ASCII white space.
std::string_view trim(std::string_view text);

}  // namespace fulcrum
