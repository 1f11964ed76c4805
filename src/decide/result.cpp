#include "decide/result.h"

#include <algorithm>

#include "recipe/levers.h"

namespace fulcrum {

namespace {

Cost cost_of_recipe(const RecipeResult& recipe, const TaskSummary& task, Upkeep upkeep) {
  const Measurement& m = recipe.measurement;
  return task.priced_as
             ? cost_at(*task.priced_as, m.latency, m.tokens_per_call, recipe.work, upkeep, task.prices)
             : cost_of(m.latency, m.tokens_per_call, recipe.work, upkeep, task.prices);
}

void mark_ties_with_best(std::vector<RecipeResult>& recipes, const std::vector<Arm>& arms,
                         std::uint64_t seed) {
  const auto quality = [](const RecipeResult& recipe) { return recipe.measurement.quality.estimate; };
  const auto best =
      static_cast<std::size_t>(std::ranges::max_element(recipes, {}, quality) - recipes.begin());
  std::vector<Comparison> against;
  for (std::size_t i = 0; i < arms.size(); ++i)
    if (i != best) against.push_back(compare_arms(arms[best], arms[i], seed));
  adjust_by_holm(against);
  for (std::size_t i = 0, at = 0; i < recipes.size(); ++i)
    recipes[i].ties_with_best = i == best || !against[at++].proven();
}

}  // namespace

void conclude(TaskResult& task) {
  std::vector<Arm> arms;
  std::vector<DiagnosedRecipe> diagnosed;
  DecisionInput input;
  for (RecipeResult& recipe : task.recipes) {
    const bool adapted =
        std::find(recipe.levers.begin(), recipe.levers.end(), lever::kFineTune) != recipe.levers.end();
    recipe.cost = cost_of_recipe(recipe, task.task, adapted ? Upkeep::adapter : Upkeep::none);
    recipe.seconds_to_iterate =
        recipe.work.training_seconds + recipe.work.indexing_seconds + recipe.work.evaluation_seconds;
    arms.push_back(arm_of(recipe.id, recipe.levers, recipe.measurement));
    diagnosed.push_back({recipe.id, recipe.levers, &recipe.measurement});
    input.candidates.push_back({arms.back(), recipe.measurement.quality, recipe.cost});
    if (auto why = task.investigation.blocked(recipe.id))
      input.blocked.push_back({recipe.id, std::move(*why)});
  }
  task.diagnosis = diagnose(diagnosed, task.investigation.probes ? &*task.investigation.probes : nullptr);
  mark_ties_with_best(task.recipes, arms, task.seed);
  task.comparisons = compare_ladder(arms, arms.front().recipe, task.seed);
  input.comparisons = task.comparisons;
  input.circumstances = task.task.circumstances;
  if (task.search) {
    input.searched_recipes = task.search->arms.size();
    input.untried = task.search->untried();
    input.possibly_missed = task.search->possibly_missed(kNotableRival);
    input.chance_missed = task.search->chance_missed();
  }
  input.diagnosis = task.diagnosis;
  input.seed = task.seed;
  if (auto more_data = more_data_sentence(task.investigation))
    input.further_steps.push_back(std::move(*more_data));
  task.verdict = decide(input);
  task.break_even = break_even_pairs(input.candidates, input.circumstances.calls_per_month);
}

}  // namespace fulcrum
