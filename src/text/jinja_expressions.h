// The expressions of Jinja: what stands between {{ and }}, and inside of tags. Errors as text/jinja_parser.h.
#pragma once

#include <string>

#include "text/jinja_ast.h"
#include "text/jinja_cursor.h"

namespace fulcrum {

// Whether "a if b else c" may stand there; in the head of "for" and "if" the word belongs to the tag.
enum class JinjaTernary { yes, no };

JinjaExpressionPtr parse_jinja_expression(JinjaCursor& cursor, JinjaTernary ternary = JinjaTernary::yes);
// The same, or several with commas between: a tuple.
JinjaExpressionPtr parse_jinja_tuple(JinjaCursor& cursor, JinjaTernary ternary = JinjaTernary::yes);
// "name(arguments)" of a filter, the "|" before it being read already.
JinjaExpressionPtr parse_jinja_filter(JinjaCursor& cursor, JinjaExpressionPtr subject);
// What can be assigned to: a name, names with commas between (in brackets or not), an attribute of a
// namespace.
JinjaExpressionPtr parse_jinja_target(JinjaCursor& cursor);
JinjaExpressionPtr make_jinja_name(int line, std::string name);

}  // namespace fulcrum
