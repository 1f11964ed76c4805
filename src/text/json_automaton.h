// Compiles a JSON Schema into an automaton over the bytes of a JSON document (text/byte_automaton.h), so that
// a document can be held to the schema while it is written.
//
// Held: type, enum, const, properties, required, additionalProperties, prefixItems, items, minItems,
// maxItems, minLength, maxLength, minimum, maximum, exclusiveMinimum, exclusiveMaximum, anyOf, oneOf where a
// type, a constant or a required key with constants tells the alternatives apart, allOf of one schema, $ref
// (recursion included), true and false schemas. Any other keyword that could matter is refused by name and
// place, though text/json_schema.h may be able to check it afterwards.
//
// A document has many spellings; the automaton writes and takes these:
//   - white space: one space or none behind { [ , : and before } ]; none around the document;
//   - the keys of `properties` in the order of the schema, those of `required` that it does not name behind
//     them, then any others, spelled without escapes;
//   - numbers and strings as text/number_grammar.h and text/string_grammar.h say; constants as to_line writes
//     them, with the same freedom of white space;
//   - nesting as deep as ByteAutomaton::kDeepest allows, some fifty levels.
// Every document that it takes satisfies the schema, and every prefix of one can be completed.
#pragma once

#include "base/json_fwd.h"
#include "text/byte_automaton.h"

namespace fulcrum {

// Errors: those of JsonSchema::parse; unsupported for a keyword that is not held, with its place;
// invalid_argument if no document satisfies the schema.
ByteAutomaton json_automaton(const Json& schema);

// The schema of any JSON object.
Json any_object_schema();

}  // namespace fulcrum
