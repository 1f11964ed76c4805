#include "text/json_automaton.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/random.h"
#include "text/json_schema.h"

namespace fulcrum {
namespace {

const Path kData = Path(FULCRUM_SHARED_DIR) / "data";

bool takes(ByteAutomaton& automaton, std::string_view document) {
  const auto state = automaton.advance(automaton.start(), document);
  return state && automaton.accepts(*state);
}

ByteAutomaton compile(std::string_view schema) {
  return json_automaton(parse_json(schema, "schema"));
}

// ---- The spellings of a value: every order of the keys, up to a bound. ----

constexpr std::size_t kMostSpellings = 800;

// Empty if the value has no spelling here: numbers that are too large or too long.
std::vector<std::string> spellings(const Json& value) {
  if (value.is_number()) {
    const double number = value.get<double>();
    if (std::abs(number) >= 1e15) return {};
    if (std::floor(number) == number) return {fmt::format("{:.0f}", number + 0.0)};
    return {to_line(value)};
  }
  if (!value.is_structured()) return {to_line(value)};
  std::vector<std::string> keys;
  for (const auto& [key, member] : value.items()) keys.push_back(key);
  if (value.is_object()) std::ranges::sort(keys);
  std::vector<std::string> all;
  do {
    std::vector<std::string> partial = {value.is_array() ? "[" : "{"};
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const Json& member = value.is_array() ? value[i] : value[keys[i]];
      std::vector<std::string> longer;
      for (const std::string& beginning : partial) {
        for (const std::string& spelled : spellings(member)) {
          if (longer.size() >= kMostSpellings) break;
          longer.push_back(beginning + (i > 0 ? ", " : "") +
                           (value.is_object() ? to_line(Json(keys[i])) + ": " : "") + spelled);
        }
      }
      partial = std::move(longer);
    }
    for (std::string& text : partial) all.push_back(text + (value.is_array() ? "]" : "}"));
  } while (value.is_object() && all.size() < kMostSpellings && std::ranges::next_permutation(keys).found);
  return all;
}

TEST(JsonAutomaton, agrees_with_the_official_suite_on_every_schema_it_takes) {
  const Path suite = kData / "json-schema-suite/tests/draft2020-12";
  if (!std::filesystem::exists(suite)) GTEST_SKIP() << suite.string() << " is not on this machine";
  int schemas = 0, refused = 0, taken = 0, rejected = 0, without_spelling = 0;
  std::map<std::string, int> by_keyword;
  for (const auto& entry : std::filesystem::directory_iterator(suite)) {
    if (!entry.is_regular_file() || entry.path().extension() != ".json") continue;
    for (const Json& group : read_json(entry.path())) {
      std::optional<ByteAutomaton> automaton;
      try {
        automaton.emplace(json_automaton(group["schema"]));
      } catch (const Error& error) {
        const bool nothing_fits =
            std::ranges::none_of(group["tests"], [](const Json& test) { return test["valid"].get<bool>(); });
        EXPECT_TRUE(error.code() == ErrorCode::unsupported ||
                    (error.code() == ErrorCode::invalid_argument && nothing_fits))
            << entry.path() << ": " << group["description"] << ": " << error.what();
        ++refused;
        continue;
      }
      ++schemas;
      ++by_keyword[entry.path().stem().string()];
      for (const Json& test : group["tests"]) {
        const std::vector<std::string> texts = spellings(test["data"]);
        if (texts.empty()) {
          ++without_spelling;
          continue;
        }
        const bool fits =
            std::ranges::any_of(texts, [&](const std::string& text) { return takes(*automaton, text); });
        EXPECT_EQ(fits, test["valid"].get<bool>()) << entry.path().filename() << ": " << group["description"]
                                                   << ": " << test["description"] << ": " << texts.front();
        ++(fits ? taken : rejected);
      }
    }
  }
  RecordProperty("schemas", schemas);
  RecordProperty("refused", refused);
  RecordProperty("taken", taken);
  RecordProperty("rejected", rejected);
  RecordProperty("without_spelling", without_spelling);
  EXPECT_GT(schemas, 130);
  EXPECT_GT(taken, 300);
  EXPECT_GT(rejected, 180);
  for (const char* keyword :
       {"type", "enum", "const", "properties", "required", "additionalProperties", "items", "prefixItems",
        "minimum", "exclusiveMaximum", "maxLength", "minItems", "anyOf", "ref"})
    EXPECT_GT(by_keyword[keyword], 0) << keyword;
}

TEST(JsonAutomaton, agrees_with_the_golden_grammars) {
  const Path file = kData / "grammar-golden/cases.json";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << file.string() << " is not on this machine";
  int schemas = 0, strings = 0;
  const Json golden = read_json(file);
  for (const Json& each : golden["cases"]) {
    if (each["kind"] != "json_schema") continue;
    const auto name = each["name"].get<std::string>();
    std::optional<ByteAutomaton> automaton;
    try {
      automaton.emplace(compile(each["spec"].get<std::string>()));
    } catch (const Error& error) {
      // Draft 4's list of items, a format and a pattern are not held; uniqueItems is not held either.
      EXPECT_TRUE(name == "exotic formats (list)" || name == "pattern with escapes" ||
                  name == "required props")
          << name << ": " << error.what();
      continue;
    }
    ++schemas;
    const JsonSchema schema = JsonSchema::parse(parse_json(each["spec"].get<std::string>(), "schema"));
    for (const Json& text : each["pass"]) {
      // These schemas name no type, or keys for which more than is written here would do.
      EXPECT_TRUE(takes(*automaton, text.get<std::string>())) << name << ": " << text;
      ++strings;
    }
    for (const Json& text : each["fail"]) {
      // Grammars there allow only the keys and types that a schema mentions; what the standard allows is
      // taken.
      bool valid = false;
      try {
        valid = schema.accepts(parse_json(text.get<std::string>(), "document"));
      } catch (const Error&) {
      }
      EXPECT_TRUE(valid || !takes(*automaton, text.get<std::string>())) << name << ": " << text;
      ++strings;
    }
  }
  EXPECT_GE(schemas, 13);
  EXPECT_GT(strings, 90);
}

// ---- Walks: whatever the automaton writes is a document of the schema. ----

const char* const kSchemas[] = {
    R"({})",
    R"({"type": "object"})",
    R"({"type": "object", "properties": {"order": {"type": ["string", "null"]}, "count": {"type": "integer"},
        "price": {"type": "number", "exclusiveMinimum": 0, "maximum": 12.75}, "ok": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string", "maxLength": 4}, "minItems": 1, "maxItems": 3}},
        "required": ["order", "price", "tags"], "additionalProperties": false})",
    R"({"$defs": {"tree": {"type": "object", "properties": {"name": {"type": "string", "minLength": 2},
        "children": {"type": "array", "items": {"$ref": "#/$defs/tree"}}}, "required": ["name", "children"]}},
        "$ref": "#/$defs/tree"})",
    R"({"anyOf": [{"type": "integer", "minimum": -37, "maximum": 1204}, {"type": "string", "maxLength": 3},
        {"enum": [null, {"a": [1, 2], "b": "é\n\""}, 1.5]}]})",
    R"({"oneOf": [{"type": "object", "properties": {"kind": {"const": "a"}, "x": {"type": "number", "maximum": -0.125}},
        "required": ["kind"]}, {"type": "object", "properties": {"kind": {"enum": ["b", "ab"]}}, "required": ["kind"]}]})",
    R"({"type": "array", "prefixItems": [{"type": "integer", "exclusiveMinimum": 99, "exclusiveMaximum": 101.5},
        {"type": "null"}], "items": {"type": "number", "minimum": 0.05, "exclusiveMaximum": 0.1}, "minItems": 2})",
    R"({"type": "object", "properties": {"né": {"type": "integer"}, "n": {"type": "null"}, "": {"type": "null"}},
        "required": ["later", "n"], "additionalProperties": {"type": "string"}})",
};

// A walk of random bytes among those that are allowed, which turns homeward when it has become long.
std::string walk(ByteAutomaton& automaton, Random& random, std::size_t turn_at) {
  std::string text;
  auto state = automaton.start();
  while (!automaton.is_complete(state)) {
    const bool homeward = text.size() >= turn_at;
    if (homeward && automaton.accepts(state)) break;
    std::vector<std::pair<unsigned char, ByteAutomaton::State>> ways;
    for (unsigned byte = 0; byte < 256; ++byte) {
      const auto next = automaton.advance(state, static_cast<unsigned char>(byte));
      if (next && (!homeward || automaton.bytes_to_end(*next) < automaton.bytes_to_end(state)))
        ways.emplace_back(static_cast<unsigned char>(byte), *next);
    }
    if (ways.empty()) {
      ADD_FAILURE() << "a dead end behind " << text;
      return text;
    }
    // Letters outnumber what gives a document its shape; each kind gets its turn.
    const bool shapes = random.chance(0.5);
    std::vector<std::pair<unsigned char, ByteAutomaton::State>> shaping;
    for (const auto& way : ways)
      if (std::string_view("{}[],:\" 0.-e").find(static_cast<char>(way.first)) != std::string_view::npos)
        shaping.push_back(way);
    const auto& [byte, next] = random.choose(shapes && !shaping.empty() ? shaping : ways);
    text += static_cast<char>(byte);
    state = next;
  }
  return text;
}

TEST(JsonAutomaton, every_walk_ends_in_a_document_of_the_schema) {
  for (const char* const text : kSchemas) {
    const Json json = parse_json(text, "schema");
    const JsonSchema schema = JsonSchema::parse(json);
    ByteAutomaton automaton = json_automaton(json);
    std::set<std::string> different;
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
      Random random(seed);
      const std::string document = walk(automaton, random, 10 + 3 * (seed % 60));
      different.insert(document);
      try {
        const auto problems = schema.problems(parse_json(document, "the walk"));
        ASSERT_TRUE(problems.empty()) << document << ": " << problems[0].where << ": " << problems[0].what;
      } catch (const Error& error) {
        FAIL() << document << ": " << error.what();
      }
    }
    EXPECT_GT(different.size(), 40U) << text;
  }
}

TEST(JsonAutomaton, nesting_ends_before_it_is_too_deep) {
  for (const char* const schema : {R"({})", R"({"items": {"$ref": "#"}, "type": "array"})"}) {
    ByteAutomaton automaton = compile(schema);
    auto state = automaton.start();
    std::string text;
    while (const auto next = automaton.advance(state, '[')) {
      state = *next;
      text += '[';
      ASSERT_LT(text.size(), 400U);
    }
    EXPECT_GT(text.size(), 40U);
    text += std::string(text.size(), ']');
    EXPECT_TRUE(takes(automaton, text));
    EXPECT_TRUE(JsonSchema::parse(parse_json(schema, "schema")).accepts(parse_json(text, "document")));
  }
}

TEST(JsonAutomaton, bounds_hold_to_the_last_digit) {
  Random random(5);
  for (int round = 0; round < 60; ++round) {
    const double places = std::pow(10.0, static_cast<double>(random.below(3)));
    const auto draw = [&] { return static_cast<double>(random.between(-3000, 3000)) / places; };
    double low = draw(), high = draw();
    if (low > high) std::swap(low, high);
    const bool excluded = round % 2 == 0;
    const Json schema = {{"type", round % 3 == 0 ? "integer" : "number"},
                         {excluded ? "exclusiveMinimum" : "minimum", low},
                         {round % 4 < 2 ? "exclusiveMaximum" : "maximum", high}};
    const JsonSchema check = JsonSchema::parse(schema);
    std::optional<ByteAutomaton> automaton;
    try {
      automaton.emplace(json_automaton(schema));
    } catch (const Error& error) {
      ASSERT_EQ(error.code(), ErrorCode::invalid_argument);
    }
    for (int i = 0; i < 400; ++i) {
      const double near = i % 2 == 0 ? low : high;
      double value = i % 5 == 0 ? draw() : near + static_cast<double>(random.between(-30, 30)) / places / 10;
      std::string text = fmt::format("{:.{}f}", value, i % 3 == 0 ? 0 : 3);
      if (text.starts_with('-') && text.find_first_not_of("-0.") == std::string::npos) continue;
      if (round % 3 == 0 && text.find('.') != std::string::npos) continue;
      EXPECT_EQ(automaton && takes(*automaton, text), check.accepts(parse_json(text, "number")))
          << text << " of " << schema;
    }
  }
}

TEST(JsonAutomaton, spells_as_it_says) {
  ByteAutomaton any = compile("{}");
  for (const char* good :
       {"{}", "{ }", R"({"a":1, "b": [ 1,2 ]})", R"("\u00e9é\ud83d\ude00😀\n\/")", "-0.5e+10", "0"})
    EXPECT_TRUE(takes(any, good)) << good;
  for (const char* bad : {"",
                          " {}",
                          "{} ",
                          "{  \"a\":1}",
                          R"({"a" :1})",
                          R"("\ud83d")",
                          R"("\ude00")",
                          "\"\n\"",
                          "01",
                          "-0",
                          "1.",
                          ".5",
                          "1e",
                          "1e100",
                          "[1,]",
                          "{,}",
                          "\"\xff\"",
                          "\"\xed\xa0\x80\"",
                          "tru",
                          "True",
                          "1234567890123456",
                          R"({"\u0061":1})"})
    EXPECT_FALSE(takes(any, bad)) << bad;
  ByteAutomaton short_text = compile(R"({"type": "string", "minLength": 2, "maxLength": 2})");
  EXPECT_TRUE(takes(short_text, "\"\xF0\x9F\x98\x80\\ud83d\\ude00\""));
  EXPECT_FALSE(takes(short_text, "\"é\""));
  ByteAutomaton ordered = compile(R"({"properties": {"b": {"type": "null"}, "a": {"type": "null"}}})");
  EXPECT_TRUE(takes(ordered, R"({"b": null, "a": null, "c": 0})"));
  EXPECT_FALSE(takes(ordered, R"({"a": null, "b": null})"));
  EXPECT_FALSE(takes(ordered, R"({"c": 0, "b": 0})"));
}

TEST(JsonAutomaton, refuses_by_name_what_it_would_not_hold) {
  const auto refusal = [](std::string_view schema) -> std::string {
    try {
      compile(schema);
    } catch (const Error& error) {
      return fmt::format("{} {}", to_string(error.code()), error.what());
    }
    return "taken";
  };
  const std::pair<const char*, const char*> cases[] = {
      {R"({"properties": {"a": {"type": "array", "uniqueItems": true}}})",
       "\"uniqueItems\" at /properties/a"},
      {R"({"type": "number", "multipleOf": 0.5})", "\"multipleOf\" at the top"},
      {R"({"type": "string", "pattern": "^a"})", "\"pattern\" at the top"},
      {R"({"items": {"not": {}}})", "\"not\" at /items"},
      {R"({"oneOf": [{"type": "integer"}, {"type": "number"}]})", "\"oneOf\" at the top"},
      {R"({"anyOf": [{}], "minimum": 3})", "\"minimum\" at the top"},
      {R"({"type": "object", "minProperties": 1})", "unsupported"},
      {R"({"unevaluatedItems": false})", "unsupported"},
      {R"(false)", "invalid_argument"},
      {R"({"$ref": "#"})", "invalid_argument"},
      {R"({"type": "object", "required": ["a"], "additionalProperties": false})", "invalid_argument"},
      {R"({"type": "integer", "minimum": 3, "maximum": 2})", "invalid_argument"},
  };
  for (const auto& [schema, expected] : cases)
    EXPECT_NE(refusal(schema).find(expected), std::string::npos) << schema << ": " << refusal(schema);
  // A keyword of a type that cannot come is no reason to refuse.
  EXPECT_EQ(refusal(R"({"type": "integer", "pattern": "^a", "uniqueItems": true})"), "taken");
}

}  // namespace
}  // namespace fulcrum
