#include "decide/simulated_task.h"

#include <gtest/gtest.h>

namespace fulcrum {
namespace {

SimulatedTask task_of() {
  SimulatedTask task;
  task.recipes = {{"zero_shot", {"prompt"}, "", 0.6, 0.02},
                  {"few_shot", {"prompt", "few_shot"}, "", 0.9, 0.05, 0, 8},
                  {"fine_tuned", {"fine_tune"}, "", 0.95, 0.01, 40, 400}};
  task.circumstances.target = 0.85;
  task.circumstances.calls_per_month = 1000;
  task.prices.labelled_example = 0.5;
  return task;
}

TEST(SimulatedTask, IsRightAsOftenAsItSays) {
  const SimulatedTask task = task_of();
  SimulatedGround ground(task, 3);
  for (std::size_t recipe = 0; recipe < task.recipes.size(); ++recipe) {
    double right = 0;
    for (const double score : ground.answer(recipe, 0, 20000)) right += score;
    EXPECT_NEAR(right / 20000, task.recipes[recipe].quality, 0.015);
  }
}

TEST(SimulatedTask, RecipesGoTogetherAsFarAsToldAndNotFurther) {
  SimulatedTask task = task_of();
  task.recipes[0].quality = task.recipes[1].quality = 0.5;
  const auto agreement = [&](double together) {
    task.together = together;
    SimulatedGround ground(task, 5);
    const auto a = ground.answer(0, 0, 20000), b = ground.answer(1, 0, 20000);
    double agree = 0;
    for (std::size_t i = 0; i < a.size(); ++i) agree += a[i] == b[i];
    return agree / 20000;
  };
  EXPECT_NEAR(agreement(0), 0.5, 0.015);
  EXPECT_NEAR(agreement(0.6), 0.5 + 0.5 * 0.36, 0.015);
}

TEST(SimulatedTask, AnswersTheSameHoweverItIsAsked) {
  const SimulatedTask task = task_of();
  SimulatedGround whole(task, 7), parts(task, 7);
  std::vector<double> pieces = parts.answer(1, 0, 4);
  for (const double score : parts.answer(1, 4, 20)) pieces.push_back(score);
  EXPECT_EQ(whole.answer(1, 0, 20), pieces);
  EXPECT_DOUBLE_EQ(whole.now_seconds(), parts.now_seconds());
}

TEST(SimulatedTask, ValueCountsRightAnswersUpToTheTargetLessTheCost) {
  SimulatedTask task = task_of();
  task.worth_of_right_answer = 1;
  // 12,000 calls; beyond the target nothing is gained, so the cheaper of the two that reach it is best.
  EXPECT_NEAR(value_of(task, 0), 0.6 * 12000, 1);
  EXPECT_NEAR(value_of(task, 1), 0.85 * 12000 - 4, 1);
  EXPECT_NEAR(value_of(task, 2), 0.85 * 12000 - 200, 1);
  EXPECT_EQ(best_recipe(task), 1U);
  task.circumstances.target.reset();
  EXPECT_EQ(best_recipe(task), 2U);
  task.circumstances.facts_change = true;  // half of what weights alone know goes stale
  EXPECT_EQ(best_recipe(task), 1U);
}

TEST(SimulatedTask, ADecisionIsTheSameInEveryRun) {
  const SimulatedTask task = task_of();
  const double budget = 0.7 * exhaustive_seconds(task);
  const SimulatedDecision first = simulate_decision(task, budget, 3),
                          second = simulate_decision(task, budget, 3);
  EXPECT_EQ(first.verdict.recipe, second.verdict.recipe);
  EXPECT_EQ(first.verdict.reasons, second.verdict.reasons);
  EXPECT_EQ(first.verdict.recipe, "few_shot");
  EXPECT_EQ(simulate_exhaustive(task, 3).recipe, "few_shot");
}

TEST(SimulatedTask, OnlyTheRecommendedRecipeIsAskedForConsistency) {
  const SimulatedTask task = task_of();
  const SimulatedDecision decision = simulate_decision(task, 0.7 * exhaustive_seconds(task), 3);
  const SimulatedGround ground(task, 3);
  ASSERT_GT(decision.search.confirmed.size(), 1U);
  EXPECT_EQ(ground.confirmation_calls() + ground.consistency_calls(), measurement_calls(task));
  double seconds = 0;
  for (const SimulatedRecipe& recipe : task.recipes) {
    if (recipe.id == decision.verdict.recipe) seconds += ground.consistency_calls() * recipe.seconds_per_call;
    for (const std::string& id : decision.search.confirmed)
      if (id == recipe.id) seconds += ground.confirmation_calls() * recipe.seconds_per_call;
  }
  EXPECT_NEAR(decision.search.total_seconds - decision.search.search_seconds, seconds, 1e-6);
}

}  // namespace
}  // namespace fulcrum
