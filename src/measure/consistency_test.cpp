#include "measure/consistency.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "text/scripted_lm.h"

namespace fulcrum {
namespace {

Example item(const char* id, const char* question, const char* answer) {
  Example example;
  example.id = id;
  example.messages = {{"user", question}, {"assistant", answer}};
  example.weights = {0, 1};
  return example;
}

class ConsistencyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    recipe_.id = "zero_shot";
    recipe_.program.signature.system = "You are kind.";
    recipe_.program.signature.instruction = "Answer with one word.";
    items_ = {item("steady", "steady?", "yes"), item("shaky", "shaky?", "yes")};
    // The shaky item hangs on the first sentence; drawn, it comes right one time in two.
    model_.answer_by([this](const GenerateRequest& request) -> std::string {
      const bool shaky = request.messages.back().content == "shaky?";
      if (!shaky) return "yes";
      if (request.sampling.temperature > 0) return ++draws_ % 2 ? "yes" : "no";
      return request.messages.front().content.starts_with("You are kind.") ? "yes" : "no";
    });
    EvaluationOptions evaluation;
    evaluation.latency_items = evaluation.cold_latency_items = evaluation.rewordings = 0;
    evaluation.resamples = 4;
    measured_ = evaluate(recipe_, model_, nullptr, items_, yardstick_, evaluation, {}, {});
  }
  ScriptedLM model_;
  Recipe recipe_;
  std::vector<Example> items_;
  Yardstick yardstick_{Metric::exact_match, {}};
  Measurement measured_;
  int draws_ = 0;
};

TEST_F(ConsistencyTest, EditsOfThePromptAndDrawsShowWhatTheAnswersHangOn) {
  const ConsistencyDetail detail =
      consistency_detail(recipe_, measured_, items_, yardstick_, model_, nullptr, {}, {}, {});
  ASSERT_EQ(detail.edits.size(), 3u);  // without each sentence, and the other order
  EXPECT_EQ(detail.edits[0].edit, "without \"You are kind.\"");
  EXPECT_EQ(detail.edits[0].quality.estimate, 0.5);
  EXPECT_EQ(detail.edits[1].quality.estimate, 1);
  // Of the shaky item's four answers two agree and two agree: 2 of 6 pairs.
  EXPECT_NEAR(detail.edit_agreement.estimate, (1 + 2.0 / 6) / 2, 1e-12);
  EXPECT_EQ(detail.draws, 4);
  EXPECT_EQ(detail.all_right.estimate, 0.5);
  EXPECT_EQ(detail.any_right.estimate, 1);
  EXPECT_EQ(detail.all_right.n, 2);
}

TEST_F(ConsistencyTest, SurvivesBeingWrittenAndRead) {
  const ConsistencyDetail detail =
      consistency_detail(recipe_, measured_, items_, yardstick_, model_, nullptr, {}, {}, {});
  EXPECT_EQ(to_line(to_json(consistency_from_json(to_json(detail)))), to_line(to_json(detail)));
}

TEST_F(ConsistencyTest, APromptOfOneSentenceHasNothingToEdit) {
  recipe_.program.signature.system.clear();
  const ConsistencyDetail detail =
      consistency_detail(recipe_, measured_, items_, yardstick_, model_, nullptr, {}, {}, {});
  EXPECT_TRUE(detail.edits.empty());
  EXPECT_EQ(detail.edit_agreement.n, 0);
}

}  // namespace
}  // namespace fulcrum
