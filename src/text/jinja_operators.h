// Arithmetic, comparison, membership, subscripts and slices of the Jinja engine, with Python's meaning.
//
// Everything that can make something large asks the host's budget first. Errors: invalid_argument (types that
// do not go together, division by zero, an undefined operand with its reason), too_large (overflow of 64
// bits).
#pragma once

#include <optional>
#include <string_view>

#include "text/jinja_value.h"

namespace fulcrum {

// op: + - * / // % **
JinjaValue apply_arithmetic(JinjaHost& host, std::string_view op, const JinjaValue& a, const JinjaValue& b);
// op: == != < <= > >= in, "not in"
bool apply_comparison(JinjaHost& host, std::string_view op, const JinjaValue& a, const JinjaValue& b);
JinjaValue negate_value(const JinjaValue& value);
// Throws with the reason if the value is undefined.
void require_defined(const JinjaValue& value);
// str(a) followed by str(b) and so on.
JinjaText join_printed(JinjaHost& host, const std::vector<JinjaValue>& values);

// value.name: a method or attribute, else the item of that name; undefined if there is neither.
JinjaValue get_attribute(const JinjaValue& value, std::string_view name);
// value[key]: the item, else the attribute of that name; undefined if there is neither.
JinjaValue get_item(const JinjaValue& value, const JinjaValue& key);
// value[begin:end:step]; a bound that is none or undefined is left open.
JinjaValue get_slice(JinjaHost& host, const JinjaValue& value, const JinjaValue& begin, const JinjaValue& end,
                     const JinjaValue& step);

}  // namespace fulcrum
