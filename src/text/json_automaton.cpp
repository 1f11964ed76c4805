#include "text/json_automaton.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "text/json_alternatives.h"
#include "text/json_schema.h"
#include "text/json_schema_reader.h"
#include "text/number_grammar.h"
#include "text/string_grammar.h"

namespace fulcrum {
namespace {

using Node = ByteGrammar::Node;

class JsonCompiler {
 public:
  explicit JsonCompiler(const Json& root) : root_(root), space_(grammar_.optional(grammar_.text(" "))) {}

  ByteAutomaton run() {
    const Node document = compile(root_, JsonTypes::all(), "");
    return ByteAutomaton(std::move(grammar_), document);
  }

 private:
  [[noreturn]] static void refuse(std::string_view keyword, const std::string& where) {
    throw_error(ErrorCode::unsupported,
                "compiling a JSON Schema: an answer cannot be held to the keyword \"{}\" at {} while it is "
                "written; leave it out and check the answer afterwards",
                keyword, where.empty() ? "the top" : where);
  }

  // Beside `keyword` only what says nothing of the value, or only its type, can be held.
  static void expect_alone(const Json& schema, std::string_view keyword, const std::string& where) {
    constexpr auto kBeside = std::to_array<std::string_view>(
        {"$comment", "$defs", "$id", "$schema", "default", "definitions", "deprecated", "description",
         "examples", "format", "readOnly", "title", "type", "writeOnly"});
    for (const auto& [name, value] : schema.items()) {
      if (name == keyword) continue;
      if (std::ranges::find(kBeside, name) == kBeside.end()) refuse(name, where);
    }
  }

  // The documents of the types that satisfy the schema. Known ones are not compiled again, which is also what
  // ends recursion.
  Node compile(const Json& schema, JsonTypes types, const std::string& where) {
    const auto [known, is_new] = known_.try_emplace({&schema, types.bits()}, 0);
    if (!is_new) return known->second;
    const Node node = grammar_.reserve();
    known->second = node;
    grammar_.define(node, compile_new(schema, types, where));
    return node;
  }

  Node compile_new(const Json& schema, JsonTypes types, const std::string& where) {
    if (schema.is_boolean())
      return schema.get<bool>() ? compile(anything_, types, where) : grammar_.choice({});
    types = types & declared_types(schema);
    if (schema.contains("enum") || schema.contains("const")) return constants(schema, types, where);
    if (const auto ref = schema.find("$ref"); ref != schema.end()) {
      expect_alone(schema, "$ref", where);
      const auto target = ref->get<std::string>();
      return compile(*follow_schema_reference(root_, target), types, target);
    }
    for (const char* keyword : {"anyOf", "oneOf", "allOf"}) {
      const auto found = schema.find(keyword);
      if (found == schema.end()) continue;
      expect_alone(schema, keyword, where);
      if (found->size() > 1 && keyword[0] == 'a' && keyword[1] == 'l') refuse(keyword, where);
      if (keyword[0] == 'o' && !are_exclusive(root_, *found)) refuse(keyword, where);
      std::vector<Node> alternatives;
      for (std::size_t i = 0; i < found->size(); ++i)
        alternatives.push_back(compile((*found)[i], types, fmt::format("{}/{}/{}", where, keyword, i)));
      return grammar_.choice(std::move(alternatives));
    }
    for (const char* keyword : {"not", "if", "then", "else"})
      if (schema.contains(keyword)) refuse(keyword, where);
    return by_type(schema, types, where);
  }

  Node by_type(const Json& schema, JsonTypes types, const std::string& where) {
    std::vector<Node> alternatives;
    if (types.has(JsonType::null)) alternatives.push_back(grammar_.text("null"));
    if (types.has(JsonType::boolean)) {
      alternatives.push_back(grammar_.text("true"));
      alternatives.push_back(grammar_.text("false"));
    }
    if (types.has(JsonType::integer)) {
      refuse_any(schema, {"multipleOf"}, where);
      alternatives.push_back(number_node(
          grammar_, schema, types.has(JsonType::fraction) ? NumberKind::number : NumberKind::integer, where));
    }
    if (types.has(JsonType::string)) {
      refuse_any(schema, {"pattern"}, where);
      alternatives.push_back(
          string_node(grammar_, count(schema, "minLength").value_or(0), count(schema, "maxLength")));
    }
    if (types.has(JsonType::array)) alternatives.push_back(array(schema, where));
    if (types.has(JsonType::object)) alternatives.push_back(object(schema, where));
    return grammar_.choice(std::move(alternatives));
  }

  static void refuse_any(const Json& schema, std::initializer_list<const char*> keywords,
                         const std::string& where) {
    for (const char* keyword : keywords)
      if (schema.contains(keyword)) refuse(keyword, where);
  }

  static std::optional<std::uint32_t> count(const Json& schema, const char* keyword) {
    const auto found = schema.find(keyword);
    if (found == schema.end()) return std::nullopt;
    // A bound above all texts that could ever be written.
    return static_cast<std::uint32_t>(std::min(found->get<double>(), 1e9));
  }

  // ---- Constants ----

  Node constants(const Json& schema, JsonTypes types, const std::string& where) {
    std::optional<JsonSchema> check;
    try {
      check = JsonSchema::parse(schema);
    } catch (const Error&) {
      refuse("$ref", where);  // what stands beside the constants refers to what is outside of it
    }
    const Json values = schema.contains("enum") ? schema["enum"] : Json::array({schema["const"]});
    std::vector<Node> alternatives;
    for (const Json& value : values) {
      if (types.has(type_of_json(value)) && check->accepts(value)) alternatives.push_back(constant(value));
    }
    return grammar_.choice(std::move(alternatives));
  }

  Node constant(const Json& value) {
    // 2.0 is spelled as the integer that it is.
    if (value.is_number_float() && is_json_integer(value) && std::abs(value.get<double>()) < 1e15)
      return grammar_.text(fmt::format("{:.0f}", value.get<double>() + 0.0));
    if (!value.is_structured()) return grammar_.text(to_line(value));
    std::vector<Node> parts = {grammar_.text(value.is_array() ? "[" : "{"), space_};
    bool first = true;
    for (const auto& [key, member] : value.items()) {
      if (!std::exchange(first, false)) parts.push_back(comma());
      if (value.is_object()) parts.push_back(colon_behind(key));
      parts.push_back(constant(member));
    }
    parts.push_back(space_);
    parts.push_back(grammar_.text(value.is_array() ? "]" : "}"));
    return grammar_.sequence(std::move(parts));
  }

  Node comma() { return grammar_.sequence({grammar_.text(","), space_}); }
  Node colon_behind(std::string_view key) {
    return grammar_.sequence({grammar_.text(to_line(Json(key)) + ":"), space_});
  }

  // ---- Arrays ----

  Node array(const Json& schema, const std::string& where) {
    refuse_any(schema, {"contains"}, where);
    if (schema.value("uniqueItems", false)) refuse("uniqueItems", where);
    const std::uint32_t least = count(schema, "minItems").value_or(0);
    const std::optional<std::uint32_t> most = count(schema, "maxItems");
    const auto rest_schema = schema.find("items");
    const Json no_prefix = Json::array();
    const auto prefix = schema.find("prefixItems");
    const std::size_t places = prefix == schema.end() ? 0 : prefix->size();
    const Node rest = rest_schema == schema.end() ? compile(anything_, JsonTypes::all(), where)
                                                  : compile(*rest_schema, JsonTypes::all(), where + "/items");
    const Node next = grammar_.sequence({comma(), rest});
    const auto minus = [](std::uint32_t count, std::size_t taken) {
      return count > taken ? count - static_cast<std::uint32_t>(taken) : 0;
    };
    // What may stand behind `taken` items, from the last place to the first.
    const auto may_go_on = [&](std::size_t taken) { return !most || taken < *most; };
    const std::size_t alone = std::max<std::size_t>(places, 1);
    Node behind =
        grammar_.repeat(next, minus(least, alone), most ? std::optional(minus(*most, alone)) : std::nullopt);
    for (std::size_t taken = alone; taken-- > 0;) {
      const Node item = taken < places ? compile((*prefix)[taken], JsonTypes::all(),
                                                 fmt::format("{}/prefixItems/{}", where, taken))
                                       : rest;
      std::vector<Node> alternatives;
      if (taken >= least) alternatives.push_back(grammar_.text(""));
      if (may_go_on(taken))
        alternatives.push_back(taken == 0 ? grammar_.sequence({item, behind})
                                          : grammar_.sequence({comma(), item, behind}));
      behind = grammar_.choice(std::move(alternatives));
    }
    return grammar_.sequence({grammar_.text("["), space_, behind, space_, grammar_.text("]")});
  }

  // ---- Objects ----

  struct Member {
    std::string key;
    Node node;  // key, colon and value
    enum class Presence { optional, required } presence;
  };

  std::vector<Member> members_of(const Json& schema, Node other_value, const std::string& where) {
    std::vector<std::string> required;
    if (const auto found = schema.find("required"); found != schema.end())
      required = found->get<std::vector<std::string>>();
    std::vector<Member> members;
    const auto add = [&](const std::string& key, Node value) {
      const bool must = std::ranges::find(required, key) != required.end();
      members.push_back({key, grammar_.sequence({colon_behind(key), value}),
                         must ? Member::Presence::required : Member::Presence::optional});
    };
    if (const auto found = schema.find("properties"); found != schema.end()) {
      for (const auto& [key, property] : found->items())
        add(key, compile(property, JsonTypes::all(), where + "/properties/" + escape_json_pointer(key)));
    }
    for (const std::string& key : required) {
      const auto is_it = [&](const Member& member) { return member.key == key; };
      if (std::ranges::none_of(members, is_it)) add(key, other_value);
    }
    return members;
  }

  Node object(const Json& schema, const std::string& where) {
    refuse_any(schema,
               {"patternProperties", "propertyNames", "minProperties", "maxProperties", "dependentRequired",
                "dependentSchemas"},
               where);
    const auto found = schema.find("additionalProperties");
    const Node other_value = found == schema.end()
                                 ? compile(anything_, JsonTypes::all(), where)
                                 : compile(*found, JsonTypes::all(), where + "/additionalProperties");
    const std::vector<Member> members = members_of(schema, other_value, where);
    std::vector<std::string> names;
    for (const Member& member : members) names.push_back(member.key);
    const Node other =
        grammar_.sequence({other_key_node(grammar_, names), grammar_.text(":"), space_, other_value});

    // What may follow the members up to a place, with a comma where one stands before; from the last place to
    // the first.
    Node behind_some = grammar_.repeat(grammar_.sequence({comma(), other}), 0, std::nullopt);
    Node behind_none = grammar_.optional(grammar_.sequence({other, behind_some}));
    for (auto member = members.rbegin(); member != members.rend(); ++member) {
      std::vector<Node> first = {grammar_.sequence({member->node, behind_some})};
      std::vector<Node> further = {grammar_.sequence({comma(), member->node, behind_some})};
      if (member->presence == Member::Presence::optional) {
        first.push_back(behind_none);
        further.push_back(behind_some);
      }
      behind_none = grammar_.choice(std::move(first));
      behind_some = grammar_.choice(std::move(further));
    }
    return grammar_.sequence({grammar_.text("{"), space_, behind_none, space_, grammar_.text("}")});
  }

  const Json& root_;
  const Json anything_ = Json::object();
  ByteGrammar grammar_;
  Node space_;
  std::map<std::pair<const Json*, unsigned>, Node> known_;
};

}  // namespace

ByteAutomaton json_automaton(const Json& schema) {
  JsonSchema::parse(schema);  // nothing below is of the wrong kind or refers to nowhere
  return JsonCompiler(schema).run();
}

Json any_object_schema() {
  return {{"type", "object"}};
}

}  // namespace fulcrum
