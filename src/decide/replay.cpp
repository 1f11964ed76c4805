#include "decide/replay.h"

#include "base/error.h"
#include "decide/result_json.h"
#include "retrieve/index.h"

namespace fulcrum {

namespace {

class Comparer {
 public:
  void expect(const std::string& where, const Json& recorded, const Json& replayed) {
    ++result_.compared;
    if (recorded != replayed) result_.differences.push_back({where, to_line(recorded), to_line(replayed)});
  }

  void expect_items(const std::string& recipe, const std::vector<MeasuredItem>& recorded,
                    const std::vector<MeasuredItem>& replayed) {
    expect(recipe + ", items", recorded.size(), replayed.size());
    for (std::size_t i = 0; i < std::min(recorded.size(), replayed.size()); ++i) {
      Json before = to_json(recorded[i]), after = to_json(replayed[i]);
      for (Json* row : {&before, &after}) {
        row->erase("seconds");
        // What a batch finds in memory depends on what ran before it; the single calls' figure is compared
        // instead.
        row->at("usage").erase("cached");
      }
      for (const auto& [key, value] : before.items())
        expect(fmt::format("{}, item {}, {}", recipe, recorded[i].id, key), value, after.at(key));
    }
  }

  ReplayResult take() { return std::move(result_); }

 private:
  ReplayResult result_;
};

Json figures(const Estimate& estimate) {
  return {estimate.estimate, estimate.low, estimate.high, estimate.n};
}

}  // namespace

ReplayResult replay(const Evidence& evidence, LanguageModel& model, const ProgressCallback& progress,
                    const CancelToken& cancel) {
  const TaskResult& task = evidence.task();
  const Yardstick yardstick{task.task.metric, task.task.labels};
  EvaluationOptions options = evidence.options.evaluation;
  options.cold_latency_items = 0;  // only times would come of them
  Comparer comparer;
  comparer.expect("base model, sha256", evidence.result.base_model.sha256_before, model.weights_sha256());
  TaskResult again = task;
  for (std::size_t i = 0; i < evidence.recipes.size(); ++i) {
    const Recipe& recipe = evidence.recipes[i];
    const RecipeResult& recorded = task.recipes[i];
    comparer.expect(recipe.id + ", sha256", recorded.sha256, recipe_sha256(recipe));
    load_recipe(recipe, model);
    std::unique_ptr<Index> index;
    if (recipe.retrieval) {
      index = Index::open(":memory:", index_settings(recipe, [&](std::string_view text) {
                            return model.count_tokens(text);
                          }));
      comparer.expect(recipe.id + ", index", recipe.retrieval->index_sha256, index->sha256());
    }
    const Measurement& measured = recorded.measurement;
    EvaluationOptions asked = options;
    if (measured.consistency.overall.n == 0) asked.consistency_items = 0;  // a search asks one recipe only
    const Measurement replayed =
        evaluate(recipe, model, index.get(), evidence.tested, yardstick, asked, progress, cancel);
    comparer.expect_items(recipe.id, measured.items, replayed.items);
    comparer.expect(recipe.id + ", quality", figures(measured.quality), figures(replayed.quality));
    comparer.expect(recipe.id + ", well formed", figures(measured.well_formed),
                    figures(replayed.well_formed));
    comparer.expect(recipe.id + ", consistency", figures(measured.consistency.overall),
                    figures(replayed.consistency.overall));
    const auto tokens = [](const TokensPerCall& t) { return Json{t.prompt, t.cached, t.completion}; };
    comparer.expect(recipe.id + ", tokens per call", tokens(measured.tokens_per_call),
                    tokens(replayed.tokens_per_call));
    Measurement& rows = again.recipes[i].measurement;  // keeps the recorded times
    rows.items = replayed.items;
    summarize(rows, options.seed);
  }
  // Everything that follows from the rows, against what was written down then.
  conclude(again);
  CompareResult whole = evidence.result;
  whole.tasks = {again};
  const Json now = to_json(whole);
  const Json &recorded_task = evidence.recorded.at("tasks").at(0), &task_now = now.at("tasks").at(0);
  for (const char* key : {"smallest_detectable_difference", "comparisons", "diagnosis", "verdict"})
    comparer.expect(key, recorded_task.at(key), task_now.at(key));
  for (std::size_t i = 0; i < again.recipes.size(); ++i)
    for (const char* key : {"quality", "well_formed", "errors", "consistency", "cost"})
      comparer.expect(fmt::format("{}, {} in result.json", again.recipes[i].id, key),
                      recorded_task.at("recipes").at(i).at(key), task_now.at("recipes").at(i).at(key));
  return comparer.take();
}

}  // namespace fulcrum
