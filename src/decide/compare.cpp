#include "decide/compare.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/random.h"
#include "decide/adapter_guard.h"
#include "decide/evidence.h"
#include "decide/task_search.h"
#include "measure/power.h"
#include "recipe/levers.h"
#include "recipe/preflight.h"

namespace fulcrum {

namespace {

constexpr std::size_t kShortHash = 8;

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
  summary.circumstances.documents_change_days = task.documents_change_days;
  summary.circumstances.worth_of_right_answer = task.prices.right_answer;
  summary.prices = task.prices;
  return summary;
}

std::string evidence_name(const Task& task, const ModelInfo& model, const CompareOptions& options) {
  const EvaluationOptions& e = options.evaluation;
  const Json inputs = {task.sha256,
                       model.sha256,
                       options.seed,
                       options.max_test_items,
                       options.only,
                       options.horizon_months,
                       e.consistency_items,
                       e.rewordings,
                       e.resamples,
                       e.temperature,
                       e.latency_items,
                       e.cold_latency_items,
                       options.budget ? Json{options.budget->amount, options.budget->unit} : Json(nullptr),
                       options.investigation.curves == Curves::all};
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
        evaluation_(evaluation_of(options)),
        callbacks_(callbacks),
        cancel_(cancel),
        folder_(folder),
        workshop_(task, model, tuner, folder, options.seed, options.clock, callbacks.progress, cancel),
        tested_(sample_test(task.splits.test, options)) {}

  // `budget_seconds` is for a search; without one the standard recipes are measured.
  TaskResult run(std::optional<double> budget_seconds) {
    const double start = workshop_.now_seconds();
    write_evidence_task(folder_, task_, tested_);
    result_.task = summary_of(task_, tested_.size(), options_);
    result_.seed = options_.seed;
    if (budget_seconds)
      measure_found(*budget_seconds);
    else
      measure_standard();
    conclude(result_);
    if (result_.search) ask_recommended_again();
    result_.seconds = workshop_.now_seconds() - start;
    if (result_.search) result_.search->total_seconds = result_.seconds;
    return std::move(result_);
  }

 private:
  static EvaluationOptions evaluation_of(const CompareOptions& options) {
    EvaluationOptions evaluation = options.evaluation;
    evaluation.seed = options.seed;
    return evaluation;
  }

  void measure_standard() {
    std::vector<Recipe> recipes = chosen_recipes();
    result_.forecasts =
        forecast_recipes(recipes, workshop_, static_cast<std::int64_t>(tested_.size()), evaluation_);
    std::vector<std::string> ids;
    for (const Recipe& recipe : recipes) ids.push_back(recipe.id);
    plan(std::move(ids), std::nullopt);
    for (Recipe& recipe : recipes) {
      std::optional<TuneResult> training;
      if (recipe.tune) training = workshop_.train(recipe);
      measure(recipe, training, evaluation_);
    }
    investigate_all(recipes);
  }

  void measure_found(double budget_seconds) {
    const double start = workshop_.now_seconds();
    const std::vector<RecipeVariant> grid =
        recipe_variants(task_, workshop_.lever_options(), model_,
                        [this](std::int64_t chunk_tokens) { return workshop_.index(chunk_tokens); });
    std::vector<RecipeVariant> placed = grid;
    std::vector<std::string> ids;
    for (RecipeVariant& variant : placed) {
      place_documents(variant.recipe);
      if (variant.stands_in_for.empty()) ids.push_back(variant.recipe.id);
    }
    plan(std::move(ids), budget_seconds);
    const double before_guard = workshop_.now_seconds();
    const std::optional<AdapterGuard> guard = guard_of(placed);
    const double guard_seconds = workshop_.now_seconds() - before_guard;
    SearchSettings settings;
    settings.budget_seconds = budget_seconds - (workshop_.now_seconds() - start);
    settings.circumstances = result_.task.circumstances;
    settings.seed = options_.seed;
    TaskSearch found = search_task(placed, workshop_, static_cast<std::int64_t>(tested_.size()), evaluation_,
                                   settings, guard_seconds);
    found.record.budget_seconds = budget_seconds;
    result_.search = std::move(found.record);
    if (callbacks_.searched) callbacks_.searched(*result_.search);
    EvaluationOptions once = evaluation_;
    once.consistency_items = 0;
    for (TaskSearch::Found& each : found.found) {
      measure(each.recipe, each.training, once);
      if (guard && each.recipe.adapter) result_.investigation.forgetting.push_back(guard->ask(each.recipe));
      confirmed_.push_back(std::move(each.recipe));
    }
  }

  // The verdict rests on no recipe's consistency, so under a budget only the one that it recommends is asked
  // for it, and more recipes meet the test. What it costs to measure a recipe does not count this: it would
  // set the recommended one apart from the others.
  void ask_recommended_again() {
    for (std::size_t i = 0; i < confirmed_.size(); ++i) {
      const Recipe& recipe = confirmed_[i];
      if (recipe.id != result_.verdict.recipe) continue;
      load_recipe(recipe, model_);
      Measurement& measurement = result_.recipes[i].measurement;
      ask_again(recipe, model_, workshop_.index_of(recipe), tested_, evaluation_, measurement,
                callbacks_.progress, cancel_);
      write_evidence_recipe(folder_, recipe, measurement);
    }
  }

  // Asks the base, where one of the recipes could come out with an adapter.
  std::optional<AdapterGuard> guard_of(const std::vector<RecipeVariant>& grid) const {
    const auto may_adapt = [&](const RecipeVariant& variant) {
      return variant.recipe.tune && !ruled_out(variant.recipe.levers, result_.task.circumstances);
    };
    if (!options_.investigation.guard_suite || std::none_of(grid.begin(), grid.end(), may_adapt))
      return std::nullopt;
    return std::optional<AdapterGuard>(std::in_place, *options_.investigation.guard_suite, model_,
                                       task_.max_forgetting, options_.seed, cancel_);
  }

  // What is measured reads the folder's own copy of the documents.
  void place_documents(Recipe& recipe) const {
    if (recipe.retrieval) recipe.retrieval->documents = documents_folder(folder_);
  }

  std::vector<Recipe> chosen_recipes() {
    std::vector<Recipe> recipes = standard_recipes(task_, workshop_.lever_options(), model_,
                                                   workshop_.index(task_.limits.chunk_tokens));
    for (const std::string& id : options_.only)
      if (std::none_of(recipes.begin(), recipes.end(), [&](const Recipe& recipe) { return recipe.id == id; }))
        throw_error(ErrorCode::invalid_argument, "comparing on {}: it has no recipe '{}'", task_.name, id);
    if (!options_.only.empty())
      std::erase_if(recipes, [&](const Recipe& recipe) {
        return &recipe != &recipes.front() &&
               std::find(options_.only.begin(), options_.only.end(), recipe.id) == options_.only.end();
      });
    for (Recipe& recipe : recipes) place_documents(recipe);
    return recipes;
  }

  void plan(std::vector<std::string> recipes, std::optional<double> budget_seconds) {
    result_.smallest_detectable_difference =
        smallest_detectable_difference(static_cast<std::int64_t>(tested_.size()), kAssumedDiscordantShare);
    if (tested_.size() < task_.splits.test.size())
      result_.warnings.push_back(fmt::format("{} of {} test items are used, a sample drawn by the seed",
                                             tested_.size(), task_.splits.test.size()));
    for (std::string& warning : preflight_warnings(task_)) result_.warnings.push_back(std::move(warning));
    if (callbacks_.planned)
      callbacks_.planned({result_.task, std::move(recipes), result_.smallest_detectable_difference,
                          result_.warnings, result_.forecasts, budget_seconds});
  }

  // A trained recipe comes with its adapter.
  void measure(const Recipe& recipe, const std::optional<TuneResult>& training,
               const EvaluationOptions& evaluation) {
    RecipeResult result;
    load_recipe(recipe, model_);
    result.id = recipe.id;
    result.levers = recipe.levers;
    result.sha256 = recipe_sha256(recipe);
    result.file = fmt::format("recipes/{}/recipe.toml", recipe.id);
    Retriever* retriever = workshop_.index_of(recipe);
    result.prompt_example = model_.render(
        prepare_prompt(recipe, recipe_input(tested_.front()), retriever, RunOptions{}).messages);
    result.measurement = evaluate(recipe, model_, retriever, tested_, yardstick_of(task_), evaluation,
                                  callbacks_.progress, cancel_);
    result.work = workshop_.work_of(recipe);
    result.work.evaluation_seconds = result.measurement.seconds;
    if (training) {
      result.work.training_seconds = training->seconds;
      result.training =
          TrainingRecord{training->seconds,    training->trained_tokens, training->trainable_parameters,
                         training->best_epoch, training->epochs,         training->sha256};
    }
    write_evidence_recipe(folder_, recipe, result.measurement);
    result_.recipes.push_back(std::move(result));
    if (callbacks_.measured) callbacks_.measured(result_.recipes.back());
  }

  void investigate_all(const std::vector<Recipe>& recipes) {
    std::vector<MeasuredRecipe> measured;
    for (std::size_t i = 0; i < recipes.size(); ++i)
      measured.push_back({&recipes[i], &result_.recipes[i].measurement});
    result_.investigation = investigate({task_, measured, tested_, options_.seed, folder_ / "investigation"},
                                        model_, tuner_, workshop_.index(task_.limits.chunk_tokens),
                                        options_.investigation, callbacks_.progress, cancel_);
  }

  const Task& task_;
  LanguageModel& model_;
  Tuner& tuner_;
  const CompareOptions& options_;
  const EvaluationOptions evaluation_;
  const CompareCallbacks& callbacks_;
  const CancelToken& cancel_;
  const Path folder_;
  Workshop workshop_;
  const std::vector<Example> tested_;
  std::vector<Recipe> confirmed_;  // by a search, in the order of the result
  TaskResult result_;
};

}  // namespace

CompareResult compare(std::span<const Task> tasks, LanguageModel& model, Tuner& tuner,
                      const CompareOptions& options, const CompareCallbacks& callbacks,
                      const CancelToken& cancel) {
  if (tasks.empty()) throw_error(ErrorCode::invalid_argument, "comparing: no task was given");
  if (options.budget && !options.only.empty())
    throw_error(
        ErrorCode::invalid_argument,
        "comparing: a search under a budget chooses the recipes itself; leave out either the budget or "
        "the recipes");
  const Clock clock = options.clock ? options.clock : steady_clock();
  const double start = clock();
  const ModelInfo info = model.info();
  CompareOptions recorded = options;
  recorded.evaluation.seed = options.seed;
  CompareResult result;
  result.base_model = {info.name, info.parameters, model.weights_sha256(), ""};
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const Task& task = tasks[i];
    // What one task leaves over is for those after it.
    std::optional<double> share;
    if (options.budget)
      share = (budget_seconds(*options.budget, task.prices) - (clock() - start)) /
              static_cast<double>(tasks.size() - i);
    const Path folder = options.evidence_root / evidence_name(task, info, options);
    check_replaceable(folder);
    write_folder_atomic(folder, [&](const Path& temporary) {
      CompareResult one;
      one.tasks.push_back(
          TaskComparison(task, model, tuner, options, callbacks, cancel, temporary).run(share));
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
  result.seconds = clock() - start;
  return result;
}

}  // namespace fulcrum
