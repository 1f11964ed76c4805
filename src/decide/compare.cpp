#include "decide/compare.h"

#include <algorithm>
#include <chrono>
#include <numeric>

#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/random.h"
#include "decide/evidence.h"
#include "measure/power.h"
#include "recipe/levers.h"
#include "retrieve/index.h"

namespace fulcrum {

namespace {

constexpr std::size_t kShortHash = 8;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// A seeded sample in the order of the split.
std::vector<Example> sample_test(const std::vector<Example>& test, const CompareOptions& options) {
  std::vector<std::size_t> order(test.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  Random random(options.seed, stream_of("test sample"));
  random.shuffle(order);
  order.resize(std::min(test.size(), static_cast<std::size_t>(std::max(0, options.max_test_items))));
  std::sort(order.begin(), order.end());
  std::vector<Example> sampled;
  for (const std::size_t i : order) sampled.push_back(test[i]);
  return sampled;
}

TaskSummary summary_of(const Task& task, std::size_t tested, const CompareOptions& options) {
  TaskSummary summary;
  summary.name = task.name;
  summary.kind = to_string(task.kind);
  summary.metric = task.metric;
  summary.labels = yardstick_of(task).labels;
  summary.train_items = static_cast<std::int64_t>(task.splits.train.size());
  summary.dev_items = static_cast<std::int64_t>(task.splits.dev.size());
  summary.test_items = static_cast<std::int64_t>(tested);
  summary.sha256 = task.sha256;
  if (task.target > 0) summary.circumstances.target = task.target;
  summary.circumstances.calls_per_month = task.calls_per_month;
  summary.circumstances.horizon_months = options.horizon_months;
  summary.circumstances.facts_change = task.documents_change_days.has_value();
  summary.circumstances.behaviour_stable = task.behaviour == Behaviour::stable;
  summary.prices = task.prices;
  return summary;
}

// Labels that a recipe learns from; for fine-tuning also those that it stops by.
std::int64_t labels_of(const Recipe& recipe, const Task& task) {
  if (!recipe.tune) return static_cast<std::int64_t>(recipe.program.demonstrations.size());
  const auto train = static_cast<std::int64_t>(task.splits.train.size());
  return std::min(train, recipe.tune->train_examples.value_or(train)) +
         static_cast<std::int64_t>(task.splits.dev.size());
}

std::string evidence_name(const Task& task, const ModelInfo& model, const CompareOptions& options) {
  const EvaluationOptions& e = options.evaluation;
  const Json inputs = {task.sha256,  model.sha256,           options.seed,        options.max_test_items,
                       options.only, options.horizon_months, e.consistency_items, e.rewordings,
                       e.resamples,  e.temperature,          e.latency_items,     e.cold_latency_items};
  return fmt::format("{}-{}", task.name, sha256(to_line(inputs)).substr(0, kShortHash));
}

// One task, into one folder that is still temporary.
class TaskComparison {
 public:
  TaskComparison(const Task& task, LanguageModel& model, Tuner& tuner, const CompareOptions& options,
                 const CompareCallbacks& callbacks, const CancelToken& cancel, const Path& folder)
      : task_(task),
        model_(model),
        tuner_(tuner),
        options_(options),
        callbacks_(callbacks),
        cancel_(cancel),
        folder_(folder),
        tested_(sample_test(task.splits.test, options)) {}

  TaskResult run() {
    const auto start = std::chrono::steady_clock::now();
    write_evidence_task(folder_, task_, tested_);
    open_index();
    std::vector<Recipe> recipes = chosen_recipes();
    plan(recipes);
    for (Recipe& recipe : recipes) {
      result_.recipes.push_back(measure(recipe));
      if (callbacks_.measured) callbacks_.measured(result_.recipes.back());
    }
    conclude(result_);
    result_.seconds = seconds_since(start);
    return std::move(result_);
  }

 private:
  // The index is made from the folder's own copy of the documents, so that what was measured is what is kept.
  void open_index() {
    if (!task_.documents) return;
    const auto start = std::chrono::steady_clock::now();
    index_ = Index::open(":memory:", {documents_folder(folder_),
                                      {task_.limits.chunk_tokens, 0},
                                      [this](std::string_view text) { return model_.count_tokens(text); },
                                      counter_name()});
    indexing_seconds_ = seconds_since(start);
  }

  std::string counter_name() const { return model_.info().name; }

  std::vector<Recipe> chosen_recipes() {
    const ModelInfo info = model_.info();
    LeverOptions levers;
    levers.base = {info.name, info.sha256, info.file};
    levers.seed = options_.seed;
    levers.counter_name = counter_name();
    std::vector<Recipe> recipes = standard_recipes(task_, levers, model_, index_.get());
    for (const std::string& id : options_.only)
      if (std::none_of(recipes.begin(), recipes.end(), [&](const Recipe& recipe) { return recipe.id == id; }))
        throw_error(ErrorCode::invalid_argument, "comparing on {}: it has no recipe '{}'", task_.name, id);
    if (!options_.only.empty())
      std::erase_if(recipes, [&](const Recipe& recipe) {
        return &recipe != &recipes.front() &&
               std::find(options_.only.begin(), options_.only.end(), recipe.id) == options_.only.end();
      });
    for (Recipe& recipe : recipes)
      if (recipe.retrieval) recipe.retrieval->documents = documents_folder(folder_);
    return recipes;
  }

  void plan(const std::vector<Recipe>& recipes) {
    result_.task = summary_of(task_, tested_.size(), options_);
    result_.seed = options_.seed;
    result_.smallest_detectable_difference =
        smallest_detectable_difference(static_cast<std::int64_t>(tested_.size()), kAssumedDiscordantShare);
    if (tested_.size() < task_.splits.test.size())
      result_.warnings.push_back(fmt::format("{} of {} test items are used, a sample drawn by the seed",
                                             tested_.size(), task_.splits.test.size()));
    if (!callbacks_.planned) return;
    ComparePlan plan{result_.task, {}, result_.smallest_detectable_difference, result_.warnings};
    for (const Recipe& recipe : recipes) plan.recipes.push_back(recipe.id);
    callbacks_.planned(plan);
  }

  RecipeResult measure(Recipe& recipe) {
    RecipeResult result;
    if (recipe.tune) train(recipe, result);
    load_recipe(recipe, model_);
    EvaluationOptions evaluation = options_.evaluation;
    evaluation.seed = options_.seed;
    result.id = recipe.id;
    result.levers = recipe.levers;
    result.sha256 = recipe_sha256(recipe);
    result.file = fmt::format("recipes/{}/recipe.toml", recipe.id);
    Retriever* retriever = recipe.retrieval ? index_.get() : nullptr;
    result.prompt_example = model_.render(
        prepare_prompt(recipe, recipe_input(tested_.front()), retriever, RunOptions{}).messages);
    result.measurement = evaluate(recipe, model_, retriever, tested_, yardstick_of(task_), evaluation,
                                  callbacks_.progress, cancel_);
    result.work.labels = labels_of(recipe, task_);
    result.work.indexing_seconds = recipe.retrieval ? indexing_seconds_ : 0;
    result.work.evaluation_seconds = result.measurement.seconds;
    write_evidence_recipe(folder_, recipe, result.measurement);
    return result;
  }

  void train(Recipe& recipe, RecipeResult& result) {
    cancel_.check(fmt::format("training {}", recipe.id));
    const Path adapter = recipe_folder(folder_, recipe.id) / "adapter";
    const ProgressCallback progress = [&](const Progress& step) {
      if (!callbacks_.progress) return;
      Progress named = step;
      named.stage = fmt::format("{}: {}", recipe.id, step.stage);
      callbacks_.progress(named);
    };
    const TuneResult tuned =
        tuner_.tune(tune_request(recipe, task_.splits, index_.get(), adapter), progress, cancel_);
    recipe.adapter = AdapterReference{adapter, tuned.sha256};
    result.work.training_seconds = tuned.seconds;
    result.training = TrainingRecord{tuned.seconds,    tuned.trained_tokens, tuned.trainable_parameters,
                                     tuned.best_epoch, tuned.epochs,         tuned.sha256};
  }

  const Task& task_;
  LanguageModel& model_;
  Tuner& tuner_;
  const CompareOptions& options_;
  const CompareCallbacks& callbacks_;
  const CancelToken& cancel_;
  const Path folder_;
  const std::vector<Example> tested_;
  std::unique_ptr<Index> index_;
  double indexing_seconds_ = 0;
  TaskResult result_;
};

}  // namespace

CompareResult compare(std::span<const Task> tasks, LanguageModel& model, Tuner& tuner,
                      const CompareOptions& options, const CompareCallbacks& callbacks,
                      const CancelToken& cancel) {
  if (tasks.empty()) throw_error(ErrorCode::invalid_argument, "comparing: no task was given");
  const auto start = std::chrono::steady_clock::now();
  const ModelInfo info = model.info();
  CompareOptions recorded = options;
  recorded.evaluation.seed = options.seed;
  CompareResult result;
  result.base_model = {info.name, info.parameters, model.weights_sha256(), ""};
  for (const Task& task : tasks) {
    const Path folder = options.evidence_root / evidence_name(task, info, options);
    write_folder_atomic(folder, [&](const Path& temporary) {
      CompareResult one;
      one.tasks.push_back(TaskComparison(task, model, tuner, options, callbacks, cancel, temporary).run());
      one.tasks.front().evidence_folder = folder.string();
      one.base_model = result.base_model;
      one.base_model.sha256_after = result.base_model.sha256_after = model.weights_sha256();
      // Law 1. A remote model has no weights to look at and says so by an empty digest.
      if (one.base_model.sha256_after != one.base_model.sha256_before)
        throw_error(
            ErrorCode::internal,
            "comparing on {}: the base weights changed from SHA-256 {} to {}; no figure of this run counts",
            task.name, one.base_model.sha256_before, one.base_model.sha256_after);
      one.seconds = one.tasks.front().seconds;
      write_evidence_result(temporary, one, recorded);
      result.tasks.push_back(std::move(one.tasks.front()));
    });
    if (callbacks.finished) callbacks.finished(result.tasks.back());
  }
  result.seconds = seconds_since(start);
  return result;
}

}  // namespace fulcrum
