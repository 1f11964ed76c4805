// The types that a JSON Schema lets a value have, and whether two schemas can hold for one value.
//
// An integer is a number that is spelled without a fraction; `fraction` stands for all other numbers, so that
// "number" is both.
#pragma once

#include "base/json_fwd.h"

namespace fulcrum {

enum class JsonType : unsigned {
  null = 1,
  boolean = 2,
  integer = 4,
  fraction = 8,
  string = 16,
  array = 32,
  object = 64
};

// A set of types.
class JsonTypes {
 public:
  constexpr explicit JsonTypes(JsonType type) : bits_(static_cast<unsigned>(type)) {}
  static constexpr JsonTypes all() { return JsonTypes(127U); }
  static constexpr JsonTypes none() { return JsonTypes(0U); }
  constexpr bool has(JsonType type) const { return (bits_ & static_cast<unsigned>(type)) != 0; }
  constexpr unsigned bits() const { return bits_; }
  friend constexpr JsonTypes operator&(JsonTypes a, JsonTypes b) { return JsonTypes(a.bits_ & b.bits_); }
  friend constexpr JsonTypes operator|(JsonTypes a, JsonTypes b) { return JsonTypes(a.bits_ | b.bits_); }

 private:
  constexpr explicit JsonTypes(unsigned bits) : bits_(bits) {}
  unsigned bits_;
};

JsonType type_of_json(const Json& value);  // 1.0 is an integer
// By the schema's own `type`; all without it.
JsonTypes declared_types(const Json& schema);

// Whether no value can satisfy two of the schemas, as far as types, constants and required keys with
// constants show. false: cannot be told.
bool are_exclusive(const Json& root, const Json& schemas);

}  // namespace fulcrum
