// The spellings of JSON strings as parts of a ByteGrammar.
//
// Every code point stands for itself in UTF-8 where JSON lets it, or as an escape: \" \\ \/ \b \f \n \r \t or
// \uXXXX, surrogates in pairs only. A key that a schema does not name is spelled without escapes, so that it
// cannot be a named one in disguise.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "text/byte_grammar.h"

namespace fulcrum {

// With quotes. Lengths count code points.
ByteGrammar::Node string_node(ByteGrammar& grammar, std::uint32_t shortest,
                              std::optional<std::uint32_t> longest);
// Any key but these (UTF-8), with quotes.
ByteGrammar::Node other_key_node(ByteGrammar& grammar, const std::vector<std::string>& names);

}  // namespace fulcrum
