// The spellings of JSON numbers, within bounds if there are any, as a part of a ByteGrammar.
//
// Integers have at most 15 digits, and so has the whole part of any number: each is exact in a double and
// none overflows. Without bounds a number may have a fraction of up to 15 digits and an exponent of one or
// two digits; with a bound it has no exponent, and a fraction no longer than leaves it exact near the bound.
// There is no -0.
#pragma once

#include <string>

#include "base/json_fwd.h"
#include "text/byte_grammar.h"

namespace fulcrum {

enum class NumberKind { integer, number };

// `schema` is the object that may hold minimum, maximum, exclusiveMinimum and exclusiveMaximum. Error
// (unsupported) for a bound with more than 15 digits behind the point.
ByteGrammar::Node number_node(ByteGrammar& grammar, const Json& schema, NumberKind kind,
                              const std::string& where);

}  // namespace fulcrum
