#include "decide/task_search.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "base/error.h"
#include "base/random.h"
#include "decide/evidence.h"
#include "decide/forecast.h"
#include "measure/checkpoint_score.h"

namespace fulcrum {

namespace {

class TaskGround final : public SearchGround {
 public:
  TaskGround(const std::vector<RecipeVariant>& grid, Workshop& workshop, std::int64_t test_items,
             const EvaluationOptions& evaluation, const SearchSettings& settings, double guard_seconds)
      : workshop_(workshop),
        settings_(settings),
        guard_seconds_(guard_seconds),
        consistency_calls_(calls_of_consistency(test_items, evaluation)),
        calls_(calls_of_evaluation(test_items, evaluation) - consistency_calls_),
        yardstick_(yardstick_of(workshop.task())),
        order_(workshop.task().splits.dev.size()) {
    for (const RecipeVariant& variant : grid) recipes_.push_back(variant.recipe);
    trainings_.resize(recipes_.size());
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    Random random(settings.seed, stream_of("search items"));
    random.shuffle(order_);
    time_trainings();
    for (const Recipe& recipe : recipes_)
      training_seconds_.push_back(recipe.tune ? pace_of(recipe) * workshop.training_tokens(recipe) : 0);
  }

  std::size_t items() const override { return order_.size(); }
  double now_seconds() const override { return workshop_.now_seconds(); }
  double confirmation_calls() const override { return calls_; }
  double consistency_calls() const override { return consistency_calls_; }
  double guard_seconds(std::size_t arm) const override { return recipes_[arm].tune ? guard_seconds_ : 0; }
  double prepare_seconds(std::size_t arm) const override {
    return took_ * training_seconds_[arm] + checkpoint_seconds(arm);
  }

  void prepare(std::size_t arm) override {
    const double start = now_seconds();
    trainings_[arm] = workshop_.train(recipes_[arm]);
    // Trainings that stop early are shorter than the forecast; the next ones will be too.
    real_seconds_ += std::max(0.0, now_seconds() - start - checkpoint_seconds(arm));
    foreseen_seconds_ += training_seconds_[arm];
    if (foreseen_seconds_ > 0) took_ = real_seconds_ / foreseen_seconds_;
  }

  std::vector<double> answer(std::size_t arm, std::size_t begin, std::size_t end) override {
    const Recipe& recipe = recipes_[arm];
    load_recipe(recipe, workshop_.model());
    const double start = now_seconds();
    std::vector<RecipeInput> inputs;
    for (std::size_t i = begin; i < end; ++i) inputs.push_back(recipe_input(item(i)));
    const ProgressCallback named = [&](const Progress& step) {
      if (!workshop_.progress()) return;
      Progress renamed = step;
      renamed.stage = fmt::format("searching: {}", recipe.id);
      workshop_.progress()(renamed);
    };
    const std::vector<Answer> answers = run_recipe(recipe, workshop_.model(), workshop_.index_of(recipe),
                                                   inputs, RunOptions{}, workshop_.cancel(), named);
    if (!recipe.tune) {
      double& fastest = call_seconds_[recipe.retrieval.has_value()];
      const double seconds = (now_seconds() - start) / static_cast<double>(end - begin);
      fastest = fastest > 0 ? std::min(fastest, seconds) : seconds;
    }
    std::vector<double> scores;
    for (std::size_t i = begin; i < end; ++i)
      scores.push_back(
          score_answer(yardstick_.metric, answers[i - begin].text, item(i).reference(), yardstick_.labels)
              .score);
    return scores;
  }

  double total_cost(std::size_t arm, double seconds_per_call) const override {
    UpfrontWork work = workshop_.work_of(recipes_[arm]);
    work.training_seconds = prepare_seconds(arm);
    work.evaluation_seconds = calls_ * seconds_per_call;
    const Upkeep upkeep = recipes_[arm].tune ? Upkeep::adapter : Upkeep::none;
    return cost_of(summarize_latency({seconds_per_call, seconds_per_call}, {}), {}, work, upkeep,
                   workshop_.task().prices)
        .total(settings_.circumstances.calls_per_month, settings_.circumstances.horizon_months);
  }

  TaskSearch::Found take(std::size_t arm) { return {std::move(recipes_[arm]), std::move(trainings_[arm])}; }
  bool is_trained(std::size_t arm) const { return trainings_[arm].has_value(); }

 private:
  // On the first recipe of its kind that may be trained: prompts with documents are longer. Where none may, on
  // any, for the cost of trying everything is told too.
  void time_trainings() {
    const Recipe* any = nullptr;
    for (const Recipe& recipe : recipes_) {
      if (!recipe.tune) continue;
      if (!any) any = &recipe;
      const bool retrieves = recipe.retrieval.has_value();
      if (ruled_out(recipe.levers, settings_.circumstances) || paces_.contains(retrieves)) continue;
      paces_[retrieves] = workshop_.measure_training_pace(recipe);
    }
    if (any && paces_.empty()) paces_[any->retrieval.has_value()] = workshop_.measure_training_pace(*any);
  }
  // Seconds a token; of the other kind where its own was not timed.
  double pace_of(const Recipe& recipe) const {
    const auto own = paces_.find(recipe.retrieval.has_value());
    return own == paces_.end() ? paces_.begin()->second : own->second;
  }
  // Of asking the checkpoints of a training the dev items, by the fastest calls that show as much.
  double checkpoint_seconds(std::size_t arm) const {
    const Recipe& recipe = recipes_[arm];
    if (!recipe.tune) return 0;
    const auto seconds = call_seconds_.find(recipe.retrieval.has_value());
    return seconds == call_seconds_.end()
               ? 0
               : checkpoint_calls(order_.size(), recipe.tune->max_epochs) * seconds->second;
  }
  const Example& item(std::size_t i) const { return workshop_.task().splits.dev[order_[i]]; }

  Workshop& workshop_;
  const SearchSettings& settings_;
  const double guard_seconds_;
  const double consistency_calls_, calls_;
  const Yardstick yardstick_;
  std::vector<std::size_t> order_;
  std::vector<Recipe> recipes_;
  std::vector<std::optional<TuneResult>> trainings_;
  std::vector<double> training_seconds_;  // forecast
  std::map<bool, double> paces_;          // by whether the recipe retrieves
  double took_ = 1;                       // what trainings so far took, as a share of their forecast
  double real_seconds_ = 0, foreseen_seconds_ = 0;
  std::map<bool, double> call_seconds_;  // of untrained recipes, by whether they retrieve
};

}  // namespace

TaskSearch search_task(const std::vector<RecipeVariant>& grid, Workshop& workshop, std::int64_t test_items,
                       const EvaluationOptions& evaluation, const SearchSettings& settings,
                       double guard_seconds) {
  const double start = workshop.now_seconds();
  TaskGround ground(grid, workshop, test_items, evaluation, settings, guard_seconds);
  std::vector<SearchArm> arms;
  for (const RecipeVariant& variant : grid)
    arms.push_back({variant.recipe.id, variant.recipe.levers, variant.parent, variant.stands_in_for});
  SearchSettings left = settings;
  left.budget_seconds -= workshop.now_seconds() - start;
  if (!(left.budget_seconds > 0))
    throw_error(
        ErrorCode::invalid_argument,
        "searching on {}: {:.0f} seconds are not even enough to time the recipes; give a larger budget",
        workshop.task().name, settings.budget_seconds);
  TaskSearch result;
  result.record = search(arms, ground, left);
  result.record.budget_seconds = settings.budget_seconds;
  for (const std::string& id : result.record.confirmed)
    for (std::size_t arm = 0; arm < arms.size(); ++arm)
      if (arms[arm].id == id) result.found.push_back(ground.take(arm));
  const std::vector<std::string>& confirmed = result.record.confirmed;
  for (std::size_t arm = 0; arm < arms.size(); ++arm) {
    const bool is_kept = std::find(confirmed.begin(), confirmed.end(), arms[arm].id) != confirmed.end();
    if (is_kept || !ground.is_trained(arm)) continue;
    std::error_code ignored;  // a leftover adapter harms nothing
    std::filesystem::remove_all(ground.take(arm).recipe.adapter->folder.parent_path(), ignored);
  }
  return result;
}

}  // namespace fulcrum
