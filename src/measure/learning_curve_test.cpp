#include "measure/learning_curve.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/error.h"
#include "base/hash.h"
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
    model_.answer_by([this](const GenerateRequest& request) -> std::string {
      const double examples = static_cast<double>(examples_of_adapter_.at(request.adapter));
      const double number = std::stod(request.messages.back().content.substr(7));
      return number < 50 * (0.9 - 2 / std::sqrt(examples)) ? "yes" : "no";
    });
  }
  TuneResult tune(const TuneRequest& request) {
    const std::string weights = fmt::format("{} examples, seed {}", request.train.size(), request.seed);
    write_file_atomic(Path(request.output_folder) / "adapter_model.safetensors", weights);
    TuneResult result;
    result.folder = request.output_folder;
    result.sha256 = sha256(weights);
    result.seconds = 2;
    examples_of_adapter_["adapter-" + result.sha256.substr(0, 16)] = request.train.size();
    return result;
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
  std::map<std::string, std::size_t> examples_of_adapter_;
  ScriptedTuner tuner_{[this](const TuneRequest& request) { return tune(request); }};
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
  EXPECT_EQ(curve.training_seconds, 24);
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
