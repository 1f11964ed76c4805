#include "decide/investigation.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"
#include "decide/investigation_json.h"
#include "text/scripted_lm.h"

namespace fulcrum {
namespace {

Example item(const std::string& id, const std::string& question, const std::string& answer) {
  Example example;
  example.id = id;
  example.messages = {{"user", question}, {"assistant", answer}};
  example.weights = {0, 1};
  return example;
}

// Even numbers are answered without help; the adapter knows them all and has forgotten everything else.
class InvestigationTest : public ::testing::Test {
 protected:
  void SetUp() override {
    task_.name = "numbers";
    task_.kind = TaskKind::answering;
    task_.metric = Metric::exact_match;
    task_.max_forgetting = 0.1;
    for (int i = 0; i < 40; ++i)
      task_.splits.train.push_back(item(fmt::format("t{}", i), fmt::format("learn {}", i), "yes"));
    for (int i = 0; i < 20; ++i)
      items_.push_back(item(fmt::format("i{}", i), fmt::format("number {}", i), "yes"));
    guard_ = Path(::testing::TempDir()) / "investigation_guard.jsonl";
    std::string rows;
    for (int i = 0; i < 10; ++i) {
      rows += fmt::format(R"({{"messages": [{{"role": "user", "content": "general {}"}}, )"
                          R"({{"role": "assistant", "content": "fine"}}]}})"
                          "\n",
                          i);
    }
    write_file_atomic(guard_, rows);
    model_.answer_by([](const GenerateRequest& request) -> std::string {
      const std::string& asked = request.messages.back().content;
      if (asked.starts_with("general")) return request.adapter.empty() ? "fine" : "yes";
      return !request.adapter.empty() || (asked.back() - '0') % 2 == 0 ? "yes" : "no";
    });
    model_.score_by([](const ScoreRequest&, std::string_view) { return -1.0; });
    prompt_.id = "zero_shot";
    prompt_.levers = {"prompt"};
    prompt_.program.signature.instruction = "Answer.";
    tuned_ = prompt_;
    tuned_.id = "fine_tuned";
    tuned_.levers = {"fine_tune"};
    tuned_.tune.emplace();
    const TuneResult trained = train(Path(::testing::TempDir()) / "investigation_adapter");
    tuned_.adapter = AdapterReference{trained.folder, trained.sha256};
    load_recipe(tuned_, model_);
    for (const Recipe* recipe : {&prompt_, &tuned_}) measured_.push_back(measure(*recipe));
  }

  static TuneResult train(const Path& folder) {
    write_file_atomic(folder / "adapter_model.safetensors", folder.string());
    TuneResult result;
    result.folder = folder.string();
    result.sha256 = sha256(folder.string());
    return result;
  }

  Measurement measure(const Recipe& recipe) {
    EvaluationOptions options;
    options.latency_items = options.cold_latency_items = options.consistency_items = 0;
    return evaluate(recipe, model_, nullptr, items_, yardstick_of(task_), options, {}, {});
  }

  Investigation run(const InvestigationOptions& options) {
    const std::vector<MeasuredRecipe> recipes = {{&prompt_, &measured_[0]}, {&tuned_, &measured_[1]}};
    return investigate({task_, recipes, items_, 1, Path(::testing::TempDir()) / "investigation"}, model_,
                       tuner_, nullptr, options, {}, {});
  }

  Task task_;
  std::vector<Example> items_;
  Path guard_;
  ScriptedLM model_;
  ScriptedTuner tuner_{[](const TuneRequest& request) { return train(request.output_folder); }};
  Recipe prompt_, tuned_;
  std::vector<Measurement> measured_;
};

TEST_F(InvestigationTest, ProbesTheBestPromptAndGuardsEveryAdapter) {
  InvestigationOptions options;
  options.guard_suite = guard_;
  const Investigation found = run(options);
  ASSERT_TRUE(found.probes);
  EXPECT_EQ(found.probes->recipe, "zero_shot");
  EXPECT_EQ(found.consistency.size(), 2u);
  ASSERT_EQ(found.forgetting.size(), 1u);
  EXPECT_EQ(found.forgetting[0].loss.difference, 1);
  EXPECT_FALSE(found.blocked("zero_shot"));
  ASSERT_TRUE(found.blocked("fine_tuned"));
  EXPECT_EQ(found.blocked("fine_tuned")->text.find("It forgets: 1.00 ("), 0u);
  EXPECT_FALSE(found.learning_curve);
  EXPECT_FALSE(more_data_sentence(found));
}

TEST_F(InvestigationTest, CurvesAreDrawnWhereAskedFor) {
  InvestigationOptions options;
  options.curves = Curves::all;
  options.learning.seeds = 2;
  options.demonstrations.counts = {1, 2};
  const Investigation found = run(options);
  ASSERT_TRUE(found.learning_curve);
  EXPECT_EQ(found.learning_curve->runs.size(), 8u);
  ASSERT_TRUE(found.demonstration_curve);
  ASSERT_TRUE(more_data_sentence(found));
  EXPECT_EQ(more_data_sentence(found)->text.find("Twice the training examples (80) would bring fine_tuned "),
            0u);
}

TEST_F(InvestigationTest, SurvivesBeingWrittenAndRead) {
  InvestigationOptions options;
  options.curves = Curves::all;
  options.guard_suite = guard_;
  options.demonstrations.counts = {1, 2};
  const Investigation found = run(options);
  EXPECT_EQ(to_line(to_json(investigation_from_json(to_json(found)))), to_line(to_json(found)));
  Json broken = to_json(found);
  broken.erase("probes");
  EXPECT_THROW(investigation_from_json(broken), Error);
}

}  // namespace
}  // namespace fulcrum
