// A task that exists only as numbers: recipes with a known share of right answers, prices and times. Which
// recipe is best is known by construction, so that the search and the verdict can be held to it.
//
// Items have a difficulty of their own that all recipes share in part, as real ones do; a recipe's answer to
// an item is a pure function of (seed, recipe, item). Nothing here asks a model. Seconds are simulated.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "decide/search.h"
#include "decide/verdict.h"

namespace fulcrum {

struct SimulatedRecipe {
  std::string id;
  std::vector<std::string> levers;
  std::string parent;  // as in SearchArm
  double quality = 0;  // true share of right answers
  double seconds_per_call = 0.02;
  double training_seconds = 0;
  std::int64_t labels = 0;
  std::string stands_in_for = {};  // as in SearchArm
};

struct SimulatedTask {
  std::string name;
  std::vector<SimulatedRecipe> recipes;  // the first is the untouched base
  Circumstances circumstances;
  Prices prices;
  std::int64_t dev_items = 60, test_items = 300;
  double together = 0.6;  // how much of an outcome is the item's own difficulty
  // What the user gains by a right answer, in money, up to the target and not beyond it.
  double worth_of_right_answer = 0.05;
};

// What the recipe brings over the horizon: right answers up to the target at their worth, less what it costs.
// A recipe that the circumstances rule out is right half as often as it measures.
double value_of(const SimulatedTask& task, std::size_t recipe);
// Of those that race for themselves.
std::size_t best_recipe(const SimulatedTask& task);

// Calls of one full measurement: the test items, and those asked again for consistency and latency.
double measurement_calls(const SimulatedTask& task);
// Training and fully measuring every recipe.
double exhaustive_seconds(const SimulatedTask& task);

class SimulatedGround final : public SearchGround {
 public:
  SimulatedGround(const SimulatedTask& task, std::uint64_t seed) : task_(task), seed_(seed) {}
  std::size_t items() const override;
  double now_seconds() const override { return now_; }
  double prepare_seconds(std::size_t arm) const override;
  void prepare(std::size_t arm) override;
  std::vector<double> answer(std::size_t arm, std::size_t begin, std::size_t end) override;
  double total_cost(std::size_t arm, double seconds_per_call) const override;
  double confirmation_calls() const override;
  double consistency_calls() const override;
  double guard_seconds(std::size_t) const override { return 0; }

  // The recipe measured on the test items; the clock goes on.
  Candidate measure(std::size_t recipe);
  // For consistency, of which nothing is kept but the time.
  void ask_again(std::size_t recipe);

 private:
  std::vector<double> scores(std::size_t recipe, std::uint64_t begin, std::uint64_t end) const;
  UpfrontWork work_of(std::size_t recipe) const;

  const SimulatedTask& task_;
  const std::uint64_t seed_;
  double now_ = 0;
};

// The whole way: race under a budget, confirmation on the test items, verdict, consistency of what it
// recommends.
struct SimulatedDecision {
  SearchRecord search;
  Verdict verdict;
};
// Whether the decision is told what a right answer is worth.
enum class Worth { unsaid, said };
SimulatedDecision simulate_decision(const SimulatedTask& task, double budget_seconds, std::uint64_t seed,
                                    Worth worth = Worth::unsaid);
// Every recipe trained and measured, no race.
Verdict simulate_exhaustive(const SimulatedTask& task, std::uint64_t seed);

}  // namespace fulcrum
