#include "text/json_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "base/unicode.h"

namespace fulcrum {
namespace {

constexpr int kDeepest = 100;  // of schemas within each other, in the document and while checking

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

std::string escape_pointer(std::string_view key) {
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

std::string_view type_of(const Json& value) {
  if (value.is_null()) return "null";
  if (value.is_boolean()) return "boolean";
  if (value.is_object()) return "object";
  if (value.is_array()) return "array";
  return value.is_string() ? "string" : "number";
}

bool is_integer(const Json& value) {
  if (value.is_number_integer()) return true;
  return value.is_number_float() && std::isfinite(value.get<double>()) &&
         std::floor(value.get<double>()) == value.get<double>();
}

bool is_count(const Json& value) {
  return value.is_number() && is_integer(value) && value.get<double>() >= 0;
}

bool is_type(const Json& value, std::string_view type) {
  return type == "integer" ? is_integer(value) : type == type_of(value);
}

std::size_t length_of(std::string_view text) {
  std::size_t length = 0;
  for (std::size_t at = 0; at < text.size(); ++length) decode_utf8(text, at);
  return length;
}

bool is_multiple(double value, double of) {
  const double quotient = value / of;
  if (!std::isfinite(quotient)) return false;
  // Decimal fractions are not exact in binary: 0.0075 is a multiple of 0.0001.
  return std::abs(quotient - std::nearbyint(quotient)) <= 1e-9 * std::max(1.0, std::abs(quotient));
}

// The value in a few words for a message.
std::string excerpt(const Json& value) {
  std::string text = to_line(value);
  if (text.size() > 60) text = text.substr(0, complete_utf8_prefix(text.substr(0, 60))) + "...";
  return text;
}

const Json* follow(const Json& root, std::string_view reference) {
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

using Patterns = std::map<std::string, RegularExpression>;

// Refuses what is not supported before anything is checked.
class SchemaReader {
 public:
  SchemaReader(const Json& root, Patterns& patterns) : root_(root), patterns_(patterns) {}

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
      read_keyword(found->shape, value, where + "/" + escape_pointer(name), name, depth);
    }
  }

 private:
  [[noreturn]] static void fail(const std::string& where, std::string_view expected, const Json& found) {
    throw_error(ErrorCode::invalid_argument, "reading a JSON Schema: expected {} at {}, found {}", expected,
                where.empty() ? "the top" : where, excerpt(found));
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
          read(schema, where + "/" + escape_pointer(key), depth + 1);
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
                      excerpt(value), where);
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
        const Json* target = follow(root_, reference);
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
  Patterns& patterns_;
  std::set<const Json*> seen_;
};

class Checker {
 public:
  Checker(const Json& root, const Patterns& patterns) : root_(root), patterns_(patterns) {}

  std::vector<SchemaProblem> run(const Json& value) {
    check(root_, value, "");
    return std::move(problems_);
  }

 private:
  void add(const std::string& where, std::string what) { problems_.push_back({where, std::move(what)}); }

  bool fits(const Json& schema, const Json& value, const std::string& where) {
    std::vector<SchemaProblem> outer = std::exchange(problems_, {});
    check(schema, value, where);
    return std::exchange(problems_, std::move(outer)).empty();
  }

  void check(const Json& schema, const Json& value, const std::string& where) {
    if (schema.is_boolean()) {
      if (!schema.get<bool>()) add(where, "nothing is allowed here");
      return;
    }
    if (depth_ > kDeepest * 4)
      throw_error(ErrorCode::too_large, "checking against a JSON Schema: it nests deeper than {}",
                  kDeepest * 4);
    ++depth_;
    if (const auto ref = schema.find("$ref"); ref != schema.end()) {
      check(*follow(root_, ref->get_ref<const std::string&>()), value, where);
    }
    check_any(schema, value, where);
    check_combined(schema, value, where);
    if (value.is_number()) check_number(schema, value, where);
    if (value.is_string()) check_string(schema, value.get_ref<const std::string&>(), where);
    if (value.is_array()) check_array(schema, value, where);
    if (value.is_object()) check_object(schema, value, where);
    --depth_;
  }

  void check_any(const Json& schema, const Json& value, const std::string& where) {
    if (const auto type = schema.find("type"); type != schema.end()) {
      const Json list = type->is_string() ? Json::array({*type}) : *type;
      const bool right = std::any_of(list.begin(), list.end(),
                                     [&](const Json& t) { return is_type(value, t.get<std::string>()); });
      if (!right)
        add(where, fmt::format("expected {}, found {} ({})", excerpt(*type), type_of(value), excerpt(value)));
    }
    if (const auto list = schema.find("enum"); list != schema.end()) {
      const bool right =
          std::any_of(list->begin(), list->end(), [&](const Json& item) { return equal_json(item, value); });
      if (!right) add(where, fmt::format("expected one of {}, found {}", excerpt(*list), excerpt(value)));
    }
    if (const auto constant = schema.find("const");
        constant != schema.end() && !equal_json(*constant, value)) {
      add(where, fmt::format("expected {}, found {}", excerpt(*constant), excerpt(value)));
    }
  }

  void check_combined(const Json& schema, const Json& value, const std::string& where) {
    if (const auto all = schema.find("allOf"); all != schema.end()) {
      for (const Json& part : *all) check(part, value, where);
    }
    const auto count_fitting = [&](const Json& list) {
      return std::count_if(list.begin(), list.end(),
                           [&](const Json& part) { return fits(part, value, where); });
    };
    if (const auto any = schema.find("anyOf"); any != schema.end() && count_fitting(*any) == 0) {
      add(where, "fits none of \"anyOf\"");
    }
    if (const auto one = schema.find("oneOf"); one != schema.end()) {
      const auto count = count_fitting(*one);
      if (count != 1) add(where, fmt::format("fits {} of \"oneOf\", expected exactly one", count));
    }
    if (const auto no = schema.find("not"); no != schema.end() && fits(*no, value, where))
      add(where, "fits what \"not\" excludes");
    if (const auto condition = schema.find("if"); condition != schema.end()) {
      const auto branch = schema.find(fits(*condition, value, where) ? "then" : "else");
      if (branch != schema.end()) check(*branch, value, where);
    }
  }

  // Holds `measure` of the value against a lower and an upper bound.
  void check_bounds(const Json& schema, const char* least, const char* most, std::size_t measure,
                    std::string_view unit, const std::string& where) {
    if (const auto bound = schema.find(least);
        bound != schema.end() && static_cast<double>(measure) < bound->get<double>()) {
      add(where, fmt::format("expected at least {} {}, found {}", excerpt(*bound), unit, measure));
    }
    if (const auto bound = schema.find(most);
        bound != schema.end() && static_cast<double>(measure) > bound->get<double>()) {
      add(where, fmt::format("expected at most {} {}, found {}", excerpt(*bound), unit, measure));
    }
  }

  void check_number(const Json& schema, const Json& value, const std::string& where) {
    const auto hold = [&](const char* keyword, std::string_view words, auto compare) {
      const auto bound = schema.find(keyword);
      if (bound != schema.end() && !compare(value, *bound)) {
        add(where, fmt::format("expected {} {}, found {}", words, excerpt(*bound), excerpt(value)));
      }
    };
    hold("minimum", "at least", [](const Json& a, const Json& b) { return a >= b; });
    hold("maximum", "at most", [](const Json& a, const Json& b) { return a <= b; });
    hold("exclusiveMinimum", "more than", [](const Json& a, const Json& b) { return a > b; });
    hold("exclusiveMaximum", "less than", [](const Json& a, const Json& b) { return a < b; });
    hold("multipleOf", "a multiple of", [](const Json& a, const Json& b) {
      if (a.is_number_integer() && b.is_number_integer())
        return a.get<std::int64_t>() % b.get<std::int64_t>() == 0;
      return is_multiple(a.get<double>(), b.get<double>());
    });
  }

  void check_string(const Json& schema, const std::string& text, const std::string& where) {
    check_bounds(schema, "minLength", "maxLength", length_of(text), "characters", where);
    if (const auto pattern = schema.find("pattern"); pattern != schema.end()) {
      const auto& expression = pattern->get_ref<const std::string&>();
      if (!patterns_.at(expression).search(text))
        add(where, fmt::format("does not match the pattern \"{}\"", expression));
    }
  }

  void check_array(const Json& schema, const Json& value, const std::string& where) {
    check_bounds(schema, "minItems", "maxItems", value.size(), "items", where);
    const auto prefix = schema.find("prefixItems");
    const std::size_t prefix_size = prefix == schema.end() ? 0 : prefix->size();
    const auto items = schema.find("items");
    for (std::size_t i = 0; i < value.size(); ++i) {
      const std::string place = fmt::format("{}/{}", where, i);
      if (i < prefix_size) {
        check((*prefix)[i], value[i], place);
      } else if (items != schema.end()) {
        check(*items, value[i], place);
      }
    }
    if (schema.value("uniqueItems", false)) {
      for (std::size_t i = 0; i < value.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
          if (equal_json(value[i], value[j]))
            return add(where, fmt::format("items {} and {} are the same", j, i));
        }
      }
    }
    if (const auto wanted = schema.find("contains"); wanted != schema.end()) {
      const auto count = std::count_if(value.begin(), value.end(),
                                       [&](const Json& item) { return fits(*wanted, item, where); });
      const double least = schema.contains("minContains") ? schema["minContains"].get<double>() : 1;
      const auto most = schema.find("maxContains");
      if (static_cast<double>(count) < least ||
          (most != schema.end() && static_cast<double>(count) > most->get<double>())) {
        add(where, fmt::format("{} items fit \"contains\", which is not the number asked for", count));
      }
    }
  }

  void check_object(const Json& schema, const Json& value, const std::string& where) {
    check_bounds(schema, "minProperties", "maxProperties", value.size(), "keys", where);
    const auto require = [&](const Json& names, std::string_view why) {
      for (const Json& name : names) {
        const auto& key = name.get_ref<const std::string&>();
        if (!value.contains(key)) add(where, fmt::format("the key \"{}\" is missing{}", key, why));
      }
    };
    if (const auto names = schema.find("required"); names != schema.end()) require(*names, "");
    if (const auto dependent = schema.find("dependentRequired"); dependent != schema.end()) {
      for (const auto& [key, names] : dependent->items()) {
        if (value.contains(key)) require(names, fmt::format(", which \"{}\" asks for", key));
      }
    }
    if (const auto dependent = schema.find("dependentSchemas"); dependent != schema.end()) {
      for (const auto& [key, part] : dependent->items()) {
        if (value.contains(key)) check(part, value, where);
      }
    }
    for (const auto& [key, item] : value.items()) check_property(schema, key, item, where);
  }

  void check_property(const Json& schema, const std::string& key, const Json& item,
                      const std::string& where) {
    const std::string place = where + "/" + escape_pointer(key);
    bool known = false;
    if (const auto names = schema.find("propertyNames"); names != schema.end())
      check(*names, Json(key), place);
    if (const auto properties = schema.find("properties");
        properties != schema.end() && properties->contains(key)) {
      known = true;
      check((*properties)[key], item, place);
    }
    if (const auto patterns = schema.find("patternProperties"); patterns != schema.end()) {
      for (const auto& [pattern, part] : patterns->items()) {
        if (!patterns_.at(pattern).search(key)) continue;
        known = true;
        check(part, item, place);
      }
    }
    const auto additional = schema.find("additionalProperties");
    if (known || additional == schema.end()) return;
    if (additional->is_boolean() && !additional->get<bool>()) {
      add(place, fmt::format("the key \"{}\" is not allowed", key));
    } else {
      check(*additional, item, place);
    }
  }

  const Json& root_;
  const Patterns& patterns_;
  std::vector<SchemaProblem> problems_;
  int depth_ = 0;
};

}  // namespace

struct JsonSchema::State {
  Json schema;
  Patterns patterns;
};

JsonSchema JsonSchema::parse(const Json& schema) {
  auto state = std::make_shared<State>();
  state->schema = schema;
  SchemaReader(state->schema, state->patterns).read(state->schema, "", 0);
  JsonSchema result;
  result.state_ = std::move(state);
  return result;
}

std::vector<SchemaProblem> JsonSchema::problems(const Json& value) const {
  return Checker(state_->schema, state_->patterns).run(value);
}

const Json& JsonSchema::json() const {
  return state_->schema;
}

bool equal_json(const Json& a, const Json& b) {
  if (a.is_array() && b.is_array()) return std::equal(a.begin(), a.end(), b.begin(), b.end(), equal_json);
  if (a.is_object() && b.is_object()) {
    if (a.size() != b.size()) return false;
    for (const auto& [key, value] : a.items()) {
      if (!b.contains(key) || !equal_json(value, b[key])) return false;
    }
    return true;
  }
  return a == b;
}

}  // namespace fulcrum
