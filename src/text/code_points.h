// What tokenizers ask of a code point: Unicode's general categories and properties (utf8proc), and where the
// well-formed stretches of a text lie.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace fulcrum {

bool is_white_space(char32_t c);        // the property White_Space
bool is_punctuation(char32_t c);        // categories P*
bool is_ascii_punctuation(char32_t c);  // every visible ASCII character that is no letter and no digit
bool is_numeric(char32_t c);            // categories N*
bool is_mark(char32_t c);               // categories M*
bool is_nonspacing_mark(char32_t c);    // category Mn
bool is_other(char32_t c);              // categories Cc, Cf and Co
bool is_word_character(char32_t c);     // \w: letters, marks, decimal digits, connectors
bool is_ideograph(char32_t c);          // the CJK blocks that BERT sets apart
// Full lower case of one code point.
void append_lower_case(std::string& text, char32_t c);

// The text with each code point given to `append(result, code_point)`; ill-formed bytes stay as they are.
std::string map_code_points(std::string_view text, const std::function<void(std::string&, char32_t)>& append);

// The text with each well-formed stretch replaced by `map(stretch)`; ill-formed bytes stay as they are.
std::string map_well_formed(std::string_view text, const std::function<std::string(std::string_view)>& map);

}  // namespace fulcrum
