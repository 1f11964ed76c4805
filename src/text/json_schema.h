// Checks JSON values against a JSON Schema: the part of draft 2020-12 that people use to describe answers.
//
// Supported: type, enum, const, properties, required, additionalProperties, patternProperties, propertyNames,
// minProperties, maxProperties, dependentRequired, dependentSchemas, items, prefixItems, contains,
// minContains, maxContains, minItems, maxItems, uniqueItems, minLength, maxLength, pattern, minimum, maximum,
// exclusiveMinimum, exclusiveMaximum, multipleOf, allOf, anyOf, oneOf, not, if, then, else, $ref within the
// document, $defs, definitions; annotations (title, description, default, examples, format, ...) are read
// over. Any other keyword is refused when the schema is read, so that a promise is never quietly not kept.
//
// A value that does not fit is a value, not an error: problems() says where and why.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_fwd.h"

namespace fulcrum {

struct SchemaProblem {
  std::string where;  // JSON pointer into the value: "" is the whole, "/items/0/price" a part
  std::string what;   // "expected a number, found a string"
};

class JsonSchema {
 public:
  // Errors: unsupported naming the keyword, where it stands, and all that are supported; invalid_argument for
  // a keyword of the wrong type, a $ref to nowhere or a pattern that is none; too_large for nesting deeper
  // than 100.
  static JsonSchema parse(const Json& schema);

  // Empty: the value fits. Error(too_large) if $ref leads round in circles without end.
  std::vector<SchemaProblem> problems(const Json& value) const;
  bool accepts(const Json& value) const { return problems(value).empty(); }
  const Json& json() const;

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

// Equality of JSON values: 1 and 1.0 are the same, the order of keys does not count.
bool equal_json(const Json& a, const Json& b);

}  // namespace fulcrum
