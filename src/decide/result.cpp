#include "decide/result.h"

#include <algorithm>

#include "recipe/levers.h"

namespace fulcrum {

void conclude(TaskResult& task) {
  std::vector<Arm> arms;
  std::vector<DiagnosedRecipe> diagnosed;
  DecisionInput input;
  for (RecipeResult& recipe : task.recipes) {
    const bool adapted =
        std::find(recipe.levers.begin(), recipe.levers.end(), lever::kFineTune) != recipe.levers.end();
    recipe.cost = cost_of(recipe.measurement.latency, recipe.work, adapted ? Upkeep::adapter : Upkeep::none,
                          task.task.prices);
    recipe.seconds_to_iterate =
        recipe.work.training_seconds + recipe.work.indexing_seconds + recipe.work.evaluation_seconds;
    arms.push_back(arm_of(recipe.id, recipe.levers, recipe.measurement));
    diagnosed.push_back({recipe.id, recipe.levers, &recipe.measurement});
    input.candidates.push_back({arms.back(), recipe.measurement.quality, recipe.cost});
  }
  task.diagnosis = diagnose(diagnosed);
  task.comparisons = compare_ladder(arms, arms.front().recipe, task.seed);
  input.circumstances = task.task.circumstances;
  input.diagnosis = task.diagnosis;
  input.seed = task.seed;
  task.verdict = decide(input);
}

}  // namespace fulcrum
