#include "measure/gate_suite.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"
#include "text/scripted_lm.h"

namespace fulcrum {
namespace {

constexpr std::string_view kSuite =
    R"({"gate": "capitals", "meaning": "a capital", "rule": "exact", "goal": {"at_least": 0.5}}
{"messages": [{"role": "user", "content": "France"}], "answer": "Paris"}
{"messages": [{"role": "user", "content": "Italy"}], "answer": "Rome"}
{"messages": [{"role": "user", "content": "left or right"}], "answer": "right", "choices": ["left", "right"]}
)";

GateItem expecting(std::string answer) {
  GateItem item;
  item.answer = std::move(answer);
  return item;
}

TEST(GateSuite, IsReadWithItsGoal) {
  const GateSuite suite = parse_gate_suite(kSuite, "capitals.jsonl");
  EXPECT_EQ(suite.name, "capitals");
  ASSERT_TRUE(suite.goal);
  EXPECT_TRUE(suite.goal->met_by(0.5));
  EXPECT_FALSE(suite.goal->met_by(0.49));
  ASSERT_EQ(suite.items.size(), 3U);
  EXPECT_EQ(suite.items[2].choices.size(), 2U);
}

TEST(GateSuite, ABadLineIsNamed) {
  try {
    parse_gate_suite(std::string(kSuite) + R"({"messages": [], "answer": "x"})", "capitals.jsonl");
    FAIL() << "an item without messages was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::corrupt);
    EXPECT_NE(std::string(error.what()).find("capitals.jsonl, line 5"), std::string::npos) << error.what();
  }
  EXPECT_THROW(parse_gate_suite(R"({"gate": "a", "meaning": "", "rule": "vague"})", "a"), Error);
  EXPECT_THROW(read_gate_suites("no/such/folder"), Error);
}

TEST(GateSuite, RulesScoreAnAnswer) {
  const GateItem object = expecting(R"({"a": "x", "b": 2})");
  EXPECT_EQ(gate_score(GateRule::exact, expecting("x"), {"x"}), 1);
  EXPECT_EQ(gate_score(GateRule::differs, expecting("absent"), {"absent"}), 0);
  EXPECT_EQ(gate_score(GateRule::differs, expecting("absent"), {"7"}), 1);
  EXPECT_EQ(gate_score(GateRule::valid_json, object, {R"({"b": 0, "a": ""})"}), 1);
  EXPECT_EQ(gate_score(GateRule::valid_json, object, {R"({"a": "x", "c": 2})"}), 0);
  EXPECT_EQ(gate_score(GateRule::valid_json, object, {R"({"a": "x", )"}), 0);
  EXPECT_EQ(gate_score(GateRule::json_fields, object, {R"({"a": "x", "b": 3})"}), 0.5);
  EXPECT_EQ(gate_score(GateRule::json_fields, object, {"none"}), 0);
  EXPECT_DOUBLE_EQ(gate_score(GateRule::agreement, expecting(""), {"a", "a", "b"}), 1.0 / 3.0);
}

TEST(GateSuite, AnswersAreMeasuredBehindTheirReasoning) {
  ScriptedLM model;
  model.when_prompt_contains("France", "<think>a city</think> Paris ").when_prompt_contains("Italy", "Milan");
  model.score_by(
      [](const ScoreRequest&, std::string_view choice) { return choice == "right" ? -1.0 : -2.0; });
  const GateResult result = measure_gate(parse_gate_suite(kSuite, "capitals"), model, CancelToken{});
  EXPECT_EQ(result.figure.n, 3);
  EXPECT_DOUBLE_EQ(result.figure.estimate, 2.0 / 3.0);
  EXPECT_LT(result.figure.low, result.figure.estimate);
  EXPECT_DOUBLE_EQ(result.chance, 1.0 / 6.0);
  EXPECT_DOUBLE_EQ(result.majority, 1.0 / 3.0);
}

}  // namespace
}  // namespace fulcrum
