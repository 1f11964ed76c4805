#include "decide/search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "decide/simulated_task.h"

namespace fulcrum {
namespace {

// Six prompts, an adapter and two variations of it.
SimulatedTask task_of(double zero, double few, double best_prompt, double tuned, double tuned_otherwise) {
  SimulatedTask task;
  task.name = "toy";
  task.recipes = {{"zero_shot", {"prompt"}, "", zero, 0.02},
                  {"few_shot", {"prompt", "few_shot"}, "", few, 0.05, 0, 8},
                  {"few_shot@k2", {"prompt", "few_shot"}, "", few, 0.03, 0, 2},
                  {"few_shot@nearest", {"prompt", "few_shot"}, "", best_prompt, 0.06, 0, 100},
                  {"reasoning", {"prompt", "reasoning"}, "", zero, 0.15},
                  {"retrieval", {"prompt", "retrieval"}, "", zero, 0.05},
                  {"fine_tuned", {"fine_tune"}, "", tuned, 0.012, 40, 400},
                  {"fine_tuned@rank8", {"fine_tune"}, "fine_tuned", tuned_otherwise, 0.012, 40, 400},
                  {"fine_tuned@lr0.5x", {"fine_tune"}, "fine_tuned", tuned, 0.012, 40, 400}};
  task.circumstances.target = 0.85;
  task.circumstances.calls_per_month = 20000;
  task.prices.labelled_example = 0.1;
  return task;
}

SearchRecord race(const SimulatedTask& task, double budget_seconds, std::uint64_t seed = 1) {
  return simulate_decision(task, budget_seconds, seed).search;
}

const SearchedArm& arm(const SearchRecord& record, const std::string& id) {
  return *std::find_if(record.arms.begin(), record.arms.end(), [&](const auto& a) { return a.id == id; });
}

TEST(Search, SettlesEveryArmWithAReason) {
  const SearchRecord record = race(task_of(0.4, 0.5, 0.55, 0.95, 0.9), 150);
  ASSERT_EQ(record.arms.size(), 9U);
  EXPECT_EQ(record.confirmed.front(), "zero_shot");
  for (const SearchedArm& each : record.arms) {
    EXPECT_FALSE(each.why.empty()) << each.id;
    const bool listed =
        std::find(record.confirmed.begin(), record.confirmed.end(), each.id) != record.confirmed.end();
    EXPECT_EQ(listed, each.fate == ArmFate::confirmed) << each.id;
    EXPECT_EQ(each.dev.n, static_cast<std::int64_t>(each.scores.size()));
  }
  EXPECT_GE(record.rounds.size(), 2U);
  for (std::size_t i = 1; i < record.rounds.size(); ++i) {
    EXPECT_GE(record.rounds[i].items, record.rounds[i - 1].items);
    EXPECT_GE(record.rounds[i].seconds, record.rounds[i - 1].seconds);
  }
}

TEST(Search, FindsTheAdapterThatOnlyTrainingShows) {
  const SearchRecord record = race(task_of(0.4, 0.5, 0.55, 0.95, 0.95), 150);
  EXPECT_EQ(record.confirmed.at(1).substr(0, 10), "fine_tuned");
}

TEST(Search, FindsTheSettingsThatMakeALeverWork) {
  const SearchRecord record = race(task_of(0.3, 0.45, 0.95, 0.5, 0.5), 150);
  EXPECT_EQ(record.confirmed.at(1), "few_shot@nearest");
}

TEST(Search, KeepsItsBudgetWhereItCanBeKept) {
  for (const double budget : {150.0, 250.0, 400.0}) {
    const SimulatedDecision decision = simulate_decision(task_of(0.4, 0.5, 0.6, 0.9, 0.9), budget, 3);
    EXPECT_LE(decision.search.total_seconds, budget) << budget;
    EXPECT_LE(decision.search.search_seconds, decision.search.total_seconds);
  }
}

TEST(Search, DoesNotTrainWhatItCannotPayFor) {
  const SearchRecord record = race(task_of(0.4, 0.5, 0.55, 0.95, 0.95), 45);
  EXPECT_EQ(arm(record, "fine_tuned").fate, ArmFate::not_afforded);
  EXPECT_EQ(arm(record, "fine_tuned@rank8").fate, ArmFate::not_entered);
  EXPECT_EQ(arm(record, "fine_tuned").seconds, 0);
}

TEST(Search, VariationsAreTrainedOnlyWhileTheirParentRaces) {
  const SearchRecord poor = race(task_of(0.4, 0.9, 0.95, 0.1, 0.95), 600);
  EXPECT_EQ(arm(poor, "fine_tuned@rank8").fate, ArmFate::not_entered);
  EXPECT_EQ(arm(poor, "fine_tuned@rank8").against, "fine_tuned");
  const SearchRecord good = race(task_of(0.4, 0.5, 0.55, 0.8, 0.95), 600);
  EXPECT_GT(arm(good, "fine_tuned@rank8").seconds, 40);
}

TEST(Search, WhatTheCircumstancesRuleOutIsNotAsked) {
  SimulatedTask task = task_of(0.4, 0.5, 0.55, 0.95, 0.95);
  task.circumstances.facts_change = true;
  const SearchRecord record = race(task, 300);
  for (const char* id : {"fine_tuned", "fine_tuned@rank8", "fine_tuned@lr0.5x"}) {
    EXPECT_EQ(arm(record, id).fate, ArmFate::ruled_out);
    EXPECT_EQ(arm(record, id).dev.n, 0);
  }
}

TEST(Search, ABaseThatReachesTheTargetIsNotBeatenByABetterOne) {
  const SearchRecord record = race(task_of(0.95, 0.99, 0.99, 0.99, 0.99), 300);
  EXPECT_GT(arm(record, "zero_shot").share, 0.5);
}

TEST(Search, TheSameRaceTwiceIsTheSame) {
  const SimulatedTask task = task_of(0.4, 0.6, 0.7, 0.8, 0.8);
  const SearchRecord first = race(task, 200, 5), second = race(task, 200, 5);
  EXPECT_EQ(first.confirmed, second.confirmed);
  for (std::size_t i = 0; i < first.arms.size(); ++i) {
    EXPECT_EQ(first.arms[i].scores, second.arms[i].scores);
    EXPECT_EQ(first.arms[i].why, second.arms[i].why);
  }
}

// Rounds are independent, what a round lost is the sum of its shares; neither a proof nor an arm that
// answered nothing is a loss.
TEST(Search, CountsTheChanceThatTheBestWasLetGo) {
  SearchRecord record;
  const auto add = [&](const std::string& id, ArmFate fate, int round, double share, std::int64_t answered) {
    SearchedArm arm;
    arm.id = id;
    arm.fate = fate;
    arm.round = round;
    arm.share = share;
    arm.dev.n = answered;
    record.arms.push_back(arm);
  };
  add("kept", ArmFate::confirmed, 3, 0.75, 30);
  EXPECT_EQ(record.chance_missed(), 0);
  add("a", ArmFate::left_behind, 2, 0.16, 20);
  add("b", ArmFate::left_behind, 2, 0.04, 20);
  add("c", ArmFate::not_afforded, 3, 0.25, 30);
  add("proven", ArmFate::proven_out, 2, 0.3, 20);
  add("untrained", ArmFate::not_afforded, 2, 0, 0);
  EXPECT_NEAR(record.chance_missed(), 1 - 0.8 * 0.75, 1e-12);
  EXPECT_EQ(record.possibly_missed(0.05), (std::vector<std::string>{"a", "c"}));
  EXPECT_EQ(record.untried(), std::vector<std::string>{"untrained"});
}

TEST(Search, NeedsArmsItemsAndABudget) {
  SimulatedTask task = task_of(0.4, 0.5, 0.5, 0.5, 0.5);
  EXPECT_THROW(race(task, 0), Error);
  task.dev_items = 0;
  EXPECT_THROW(race(task, 100), Error);
  task.recipes.clear();
  task.dev_items = 10;
  EXPECT_THROW(race(task, 100), Error);
}

// ---- simulation ----

// Equal recipes, no target, looked at round after round, and the survivors confirmed: a recipe that is dearer
// than the cheapest is a false winner.
TEST(SearchSlow, NamesAFalseWinnerInAtMostFivePercent) {
  SimulatedTask task = task_of(0.6, 0.6, 0.6, 0.6, 0.6);
  task.circumstances.target.reset();
  task.test_items = 100;
  constexpr int kRuns = 2000;
  int false_winners = 0, wrongly_proven_out = 0;
  for (int run = 0; run < kRuns; ++run) {
    SimulatedGround ground(task, static_cast<std::uint64_t>(run));
    std::vector<SearchArm> arms;
    for (const SimulatedRecipe& recipe : task.recipes)
      arms.push_back({recipe.id, recipe.levers, recipe.parent});
    const SearchRecord record =
        search(arms, ground, {150, task.circumstances, 3, static_cast<std::uint64_t>(run)});
    bool proven_out = false;
    for (const SearchedArm& each : record.arms) proven_out = proven_out || each.fate == ArmFate::proven_out;
    wrongly_proven_out += proven_out;
    std::vector<RuleOption> options;
    std::vector<Candidate> candidates;
    for (std::size_t i = 0; i < arms.size(); ++i) {
      if (std::find(record.confirmed.begin(), record.confirmed.end(), arms[i].id) == record.confirmed.end())
        continue;
      candidates.push_back(ground.measure(i));
      const Candidate& c = candidates.back();
      options.push_back({c.arm.recipe, c.arm.levers, c.quality.estimate, c.quality.high, c.cost});
    }
    std::size_t cheapest = 0;
    const auto total = [&](std::size_t i) {
      return options[i].cost.total(task.circumstances.calls_per_month, task.circumstances.horizon_months);
    };
    for (std::size_t i = 1; i < options.size(); ++i)
      if (total(i) < total(cheapest)) cheapest = i;
    const Choice choice = choose(options, task.circumstances, [&](std::size_t a, std::size_t b) {
      return compare_paired(candidates[a].arm.scores, candidates[b].arm.scores, 1).p_value;
    });
    false_winners += choice.chosen != cheapest;
  }
  EXPECT_LE(false_winners, 0.05 * kRuns);
  EXPECT_LE(wrongly_proven_out, 0.05 * kRuns);
}

}  // namespace
}  // namespace fulcrum
