// Reads a JSON Schema before anything is checked against it: refuses keywords that are not supported or hold
// the wrong thing, resolves references, compiles patterns. Errors as JsonSchema::parse (text/json_schema.h).
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/json_fwd.h"
#include "text/regular_expression.h"

namespace fulcrum {

using SchemaPatterns = std::map<std::string, RegularExpression>;

void read_json_schema(const Json& schema, SchemaPatterns& patterns);
// The part of `root` that "#/a/b" names; null if there is none.
const Json* follow_schema_reference(const Json& root, std::string_view reference);

std::string escape_json_pointer(std::string_view key);
// The value in a few words, for a message.
std::string excerpt_json(const Json& value);
bool is_json_integer(const Json& value);  // 1.0 is one

}  // namespace fulcrum
