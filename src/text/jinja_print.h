// Values of the Jinja engine as text: Python's str() and repr(), and json.dumps. Origins are kept: what a
// string of the input contributes is marked as input.
#pragma once

#include <optional>
#include <string>

#include "text/jinja_value.h"

namespace fulcrum {

JinjaText print_value(const JinjaValue& value);      // str(): nothing for undefined
JinjaText represent_value(const JinjaValue& value);  // repr(): strings in quotes
std::string print_float(double value);               // "3.0", "1e+16", "inf"

struct JinjaJsonStyle {
  std::optional<std::string> indent;  // of one level; absent: one line
  std::string item_separator, key_separator = ": ";
  enum class Characters { utf8, ascii } characters = Characters::utf8;
  enum class KeyOrder { as_given, sorted } key_order = KeyOrder::as_given;
};
// Error(invalid_argument) for what JSON cannot say (undefined, functions).
JinjaText dump_json(const JinjaValue& value, const JinjaJsonStyle& style);

}  // namespace fulcrum
