#include "decide/forecast.h"

#include <algorithm>

#include "base/error.h"
#include "measure/checkpoint_score.h"
#include "recipe/run.h"

namespace fulcrum {

namespace {

constexpr std::size_t kTimedItems = 3;

double timed_call(const Recipe& recipe, Workshop& workshop) {
  Recipe untrained = recipe;
  untrained.tune.reset();
  untrained.adapter.reset();
  const std::vector<Example>& dev = workshop.task().splits.dev;
  std::vector<RecipeInput> inputs;
  for (std::size_t i = 0; i < std::min(kTimedItems, dev.size()); ++i) inputs.push_back(recipe_input(dev[i]));
  const double start = workshop.now_seconds();
  run_recipe(untrained, workshop.model(), workshop.index_of(recipe), inputs, RunOptions{}, workshop.cancel(),
             {});
  return (workshop.now_seconds() - start) / static_cast<double>(inputs.size());
}

double at_most(std::int64_t items, int count) {
  return static_cast<double>(std::clamp<std::int64_t>(count, 0, items));
}

}  // namespace

double calls_of_evaluation(std::int64_t items, const EvaluationOptions& options) {
  const double single = options.latency_items > 0 ? 1 + at_most(items, options.latency_items) : 0;
  return static_cast<double>(items) + calls_of_consistency(items, options) + single +
         at_most(items, std::min(options.cold_latency_items, options.latency_items));
}

double calls_of_consistency(std::int64_t items, const EvaluationOptions& options) {
  return at_most(items, options.consistency_items) * (options.rewordings + options.resamples);
}

std::vector<RecipeForecast> forecast_recipes(std::span<const Recipe> recipes, Workshop& workshop,
                                             std::int64_t test_items, const EvaluationOptions& options) {
  if (workshop.task().splits.dev.empty()) return {};
  const double calls = calls_of_evaluation(test_items, options);
  const double second_price = workshop.task().prices.machine_hour / 3600;
  double pace = -1;  // not measured yet
  std::vector<RecipeForecast> forecasts;
  for (const Recipe& recipe : recipes) {
    workshop.cancel().check(fmt::format("timing {}", recipe.id));
    RecipeForecast forecast;
    forecast.recipe = recipe.id;
    forecast.seconds_per_call = timed_call(recipe, workshop);
    forecast.measuring_seconds = calls * forecast.seconds_per_call;
    if (recipe.tune) {
      if (pace < 0) pace = workshop.measure_training_pace(recipe);
      forecast.training_seconds =
          pace * workshop.training_tokens(recipe) +
          checkpoint_calls(workshop.task().splits.dev.size(), recipe.tune->max_epochs) *
              forecast.seconds_per_call;
    }
    forecast.cost = forecast.seconds() * second_price;
    forecasts.push_back(std::move(forecast));
  }
  return forecasts;
}

}  // namespace fulcrum
