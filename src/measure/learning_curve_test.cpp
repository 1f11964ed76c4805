#include "measure/learning_curve.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "text/scripted_lm.h"

namespace fulcrum {
namespace {

Example item(const std::string& id, const std::string& question) {
  Example example;
  example.id = id;
  example.messages = {{"user", question}, {"assistant", "yes"}};
  example.weights = {0, 1};
  return example;
}

// A tuner whose adapter knows how many examples it saw, and a model that answers as many items right as such
// an adapter would.
class LearningCurveTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < 80; ++i)
      splits_.train.push_back(item(fmt::format("train{}", i), fmt::format("learn {}", i)));
    splits_.dev = {item("dev", "try")};
    for (int i = 0; i < 50; ++i)
      items_.push_back(item(fmt::format("test{}", i), fmt::format("number {}", i)));
    recipe_.id = "fine_tuned";
    recipe_.tune.emplace();
    recipe_.program.signature.instruction = "Answer.";
    model_.answer_by([](const GenerateRequest& request) -> std::string {
      // fine_tuned-40-seed1: its skill is 0.9 - 2 / sqrt(examples).
      const std::size_t at = request.adapter.find("fine_tuned-") + 11;
      const double examples = std::stod(request.adapter.substr(at));
      const double number = std::stod(request.messages.back().content.substr(7));
      return number < 50 * (0.9 - 2 / std::sqrt(examples)) ? "yes" : "no";
    });
  }
  LearningCurve run(const LearningCurveOptions& options) {
    const Path folder = Path(::testing::TempDir()) / "learning_curve_test";
    return learning_curve(recipe_, splits_, items_, {Metric::exact_match, {}}, model_, tuner_, nullptr,
                          folder, options, {}, {});
  }
  Splits splits_;
  std::vector<Example> items_;
  Recipe recipe_;
  ScriptedLM model_;
  ScriptedTuner tuner_;
};

TEST_F(LearningCurveTest, TrainsNestedSubsetsWithEachSeedAndSaysWhatTwiceTheDataBrings) {
  const LearningCurve curve = run({});
  ASSERT_EQ(curve.runs.size(), 12u);
  std::vector<TuneRequest> requests = tuner_.requests();
  ASSERT_EQ(requests.size(), 12u);
  for (std::size_t s = 0; s < 3; ++s) {
    std::set<std::string> smaller;
    for (std::size_t k = 0; k < 4; ++k) {
      const TuneRequest& request = requests[s * 4 + k];
      EXPECT_EQ(request.seed, s + 1);
      EXPECT_EQ(request.train.size(), (std::vector<std::size_t>{10, 20, 40, 80})[k]);
      std::set<std::string> seen;
      for (const TrainingExample& example : request.train) seen.insert(example.messages[1].content);
      EXPECT_TRUE(std::includes(seen.begin(), seen.end(), smaller.begin(), smaller.end()));
      smaller = std::move(seen);
    }
  }
  EXPECT_NE(requests[0].train[0].messages, requests[4].train[0].messages);
  const double truth = 2 / std::sqrt(80.0) - 2 / std::sqrt(160.0);  // 0.065
  EXPECT_LE(curve.fit.gain_of_doubling.low, truth);
  EXPECT_GE(curve.fit.gain_of_doubling.high, truth);
  EXPECT_GT(curve.fit.gain_of_doubling.estimate, 0.02);
  ASSERT_TRUE(curve.agreement_over_seeds);
  EXPECT_EQ(curve.agreement_over_seeds->estimate, 1);
}

TEST_F(LearningCurveTest, SurvivesBeingWrittenAndRead) {
  LearningCurveOptions options;
  options.seeds = 1;
  const LearningCurve curve = run(options);
  EXPECT_EQ(to_line(to_json(learning_curve_from_json(to_json(curve)))), to_line(to_json(curve)));
  EXPECT_FALSE(curve.agreement_over_seeds);
}

TEST_F(LearningCurveTest, WhatCannotBeDrawnIsRefused) {
  splits_.train.resize(2);
  EXPECT_THROW(run({}), Error);
  SetUp();
  recipe_.tune.reset();
  EXPECT_THROW(run({}), Error);
}

}  // namespace
}  // namespace fulcrum
