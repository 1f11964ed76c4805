#include "text/json_schema_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "base/unicode.h"

namespace fulcrum {
namespace {

constexpr int kDeepest = 100;  // schemas within each other

// What a keyword must hold.
enum class Shape {
  schema,
  schemas,
  named_schemas,
  number,
  count,
  boolean,
  dialect,
  pattern,
  strings,
  named_strings,
  type,
  array,
  reference,
  any
};

struct Keyword {
  std::string_view name;
  Shape shape;
};

constexpr std::array kKeywords = std::to_array<Keyword>({
    {"$comment", Shape::any},
    {"$defs", Shape::named_schemas},
    {"$ref", Shape::reference},
    {"$schema", Shape::dialect},
    {"additionalProperties", Shape::schema},
    {"allOf", Shape::schemas},
    {"anyOf", Shape::schemas},
    {"const", Shape::any},
    {"contains", Shape::schema},
    {"default", Shape::any},
    {"definitions", Shape::named_schemas},
    {"dependentRequired", Shape::named_strings},
    {"dependentSchemas", Shape::named_schemas},
    {"deprecated", Shape::any},
    {"description", Shape::any},
    {"else", Shape::schema},
    {"enum", Shape::array},
    {"examples", Shape::any},
    {"exclusiveMaximum", Shape::number},
    {"exclusiveMinimum", Shape::number},
    {"format", Shape::any},
    {"if", Shape::schema},
    {"items", Shape::schema},
    {"maxContains", Shape::count},
    {"maxItems", Shape::count},
    {"maxLength", Shape::count},
    {"maxProperties", Shape::count},
    {"maximum", Shape::number},
    {"minContains", Shape::count},
    {"minItems", Shape::count},
    {"minLength", Shape::count},
    {"minProperties", Shape::count},
    {"minimum", Shape::number},
    {"multipleOf", Shape::number},
    {"not", Shape::schema},
    {"oneOf", Shape::schemas},
    {"pattern", Shape::pattern},
    {"patternProperties", Shape::named_schemas},
    {"prefixItems", Shape::schemas},
    {"properties", Shape::named_schemas},
    {"propertyNames", Shape::schema},
    {"readOnly", Shape::any},
    {"required", Shape::strings},
    {"then", Shape::schema},
    {"title", Shape::any},
    {"type", Shape::type},
    {"uniqueItems", Shape::boolean},
    {"writeOnly", Shape::any},
});

constexpr std::array<std::string_view, 7> kTypes = {"null",   "boolean", "object", "array",
                                                    "number", "string",  "integer"};

bool is_count(const Json& value) {
  return value.is_number() && is_json_integer(value) && value.get<double>() >= 0;
}

// Refuses what is not supported before anything is checked.
class SchemaReader {
 public:
  SchemaReader(const Json& root, SchemaPatterns& patterns) : root_(root), patterns_(patterns) {}

  void read(const Json& schema, const std::string& where, int depth) {
    if (depth > kDeepest)
      throw_error(ErrorCode::too_large, "reading a JSON Schema: it nests deeper than {} at {}", kDeepest,
                  where);
    if (!seen_.insert(&schema).second) return;
    if (schema.is_boolean()) return;
    if (!schema.is_object()) fail(where, "an object or a truth value", schema);
    for (const auto& [name, value] : schema.items()) {
      const auto found = std::find_if(kKeywords.begin(), kKeywords.end(),
                                      [&key = name](const Keyword& k) { return k.name == key; });
      // $id moves the base of references; at the root nothing stands outside of it.
      if (found == kKeywords.end() && name == "$id" && &schema == &root_) continue;
      if (found == kKeywords.end()) refuse(name, where);
      read_keyword(found->shape, value, where + "/" + escape_json_pointer(name), name, depth);
    }
  }

 private:
  [[noreturn]] static void fail(const std::string& where, std::string_view expected, const Json& found) {
    throw_error(ErrorCode::invalid_argument, "reading a JSON Schema: expected {} at {}, found {}", expected,
                where.empty() ? "the top" : where, excerpt_json(found));
  }

  [[noreturn]] static void refuse(const std::string& name, const std::string& where) {
    std::string names;
    for (const Keyword& keyword : kKeywords) names += (names.empty() ? "" : ", ") + std::string(keyword.name);
    throw_error(ErrorCode::unsupported,
                "reading a JSON Schema: the keyword \"{}\" at {} is not supported; supported are {}", name,
                where.empty() ? "the top" : where, names);
  }

  void read_pattern(const std::string& pattern) {
    patterns_.try_emplace(pattern, pattern, RegularExpression::Dialect::ecma);
  }

  void read_keyword(Shape shape, const Json& value, const std::string& where, std::string_view name,
                    int depth) {
    const auto are_strings = [](const Json& list) {
      return list.is_array() &&
             std::all_of(list.begin(), list.end(), [](const Json& item) { return item.is_string(); });
    };
    switch (shape) {
      case Shape::schema:
        return read(value, where, depth + 1);
      case Shape::schemas:
        if (!value.is_array() || value.empty()) fail(where, "a list of schemas", value);
        for (std::size_t i = 0; i < value.size(); ++i)
          read(value[i], fmt::format("{}/{}", where, i), depth + 1);
        return;
      case Shape::named_schemas:
        if (!value.is_object()) fail(where, "an object of schemas", value);
        for (const auto& [key, schema] : value.items()) {
          if (name == "patternProperties") read_pattern(key);
          read(schema, where + "/" + escape_json_pointer(key), depth + 1);
        }
        return;
      case Shape::number:
        if (!value.is_number() || (name == "multipleOf" && value.get<double>() <= 0))
          fail(where, "a number", value);
        return;
      case Shape::count:
        if (!is_count(value)) fail(where, "a whole number that is not negative", value);
        return;
      case Shape::boolean:
        if (!value.is_boolean()) fail(where, "true or false", value);
        return;
      case Shape::dialect: {
        const std::string dialect = value.is_string() ? value.get<std::string>() : "";
        if (!dialect.starts_with("https://json-schema.org/") &&
            !dialect.starts_with("http://json-schema.org/")) {
          throw_error(ErrorCode::unsupported, "reading a JSON Schema: the dialect {} at {} is not supported",
                      excerpt_json(value), where);
        }
        return;
      }
      case Shape::pattern:
        if (!value.is_string()) fail(where, "a regular expression", value);
        return read_pattern(value.get<std::string>());
      case Shape::strings:
        if (!are_strings(value)) fail(where, "a list of strings", value);
        return;
      case Shape::named_strings:
        if (!value.is_object() || !std::all_of(value.begin(), value.end(), are_strings))
          fail(where, "an object of lists of strings", value);
        return;
      case Shape::type: {
        const Json list = value.is_string() ? Json::array({value}) : value;
        const bool known =
            are_strings(list) && std::all_of(list.begin(), list.end(), [](const Json& type) {
              return std::find(kTypes.begin(), kTypes.end(), type.get<std::string>()) != kTypes.end();
            });
        if (!known) fail(where, "a type or a list of types", value);
        return;
      }
      case Shape::array:
        if (!value.is_array()) fail(where, "a list", value);
        return;
      case Shape::reference: {
        if (!value.is_string()) fail(where, "a reference", value);
        const auto reference = value.get<std::string>();
        const Json* target = follow_schema_reference(root_, reference);
        if (target == nullptr && !reference.starts_with("#/") && reference != "#") {
          throw_error(ErrorCode::unsupported,
                      "reading a JSON Schema: the reference \"{}\" at {} is not supported, only \"#/...\" is",
                      reference, where);
        }
        if (target == nullptr) fail(where, "a reference to a part of the schema", value);
        return read(*target, reference, depth + 1);
      }
      case Shape::any:
        return;
    }
  }

  const Json& root_;
  SchemaPatterns& patterns_;
  std::set<const Json*> seen_;
};

}  // namespace

void read_json_schema(const Json& schema, SchemaPatterns& patterns) {
  SchemaReader(schema, patterns).read(schema, "", 0);
}

const Json* follow_schema_reference(const Json& root, std::string_view reference) {
  if (reference.empty() || reference[0] != '#') return nullptr;
  const Json* at = &root;
  for (std::size_t begin = 1; begin < reference.size();) {
    if (reference[begin] != '/') return nullptr;
    const std::size_t end = std::min(reference.find('/', begin + 1), reference.size());
    std::string key;
    for (std::size_t i = begin + 1; i < end; ++i) {
      const char c = reference[i];
      if (c == '~' && i + 1 < end) {
        key += reference[++i] == '1' ? '/' : '~';
      } else if (c == '%' && i + 2 < end) {
        key += static_cast<char>(std::strtol(std::string(reference.substr(i + 1, 2)).c_str(), nullptr, 16));
        i += 2;
      } else {
        key += c;
      }
    }
    if (at->is_object() && at->contains(key)) {
      at = &(*at)[key];
    } else if (at->is_array() && !key.empty() && key.size() < 9 &&
               key.find_first_not_of("0123456789") == std::string::npos && std::stoul(key) < at->size()) {
      at = &(*at)[std::stoul(key)];
    } else {
      return nullptr;
    }
    begin = end;
  }
  return at;
}

std::string escape_json_pointer(std::string_view key) {
  std::string escaped;
  for (char c : key) {
    if (c == '~') {
      escaped += "~0";
    } else if (c == '/') {
      escaped += "~1";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

// The value in a few words for a message.
std::string excerpt_json(const Json& value) {
  std::string text = to_line(value);
  if (text.size() > 60) text = text.substr(0, complete_utf8_prefix(text.substr(0, 60))) + "...";
  return text;
}

bool is_json_integer(const Json& value) {
  if (value.is_number_integer()) return true;
  return value.is_number_float() && std::isfinite(value.get<double>()) &&
         std::floor(value.get<double>()) == value.get<double>();
}

}  // namespace fulcrum
