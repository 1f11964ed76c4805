#include "recipe/training.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace fulcrum {
namespace {

Example example(std::string id, std::vector<Message> messages, std::vector<int> weights) {
  Example result;
  result.id = std::move(id);
  result.messages = std::move(messages);
  result.weights = std::move(weights);
  return result;
}

Recipe recipe() {
  Recipe result;
  result.id = "fine_tuned";
  result.program.signature.instruction = "Name the team.";
  result.tune = TuneSettings{};
  return result;
}

TEST(Training, RendersThePromptOfInferenceAndLearnsTheReferenceOnly) {
  Recipe with_demonstration = recipe();
  with_demonstration.program.demonstrations = {{"train:9", "in", "out", {}}};
  with_demonstration.program.shown = 1;
  const Example item = example("train:1", {{"user", "my bill"}, {"assistant", "billing"}}, {0, 1});
  const std::vector<TrainingExample> rendered =
      training_examples(with_demonstration, std::vector<Example>{item}, nullptr, PassageSource::search);
  ASSERT_EQ(rendered.size(), 1u);
  std::vector<Message> expected =
      prepare_prompt(with_demonstration, recipe_input(item), nullptr, {}).messages;
  expected.push_back({"assistant", "billing"});
  EXPECT_EQ(rendered[0].messages, expected);
  EXPECT_EQ(rendered[0].weights, (std::vector<int>{0, 0, 0, 0, 1}));
}

TEST(Training, EarlierTurnsKeepTheirWeight) {
  const Example item = example("train:1",
                               {{"system", "S"},
                                {"user", "a"},
                                {"assistant", "b"},
                                {"user", "c"},
                                {"assistant", "d"},
                                {"user", "e"},
                                {"assistant", "f"}},
                               {0, 0, 1, 0, 0, 0, 1});
  const auto rendered =
      training_examples(recipe(), std::vector<Example>{item}, nullptr, PassageSource::search);
  EXPECT_EQ(rendered[0].messages.front().content, "S Name the team.");
  EXPECT_EQ(rendered[0].weights, (std::vector<int>{0, 0, 1, 0, 0, 0, 1}));
}

TEST(Training, TheRequestTakesTheSettingsAndAsManyExamplesAsTheySay) {
  Splits splits;
  for (int i = 0; i < 20; ++i) {
    splits.train.push_back(example("train:" + std::to_string(i),
                                   {{"user", "q" + std::to_string(i)}, {"assistant", "a"}}, {0, 1}));
  }
  splits.dev = {example("dev:1", {{"user", "d"}, {"assistant", "a"}}, {0, 1})};
  Recipe tuned = recipe();
  tuned.tune->rank = 4;
  tuned.tune->seed = 7;
  EXPECT_EQ(tune_request(tuned, splits, nullptr, "out").train.size(), 20u);
  tuned.tune->train_examples = 5;
  const TuneRequest request = tune_request(tuned, splits, nullptr, "out");
  EXPECT_EQ(request.output_folder, "out");
  EXPECT_EQ(request.rank, 4);
  EXPECT_EQ(request.seed, 7u);
  EXPECT_EQ(request.dev.size(), 1u);
  ASSERT_EQ(request.train.size(), 5u);
  EXPECT_EQ(tune_request(tuned, splits, nullptr, "out").train[0].messages, request.train[0].messages);
  tuned.tune->train_examples = 500;
  EXPECT_EQ(tune_request(tuned, splits, nullptr, "out").train.size(), 20u);
  tuned.tune.reset();
  EXPECT_THROW(tune_request(tuned, splits, nullptr, "out"), Error);
}

}  // namespace
}  // namespace fulcrum
