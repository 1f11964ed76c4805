#include "decide/simulated_task.h"

#include <algorithm>

#include "base/random.h"
#include "recipe/levers.h"

namespace fulcrum {

namespace {

// Where the test items begin in the endless row of simulated items.
constexpr std::uint64_t kTestBegin = 1'000'000;
constexpr int kTimedCalls = 20, kColdCalls = 4;
constexpr double kAskedAgain = 24 * 8;   // items asked again for consistency, times the askings
constexpr double kLatencySpread = 0.15;  // standard deviation of one call, as a share of its mean
constexpr double kColdFactor = 1.5;      // a call with nothing in memory
constexpr double kWorthOfRuledOut = 0.5;
constexpr int kConfidenceResamples = 200;

bool is_tuned(const SimulatedRecipe& recipe) {
  return std::find(recipe.levers.begin(), recipe.levers.end(), lever::kFineTune) != recipe.levers.end();
}

Cost cost_for(const SimulatedTask& task, const SimulatedRecipe& recipe, const Latency& latency,
              const UpfrontWork& work) {
  return cost_of(latency, {}, work, is_tuned(recipe) ? Upkeep::adapter : Upkeep::none, task.prices);
}

}  // namespace

double value_of(const SimulatedTask& task, std::size_t recipe) {
  const SimulatedRecipe& r = task.recipes[recipe];
  const Circumstances& c = task.circumstances;
  double right = r.quality;
  if (ruled_out(r.levers, c)) right *= kWorthOfRuledOut;
  if (c.target) right = std::min(right, *c.target);
  UpfrontWork work;
  work.labels = r.labels;
  work.training_seconds = r.training_seconds;
  work.evaluation_seconds = measurement_calls(task) * r.seconds_per_call;
  const Cost cost = cost_for(task, r, summarize_latency({r.seconds_per_call, r.seconds_per_call}, {}), work);
  const double calls = c.calls_per_month * c.horizon_months;
  return right * calls * task.worth_of_right_answer - cost.total(c.calls_per_month, c.horizon_months);
}

std::size_t best_recipe(const SimulatedTask& task) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < task.recipes.size(); ++i)
    if (task.recipes[i].stands_in_for.empty() && value_of(task, i) > value_of(task, best)) best = i;
  return best;
}

double measurement_calls(const SimulatedTask& task) {
  return static_cast<double>(task.test_items) + kAskedAgain + 1 + kTimedCalls + kColdCalls;
}

double exhaustive_seconds(const SimulatedTask& task) {
  double seconds = 0;
  for (const SimulatedRecipe& recipe : task.recipes)
    if (recipe.stands_in_for.empty())
      seconds += recipe.training_seconds + measurement_calls(task) * recipe.seconds_per_call;
  return seconds;
}

std::size_t SimulatedGround::items() const {
  return static_cast<std::size_t>(task_.dev_items);
}

double SimulatedGround::prepare_seconds(std::size_t arm) const {
  return task_.recipes[arm].training_seconds;
}

void SimulatedGround::prepare(std::size_t arm) {
  now_ += task_.recipes[arm].training_seconds;
}

std::vector<double> SimulatedGround::answer(std::size_t arm, std::size_t begin, std::size_t end) {
  now_ += static_cast<double>(end - begin) * task_.recipes[arm].seconds_per_call;
  return scores(arm, begin, end);
}

double SimulatedGround::total_cost(std::size_t arm, double seconds_per_call) const {
  const SimulatedRecipe& recipe = task_.recipes[arm];
  return cost_for(task_, recipe, summarize_latency({seconds_per_call, seconds_per_call}, {}), work_of(arm))
      .total(task_.circumstances.calls_per_month, task_.circumstances.horizon_months);
}

UpfrontWork SimulatedGround::work_of(std::size_t recipe) const {
  UpfrontWork work;
  work.labels = task_.recipes[recipe].labels;
  work.training_seconds = task_.recipes[recipe].training_seconds;
  work.evaluation_seconds = confirmation_calls() * task_.recipes[recipe].seconds_per_call;
  return work;
}

std::vector<double> SimulatedGround::scores(std::size_t recipe, std::uint64_t begin,
                                            std::uint64_t end) const {
  const Random difficulty(seed_, stream_of("item")), own(seed_, stream_of(task_.recipes[recipe].id)),
      which(seed_, stream_of("which of " + task_.recipes[recipe].id));
  std::vector<double> values;
  for (std::uint64_t item = begin; item < end; ++item) {
    const bool shared = which.uniform_at(item) < task_.together;
    const double luck = shared ? difficulty.uniform_at(item) : own.uniform_at(item);
    values.push_back(luck < task_.recipes[recipe].quality ? 1.0 : 0.0);
  }
  return values;
}

double SimulatedGround::confirmation_calls() const {
  return measurement_calls(task_) - consistency_calls();
}

double SimulatedGround::consistency_calls() const {
  return kAskedAgain;
}

void SimulatedGround::ask_again(std::size_t recipe) {
  now_ += consistency_calls() * task_.recipes[recipe].seconds_per_call;
}

Candidate SimulatedGround::measure(std::size_t recipe) {
  const SimulatedRecipe& r = task_.recipes[recipe];
  now_ += confirmation_calls() * r.seconds_per_call;
  Candidate candidate;
  candidate.arm = {r.id,
                   r.levers,
                   Metric::accuracy,
                   scores(recipe, kTestBegin, kTestBegin + static_cast<std::uint64_t>(task_.test_items)),
                   {}};
  candidate.quality = estimate_mean(candidate.arm.scores, seed_);
  Random noise(seed_, stream_of("latency of " + r.id));
  std::vector<double> seconds, cold;
  const auto call = [&](double mean_seconds) {
    return mean_seconds * std::max(0.1, 1 + kLatencySpread * noise.normal());
  };
  for (int i = 0; i < kTimedCalls; ++i) seconds.push_back(call(r.seconds_per_call));
  for (int i = 0; i < kColdCalls; ++i) cold.push_back(call(kColdFactor * r.seconds_per_call));
  candidate.cost =
      cost_for(task_, r, summarize_latency(std::move(seconds), std::move(cold)), work_of(recipe));
  return candidate;
}

SimulatedDecision simulate_decision(const SimulatedTask& task, double budget_seconds, std::uint64_t seed,
                                    Worth worth) {
  SimulatedGround ground(task, seed);
  std::vector<SearchArm> arms;
  for (const SimulatedRecipe& recipe : task.recipes)
    arms.push_back({recipe.id, recipe.levers, recipe.parent, recipe.stands_in_for});
  SearchSettings settings;
  settings.budget_seconds = budget_seconds;
  settings.circumstances = task.circumstances;
  if (worth == Worth::said) settings.circumstances.worth_of_right_answer = task.worth_of_right_answer;
  settings.seed = seed;
  SimulatedDecision decision;
  decision.search = search(arms, ground, settings);
  DecisionInput input;
  for (const std::string& id : decision.search.confirmed)
    for (std::size_t i = 0; i < arms.size(); ++i)
      if (arms[i].id == id) input.candidates.push_back(ground.measure(i));
  input.circumstances = settings.circumstances;
  input.seed = seed;
  input.confidence_resamples = kConfidenceResamples;
  input.searched_recipes = decision.search.arms.size();
  input.untried = decision.search.untried();
  input.possibly_missed = decision.search.possibly_missed(kNotableRival);
  input.chance_missed = decision.search.chance_missed();
  decision.verdict = decide(input);
  for (std::size_t i = 0; i < arms.size(); ++i)
    if (arms[i].id == decision.verdict.recipe) ground.ask_again(i);
  decision.search.total_seconds = ground.now_seconds();
  return decision;
}

Verdict simulate_exhaustive(const SimulatedTask& task, std::uint64_t seed) {
  SimulatedGround ground(task, seed);
  DecisionInput input;
  for (std::size_t i = 0; i < task.recipes.size(); ++i)
    if (task.recipes[i].stands_in_for.empty()) input.candidates.push_back(ground.measure(i));
  input.circumstances = task.circumstances;
  input.seed = seed;
  input.confidence_resamples = kConfidenceResamples;
  return decide(input);
}

}  // namespace fulcrum
