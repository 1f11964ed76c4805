#include "text/json_schema.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

namespace fulcrum {
namespace {

const Path kSuite = Path(FULCRUM_SHARED_DIR) / "data/json-schema-suite/tests/draft2020-12";

TEST(JsonSchema, agrees_with_the_official_suite_on_every_schema_it_takes) {
  if (!std::filesystem::exists(kSuite)) GTEST_SKIP() << kSuite.string() << " is not on this machine";
  int agreed = 0, refused = 0;
  std::map<std::string, int> taken;
  for (const auto& entry : std::filesystem::directory_iterator(kSuite)) {
    if (!entry.is_regular_file() || entry.path().extension() != ".json") continue;
    for (const Json& group : read_json(entry.path())) {
      std::optional<JsonSchema> schema;
      try {
        schema = JsonSchema::parse(group["schema"]);
      } catch (const Error& error) {
        ASSERT_TRUE(error.code() == ErrorCode::unsupported)
            << entry.path() << ": " << group["description"] << ": " << error.what();
        ++refused;
        continue;
      }
      ++taken[entry.path().stem().string()];
      for (const Json& test : group["tests"]) {
        EXPECT_EQ(schema->accepts(test["data"]), test["valid"].get<bool>())
            << entry.path().filename() << ": " << group["description"] << ": " << test["description"];
        ++agreed;
      }
    }
  }
  EXPECT_GT(agreed, 800);
  EXPECT_LT(refused, 250);
  for (const char* keyword :
       {"type", "enum", "const", "properties", "required", "additionalProperties", "items", "prefixItems",
        "minimum", "maxLength", "pattern", "oneOf", "if-then-else", "uniqueItems", "ref", "multipleOf"}) {
    EXPECT_GT(taken[keyword], 0) << keyword;
  }
}

Json order_schema() {
  return parse_json(R"({"type": "object", "additionalProperties": false, "required": ["id", "lines"],
    "properties": {"id": {"type": "string", "pattern": "^[A-Z]-\\d+$"},
                   "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}}},
    "$defs": {"line": {"type": "object", "properties": {"price": {"type": "number", "minimum": 0}}}}})",
                    "schema");
}

TEST(JsonSchema, says_where_and_why) {
  const JsonSchema schema = JsonSchema::parse(order_schema());
  EXPECT_TRUE(schema.accepts(parse_json(R"({"id": "A-7", "lines": [{"price": 1.5}]})", "value")));
  const auto problems = schema.problems(
      parse_json(R"({"id": "A7", "lines": [{"price": 1}, {"price": "2"}], "a/b": 1})", "value"));
  ASSERT_EQ(problems.size(), 3u);
  EXPECT_EQ(problems[0].where, "/id");
  EXPECT_EQ(problems[1].where, "/lines/1/price");
  EXPECT_EQ(problems[1].what, "expected \"number\", found string (\"2\")");
  EXPECT_EQ(problems[2].where, "/a~1b");
  EXPECT_EQ(schema.problems(parse_json(R"({"id": "A-7"})", "value")).at(0).what,
            "the key \"lines\" is missing");
}

ErrorCode refusal(std::string_view text, std::string_view part) {
  try {
    JsonSchema::parse(parse_json(text, "schema"));
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    return error.code();
  }
  ADD_FAILURE() << "taken: " << text;
  return ErrorCode::internal;
}

TEST(JsonSchema, refuses_what_it_would_not_keep) {
  EXPECT_EQ(refusal(R"({"properties": {"a": {"unevaluatedItems": false}}})",
                    "\"unevaluatedItems\" at /properties/a"),
            ErrorCode::unsupported);
  EXPECT_EQ(refusal(R"({"typ": "string"})", "\"typ\" at the top"), ErrorCode::unsupported);
  EXPECT_EQ(refusal(R"({"$ref": "http://example.com/x"})", "only \"#/...\""), ErrorCode::unsupported);
  EXPECT_EQ(refusal(R"({"$ref": "#/nowhere"})", "expected a reference to a part"),
            ErrorCode::invalid_argument);
  EXPECT_EQ(refusal(R"({"type": "text"})", "expected a type"), ErrorCode::invalid_argument);
  EXPECT_EQ(refusal(R"({"required": "a"})", "expected a list of strings at /required"),
            ErrorCode::invalid_argument);
  EXPECT_EQ(refusal(R"({"pattern": "("})", "regular expression"), ErrorCode::invalid_argument);
  EXPECT_EQ(refusal(R"([])", "expected an object"), ErrorCode::invalid_argument);
}

TEST(JsonSchema, ends_where_references_lead_round_in_circles) {
  EXPECT_THROW(JsonSchema::parse(parse_json(R"({"$ref": "#"})", "schema")).accepts(Json(1)), Error);
  // A recursive schema is fine as long as the value ends.
  const JsonSchema tree = JsonSchema::parse(
      parse_json(R"({"type": "object", "properties": {"child": {"$ref": "#"}}})", "schema"));
  EXPECT_TRUE(tree.accepts(parse_json(R"({"child": {"child": {}}})", "value")));
  EXPECT_FALSE(tree.accepts(parse_json(R"({"child": {"child": 1}})", "value")));
}

}  // namespace
}  // namespace fulcrum
