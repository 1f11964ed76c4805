#include "measure/checkpoint_score.h"

#include <gtest/gtest.h>

#include "text/scripted_lm.h"

namespace fulcrum {
namespace {

Example item(int number) {
  Example example;
  example.id = "d" + std::to_string(number);
  example.messages = {{"user", "number " + std::to_string(number)}, {"assistant", "yes"}};
  example.weights = {0, 1};
  return example;
}

TEST(CheckpointScore, IsTheMetricOfTheAdapterThatLiesThere) {
  // The adapter loaded last knows the numbers below its own; the base knows none.
  ScriptedLM model;
  model.answer_by([&](const GenerateRequest& request) -> std::string {
    if (request.adapter.empty()) return "no";
    const int known = std::stoi(model.adapters().at(request.adapter));
    return std::stoi(request.messages.back().content.substr(7)) < known ? "yes" : "no";
  });
  std::vector<Example> dev;
  for (int i = 0; i < 8; ++i) dev.push_back(item(i));
  Recipe recipe;
  recipe.id = "fine_tuned";
  recipe.levers = {"fine_tune"};
  recipe.tune.emplace();
  const CancelToken cancel;
  const AdapterScore score = checkpoint_score(recipe, dev, {Metric::exact_match, {}}, model, nullptr, cancel);
  EXPECT_DOUBLE_EQ(score("2"), 0.25);
  EXPECT_DOUBLE_EQ(score("8"), 1.0);
  EXPECT_DOUBLE_EQ(score("0"), 0.0);
  EXPECT_EQ(model.adapters().size(), 1U);  // one name for all
  EXPECT_EQ(model.generate_requests().size(), 24U);
  EXPECT_DOUBLE_EQ(checkpoint_calls(dev.size(), 3), 24);
}

TEST(CheckpointScore, AsksManyItemsAtMost) {
  ScriptedLM model;
  model.answer_by([](const GenerateRequest&) { return "yes"; });
  std::vector<Example> dev;
  for (int i = 0; i < 500; ++i) dev.push_back(item(i));
  Recipe recipe;
  recipe.tune.emplace();
  const CancelToken cancel;
  checkpoint_score(recipe, dev, {Metric::exact_match, {}}, model, nullptr, cancel)("x");
  EXPECT_EQ(model.generate_requests().size(), kCheckpointItems);
  EXPECT_DOUBLE_EQ(checkpoint_calls(dev.size(), 2), 2.0 * kCheckpointItems);
  // Over the whole split, not its beginning.
  EXPECT_EQ(model.generate_requests().back().messages.back().content, "number 497");
}

TEST(CheckpointScore, WithoutDevItemsTheLossDecides) {
  ScriptedLM model;
  const CancelToken cancel;
  const std::vector<Example> one{item(1)};
  EXPECT_FALSE(checkpoint_score(Recipe{}, one, {Metric::exact_match, {}}, model, nullptr, cancel));
  EXPECT_EQ(checkpoint_calls(1, 6), 0);
}

TEST(CheckpointScore, BetterIsTheHigherScoreThenTheLowerLoss) {
  const TuneResult::Epoch good{1, 0.9, 0.8}, better_loss{1, 0.5, 0.8}, bad{1, 0.1, 0.7}, plain{1, 0.5, {}},
      plain_worse{1, 0.6, {}};
  EXPECT_TRUE(is_better(good, bad));
  EXPECT_FALSE(is_better(bad, good));
  EXPECT_TRUE(is_better(better_loss, good));
  EXPECT_FALSE(is_better(good, good));
  EXPECT_TRUE(is_better(plain, plain_worse));
}

}  // namespace
}  // namespace fulcrum
