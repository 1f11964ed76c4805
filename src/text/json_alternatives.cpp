#include "text/json_alternatives.h"

#include <algorithm>
#include <optional>

#include "base/json.h"
#include "text/json_schema.h"
#include "text/json_schema_reader.h"

namespace fulcrum {
namespace {

constexpr int kDeepest = 16;  // references and properties followed

JsonTypes types_named(std::string_view name) {
  if (name == "null") return JsonTypes(JsonType::null);
  if (name == "boolean") return JsonTypes(JsonType::boolean);
  if (name == "integer") return JsonTypes(JsonType::integer);
  if (name == "number") return JsonTypes(JsonType::integer) | JsonTypes(JsonType::fraction);
  if (name == "string") return JsonTypes(JsonType::string);
  return JsonTypes(name == "array" ? JsonType::array : JsonType::object);
}

std::optional<Json> constants_of(const Json& schema) {
  if (schema.contains("const")) return Json::array({schema["const"]});
  if (schema.contains("enum")) return schema["enum"];
  return std::nullopt;
}

bool requires_key(const Json& schema, const std::string& key) {
  const auto required = schema.find("required");
  return required != schema.end() && std::find(required->begin(), required->end(), key) != required->end();
}

bool is_exclusive(const Json& root, const Json& a, const Json& b, int depth);

// Only an object can hold for both, and both ask for a key whose values have nothing in common.
bool is_told_by_a_key(const Json& root, const Json& a, const Json& b, int depth) {
  const JsonTypes common = declared_types(a) & declared_types(b);
  if (common.bits() != static_cast<unsigned>(JsonType::object)) return false;
  if (!a.contains("properties") || !b.contains("properties")) return false;
  for (const auto& [key, property] : a["properties"].items()) {
    const auto other = b["properties"].find(key);
    if (other != b["properties"].end() && requires_key(a, key) && requires_key(b, key) &&
        is_exclusive(root, property, *other, depth + 1))
      return true;
  }
  return false;
}

bool is_exclusive(const Json& root, const Json& a, const Json& b, int depth) {
  if (depth > kDeepest) return false;
  for (const auto* schema : {&a, &b}) {
    if (schema->is_boolean()) {
      if (!schema->get<bool>()) return true;
      return false;
    }
  }
  if ((declared_types(a) & declared_types(b)).bits() == 0) return true;
  if (a.contains("$ref"))
    return is_exclusive(root, *follow_schema_reference(root, a["$ref"].get<std::string>()), b, depth + 1);
  if (b.contains("$ref"))
    return is_exclusive(root, a, *follow_schema_reference(root, b["$ref"].get<std::string>()), depth + 1);
  const auto known_a = constants_of(a), known_b = constants_of(b);
  if (known_a && known_b) {
    const bool shared = std::any_of(known_a->begin(), known_a->end(), [&](const Json& value) {
      return std::any_of(known_b->begin(), known_b->end(),
                         [&](const Json& other) { return equal_json(value, other); });
    });
    if (!shared) return true;
  }
  const auto none_fits = [](const std::optional<Json>& constants, JsonTypes types) {
    return constants && std::none_of(constants->begin(), constants->end(),
                                     [&](const Json& value) { return types.has(type_of_json(value)); });
  };
  if (none_fits(known_a, declared_types(b)) || none_fits(known_b, declared_types(a))) return true;
  return is_told_by_a_key(root, a, b, depth);
}

}  // namespace

JsonType type_of_json(const Json& value) {
  if (value.is_null()) return JsonType::null;
  if (value.is_boolean()) return JsonType::boolean;
  if (value.is_number()) return is_json_integer(value) ? JsonType::integer : JsonType::fraction;
  if (value.is_string()) return JsonType::string;
  return value.is_array() ? JsonType::array : JsonType::object;
}

JsonTypes declared_types(const Json& schema) {
  if (schema.is_boolean()) return schema.get<bool>() ? JsonTypes::all() : JsonTypes::none();
  const auto found = schema.find("type");
  if (found == schema.end()) return JsonTypes::all();
  if (found->is_string()) return types_named(found->get<std::string>());
  JsonTypes types = JsonTypes::none();
  for (const Json& name : *found) types = types | types_named(name.get<std::string>());
  return types;
}

bool are_exclusive(const Json& root, const Json& schemas) {
  for (std::size_t i = 0; i < schemas.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (!is_exclusive(root, schemas[i], schemas[j], 0)) return false;
  return true;
}

}  // namespace fulcrum
