#include "text/json_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/json.h"
#include "base/unicode.h"
#include "text/json_schema_reader.h"

namespace fulcrum {
namespace {

constexpr int kDeepest = 400;  // schemas within each other while checking, references followed

std::string_view type_of(const Json& value) {
  if (value.is_null()) return "null";
  if (value.is_boolean()) return "boolean";
  if (value.is_object()) return "object";
  if (value.is_array()) return "array";
  return value.is_string() ? "string" : "number";
}

bool is_type(const Json& value, std::string_view type) {
  return type == "integer" ? is_json_integer(value) : type == type_of(value);
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

class Checker {
 public:
  Checker(const Json& root, const SchemaPatterns& patterns) : root_(root), patterns_(patterns) {}

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
    if (depth_ > kDeepest)
      throw_error(ErrorCode::too_large, "checking against a JSON Schema: it nests deeper than {}", kDeepest);
    ++depth_;
    if (const auto ref = schema.find("$ref"); ref != schema.end()) {
      check(*follow_schema_reference(root_, ref->get_ref<const std::string&>()), value, where);
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
        add(where, fmt::format("expected {}, found {} ({})", excerpt_json(*type), type_of(value),
                               excerpt_json(value)));
    }
    if (const auto list = schema.find("enum"); list != schema.end()) {
      const bool right =
          std::any_of(list->begin(), list->end(), [&](const Json& item) { return equal_json(item, value); });
      if (!right)
        add(where, fmt::format("expected one of {}, found {}", excerpt_json(*list), excerpt_json(value)));
    }
    if (const auto constant = schema.find("const");
        constant != schema.end() && !equal_json(*constant, value)) {
      add(where, fmt::format("expected {}, found {}", excerpt_json(*constant), excerpt_json(value)));
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
      add(where, fmt::format("expected at least {} {}, found {}", excerpt_json(*bound), unit, measure));
    }
    if (const auto bound = schema.find(most);
        bound != schema.end() && static_cast<double>(measure) > bound->get<double>()) {
      add(where, fmt::format("expected at most {} {}, found {}", excerpt_json(*bound), unit, measure));
    }
  }

  void check_number(const Json& schema, const Json& value, const std::string& where) {
    const auto hold = [&](const char* keyword, std::string_view words, auto compare) {
      const auto bound = schema.find(keyword);
      if (bound != schema.end() && !compare(value, *bound)) {
        add(where, fmt::format("expected {} {}, found {}", words, excerpt_json(*bound), excerpt_json(value)));
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
    const std::string place = where + "/" + escape_json_pointer(key);
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
  const SchemaPatterns& patterns_;
  std::vector<SchemaProblem> problems_;
  int depth_ = 0;
};

}  // namespace

struct JsonSchema::State {
  Json schema;
  SchemaPatterns patterns;
};

JsonSchema JsonSchema::parse(const Json& schema) {
  auto state = std::make_shared<State>();
  state->schema = schema;
  read_json_schema(state->schema, state->patterns);
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
