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

// The same with a training of half and one of a sixth of the length to stand in for the adapter.
SimulatedTask task_with_stand_ins() {
  SimulatedTask task = task_of(0.4, 0.5, 0.55, 0.95, 0.95);
  const SimulatedRecipe whole = task.recipes[6];
  for (const auto& [id, share] : {std::pair("fine_tuned@e3", 0.5), std::pair("fine_tuned@e2@n60", 1.0 / 6)}) {
    SimulatedRecipe recipe = whole;
    recipe.id = id;
    recipe.quality = 0.9;
    recipe.training_seconds *= share;
    recipe.stands_in_for = whole.id;
    task.recipes.push_back(recipe);
  }
  return task;
}

bool has(const SearchRecord& record, const std::string& id) {
  return std::any_of(record.arms.begin(), record.arms.end(), [&](const auto& each) { return each.id == id; });
}

TEST(Search, AShorterTrainingStandsInForOneThatIsNotAfforded) {
  const SearchRecord record = race(task_with_stand_ins(), 68);
  EXPECT_EQ(arm(record, "fine_tuned").fate, ArmFate::not_afforded);
  EXPECT_NE(arm(record, "fine_tuned").why.find("fine_tuned@e3 ran in its place"), std::string::npos)
      << arm(record, "fine_tuned").why;
  EXPECT_EQ(arm(record, "fine_tuned").dev.n, 0);
  EXPECT_EQ(record.untried(), std::vector<std::string>{"fine_tuned"});
  EXPECT_EQ(record.confirmed.at(1), "fine_tuned@e3");
  EXPECT_FALSE(has(record, "fine_tuned@e2@n60"));
  EXPECT_LE(simulate_decision(task_with_stand_ins(), 68, 1).search.total_seconds, 68);
  const SearchRecord poorer = race(task_with_stand_ins(), 44);
  EXPECT_EQ(poorer.confirmed.at(1), "fine_tuned@e2@n60");
}

TEST(Search, NobodyStandsInForWhatIsAfforded) {
  const SimulatedTask task = task_with_stand_ins();
  const SearchRecord record = race(task, 300), alone = race(task_of(0.4, 0.5, 0.55, 0.95, 0.95), 300);
  EXPECT_FALSE(has(record, "fine_tuned@e3"));
  EXPECT_FALSE(has(record, "fine_tuned@e2@n60"));
  EXPECT_GT(arm(record, "fine_tuned").seconds, 40);
  EXPECT_DOUBLE_EQ(record.exhaustive_seconds, alone.exhaustive_seconds);
}

// A simulation that takes trainings to last three times as long as they do, until one has been seen.
class PessimisticGround final : public SearchGround {
 public:
  explicit PessimisticGround(const SimulatedTask& task) : inner_(task, 1) {}
  std::size_t items() const override { return inner_.items(); }
  double now_seconds() const override { return inner_.now_seconds(); }
  double prepare_seconds(std::size_t arm) const override { return factor_ * inner_.prepare_seconds(arm); }
  void prepare(std::size_t arm) override {
    inner_.prepare(arm);
    factor_ = 1;
  }
  std::vector<double> answer(std::size_t arm, std::size_t begin, std::size_t end) override {
    return inner_.answer(arm, begin, end);
  }
  double total_cost(std::size_t arm, double seconds_per_call) const override {
    return inner_.total_cost(arm, seconds_per_call);
  }
  double confirmation_calls() const override { return inner_.confirmation_calls(); }
  double consistency_calls() const override { return inner_.consistency_calls(); }
  double guard_seconds(std::size_t) const override { return 0; }

 private:
  SimulatedGround inner_;
  double factor_ = 3;
};

TEST(Search, TheWholeTrainingFollowsWhereTheShorterOneWasQuickerThanThought) {
  const SimulatedTask task = task_with_stand_ins();
  std::vector<SearchArm> arms;
  for (const SimulatedRecipe& recipe : task.recipes)
    arms.push_back({recipe.id, recipe.levers, recipe.parent, recipe.stands_in_for});
  PessimisticGround ground(task);
  const SearchRecord record = search(arms, ground, {130, task.circumstances, 5, 1});
  EXPECT_GT(arm(record, "fine_tuned@e3").dev.n, 0);
  EXPECT_GT(arm(record, "fine_tuned").dev.n, 0);
}

// Two adapters of different kinds; the budget pays for one of them whole, or for both in short.
TEST(Search, NoKindOfLeverGoesUnseenForTheSakeOfAnother) {
  SimulatedTask task = task_with_stand_ins();
  SimulatedRecipe with_documents = task.recipes[6];
  with_documents.id = "fine_tuned+retrieval";
  with_documents.levers = {"fine_tune", "retrieval"};
  task.recipes.push_back(with_documents);
  with_documents.id = "fine_tuned+retrieval@e3";
  with_documents.stands_in_for = "fine_tuned+retrieval";
  with_documents.training_seconds /= 2;
  task.recipes.push_back(with_documents);
  const SearchRecord record = race(task, 95);
  EXPECT_GT(arm(record, "fine_tuned@e3").dev.n, 0);
  EXPECT_GT(arm(record, "fine_tuned+retrieval@e3").dev.n, 0);
}

TEST(Search, WhatStandsBestIsVariedFirst) {
  SimulatedTask task = task_of(0.4, 0.5, 0.55, 0.6, 0.6);
  SimulatedRecipe better = task.recipes[6];
  better.id = "fine_tuned+retrieval";
  better.levers = {"fine_tune", "retrieval"};
  better.quality = 0.8;
  task.recipes.push_back(better);
  better.id = "fine_tuned+retrieval@rank8";
  better.parent = "fine_tuned+retrieval";
  task.recipes.push_back(better);
  const SearchRecord record = race(task, 185);
  EXPECT_GT(arm(record, "fine_tuned+retrieval@rank8").dev.n, 0);
  EXPECT_EQ(arm(record, "fine_tuned@rank8").dev.n, 0);
}

TEST(Search, WhereAWorthIsSaidTheRaceIsForIt) {
  // Demonstrations gain a tenth at ten times the seconds of a call; nothing reaches the target.
  SimulatedTask task = task_of(0.6, 0.6, 0.7, 0.3, 0.3);
  task.recipes.resize(4);
  task.recipes[3].seconds_per_call *= 4;
  task.dev_items = 200;
  const auto leader = [&](double worth) {
    task.worth_of_right_answer = worth;
    const SearchRecord record = simulate_decision(task, 500, 1, Worth::said).search;
    return std::ranges::max_element(record.arms, {}, &SearchedArm::share)->id;
  };
  EXPECT_EQ(leader(1), "few_shot@nearest");
  EXPECT_EQ(leader(1e-6), "zero_shot");
}

TEST(Search, FewMeetTheTest) {
  // One prompt is far ahead; of what else is still there, one of each kind goes with it.
  SimulatedTask task = task_of(0.3, 0.32, 0.9, 0.3, 0.3);
  task.circumstances.target.reset();
  const SearchRecord record = race(task, 400);
  EXPECT_EQ(record.confirmed.at(1), "few_shot@nearest");
  for (std::size_t i = 2; i < record.confirmed.size(); ++i) {
    const std::string& id = record.confirmed[i];
    EXPECT_TRUE(id == "retrieval" || id.starts_with("fine_tuned")) << id;
    EXPECT_NE(arm(record, id).why.find("of its kind"), std::string::npos) << arm(record, id).why;
  }
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
