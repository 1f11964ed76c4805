#include "measure/evaluation.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "text/scripted_lm.h"

namespace fulcrum {
namespace {

Recipe simple_recipe() {
  Recipe recipe;
  recipe.id = "zero_shot";
  recipe.levers = {"prompt"};
  recipe.program.name = "zero_shot";
  recipe.program.signature.system = "You answer.";
  recipe.program.signature.instruction = "Say the word.";
  return recipe;
}

std::vector<Example> examples(int count) {
  std::vector<Example> result;
  for (int i = 0; i < count; ++i) {
    Example example;
    example.id = "test:" + std::to_string(i);
    example.messages = {{"user", "word " + std::to_string(i)}, {"assistant", "answer " + std::to_string(i)}};
    example.weights = {0, 1};
    result.push_back(std::move(example));
  }
  return result;
}

std::string last_word(const GenerateRequest& request) {
  const std::string& text = request.messages.back().content;
  return text.substr(text.rfind(' ') + 1);
}

const Yardstick kExact{Metric::exact_match, {}};

Measurement measure(ScriptedLM& model, std::span<const Example> items,
                    const EvaluationOptions& options = {}) {
  return evaluate(simple_recipe(), model, nullptr, items, kExact, options, {}, CancelToken{});
}

TEST(Evaluation, KeepsEveryItemAndItsFigures) {
  ScriptedLM model;
  // Right on even numbers.
  model.answer_by([](const GenerateRequest& request) {
    const std::string word = last_word(request);
    return (word.back() - '0') % 2 == 0 ? "answer " + word : std::string("no idea");
  });
  const auto items = examples(40);
  const Measurement measured = measure(model, items);
  ASSERT_EQ(measured.items.size(), 40U);
  EXPECT_EQ(measured.items[3].id, "test:3");
  EXPECT_EQ(measured.items[3].answer, "no idea");
  EXPECT_EQ(measured.items[3].error, "wrong answer");
  EXPECT_DOUBLE_EQ(measured.quality.estimate, 0.5);
  EXPECT_EQ(measured.quality.n, 40);
  const Interval wilson = wilson_interval(20, 40);
  EXPECT_DOUBLE_EQ(measured.quality.low, wilson.low);
  EXPECT_EQ(measured.well_formed.estimate, 1);
  EXPECT_EQ(measured.consistency.overall.estimate, 1);  // the script does not look at the wording
  EXPECT_EQ(measured.consistency.overall.n, 24);
  EXPECT_EQ(measured.latency.seconds.size(), 20U);
  EXPECT_EQ(measured.latency.cold_seconds.size(), 4U);
  EXPECT_GT(measured.latency.p95_ms, 0);
  EXPECT_GE(measured.latency.p95_ms, measured.latency.p50_ms);
  EXPECT_GT(measured.tokens_per_call.prompt, 1);
  EXPECT_EQ(model.cache_clearings(), 5);  // once before the warm calls, once for each cold one
}

TEST(Evaluation, ConsistencySeesRewordingsAndDrawsApart) {
  ScriptedLM model;
  const std::string plain = "You answer. Say the word.";
  // Another answer in other words for half of the items, and in every draw.
  model.answer_by([&](const GenerateRequest& request) -> std::string {
    if (request.sampling.temperature > 0) return "draw " + std::to_string(request.sampling.seed);
    const bool reworded = request.messages.front().content != plain;
    return reworded && (last_word(request).back() - '0') % 2 == 0 ? "other" : "same";
  });
  EvaluationOptions options;
  options.consistency_items = 40;
  const Measurement measured = measure(model, examples(40), options);
  EXPECT_LT(measured.consistency.resampling.estimate, 0.2);
  EXPECT_GT(measured.consistency.rewording.estimate, measured.consistency.resampling.estimate);
  EXPECT_LT(measured.consistency.rewording.estimate, 1);
  EXPECT_LE(measured.consistency.overall.low, measured.consistency.overall.estimate);
  std::size_t reworded = 0;
  for (const MeasuredItem& item : measured.items) reworded += item.reworded.size();
  EXPECT_EQ(reworded, 200U);
}

TEST(Evaluation, IsTheSameTwice) {
  ScriptedLM model;
  model.answer_by([](const GenerateRequest& request) { return "answer " + last_word(request); });
  const auto items = examples(30);
  const Measurement first = measure(model, items), second = measure(model, items);
  EXPECT_EQ(first.quality, second.quality);
  EXPECT_EQ(first.consistency.overall, second.consistency.overall);
  for (std::size_t i = 0; i < items.size(); ++i) EXPECT_EQ(first.items[i].answer, second.items[i].answer);
}

TEST(Evaluation, GroupsWidenTheInterval) {
  Measurement alone, grouped;
  for (int i = 0; i < 40; ++i) {
    MeasuredItem item;
    item.score = i < 20 ? 1 : 0;
    alone.items.push_back(item);
    item.group = std::to_string(i / 10);
    grouped.items.push_back(item);
  }
  summarize(alone, 1);
  summarize(grouped, 1);
  EXPECT_EQ(alone.quality.estimate, grouped.quality.estimate);
  EXPECT_GT(grouped.quality.high - grouped.quality.low, 2 * (alone.quality.high - alone.quality.low));
}

TEST(Evaluation, MacroF1HasAnInterval) {
  Measurement measured;
  measured.metric = Metric::macro_f1;
  for (int i = 0; i < 60; ++i) {
    MeasuredItem item;
    item.reference = std::string(1, static_cast<char>('a' + i % 3));
    item.answer = i % 5 == 0 ? "a" : item.reference;
    measured.items.push_back(item);
  }
  summarize(measured, 1);
  EXPECT_LT(measured.quality.low, measured.quality.estimate);
  EXPECT_GT(measured.quality.high, measured.quality.estimate);
  for (MeasuredItem& item : measured.items) item.answer = item.reference;
  summarize(measured, 1);
  EXPECT_EQ(measured.quality.high, 1);
  EXPECT_LT(measured.quality.low, 1);
}

TEST(Evaluation, RefusesASingleItem) {
  ScriptedLM model;
  EXPECT_THROW(measure(model, examples(1)), Error);
}

TEST(Evaluation, StopsWhenCancelled) {
  ScriptedLM model;
  model.answer_by([](const GenerateRequest&) { return "x"; });
  CancelToken cancel;
  cancel.cancel();
  const auto items = examples(4);
  EXPECT_THROW(evaluate(simple_recipe(), model, nullptr, items, kExact, {}, {}, cancel), Error);
}

TEST(Evaluation, AgreementIsTheShareOfEqualPairs) {
  EXPECT_EQ(agreement(std::vector<std::string>{"a"}), 1);
  EXPECT_DOUBLE_EQ(agreement(std::vector<std::string>{"a", "a", "b"}), 1.0 / 3);
}

}  // namespace
}  // namespace fulcrum
