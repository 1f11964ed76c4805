// Which of many recipes are worth the test set: sequential halving on dev items under a budget.
//
// Recipes are arms. All arms that are still in the race answer the same dev items, a few more each round, and
// after a round the worse half goes; not after the first, whose few items only tell how long a call takes.
// What counts as better is what the rule (decide/rule.h) would take: for each of many resamples of the items
// answered so far, the cheapest arm that reaches the target, or where none does the best one or, if the worth
// of a right answer is said, the one that is worth the most; an arm's rank
// is the share of resamples on which it is taken. An arm goes at once when an interval that may be looked at
// at any time (measure/confidence_sequence.h; Bonferroni over all pairs of arms) shows that it cannot be the
// choice. An arm that must be prepared (trained) enters after the first round, if the budget allows it and
// the arm whose settings it varies is still in the race. Kinds of lever that nobody has tried are paid for
// first, then variations of what stands best. Where the budget does not pay for an arm's preparation, one
// that stands in for it does: it is prepared for less (a shorter training), and is a recipe of its own.
//
// The race sees dev items only. A reserve is kept for confirming the survivors on the test items; that is the
// caller's. Scores lie in [0, 1]; where the metric is a figure of the whole sample (macro-F1), their mean
// stands in for it here. Time is the ground's, so that a simulation can race on a clock of its own.
//
// Sources: Karnin, Koren & Somekh 2013 (sequential halving); Shi et al. 2024, arXiv 2402.09723 (prompts as
// arms).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "decide/rule.h"
#include "decide/search_record.h"

namespace fulcrum {

struct SearchArm {
  std::string id;
  std::vector<std::string> levers;
  std::string parent;  // the arm whose settings it varies; empty: it enters on its own
  // The arm that it replaces where the budget does not pay for that one; of several the dearest comes first.
  // Empty: it races for itself.
  std::string stands_in_for = {};
};

// Where the race is run: the real models and items, or a simulation of them. Arms and items by position.
class SearchGround {
 public:
  virtual ~SearchGround() = default;
  virtual std::size_t items() const = 0;  // dev items, in the order in which they are to be asked
  virtual double now_seconds() const = 0;
  // Forecast; 0 for an arm that needs no preparation.
  virtual double prepare_seconds(std::size_t arm) const = 0;
  virtual void prepare(std::size_t arm) = 0;
  // Scores of items begin to end - 1.
  virtual std::vector<double> answer(std::size_t arm, std::size_t begin, std::size_t end) = 0;
  // What the arm would cost over the horizon if a call took so long.
  virtual double total_cost(std::size_t arm, double seconds_per_call) const = 0;
  // How many calls measuring an arm on the test makes.
  virtual double confirmation_calls() const = 0;
  // How many more asking an arm again for consistency makes. Only the arm that is recommended is, in the end.
  virtual double consistency_calls() const = 0;
  // What confirming this arm takes beside those calls: an adapter is asked the guard suite too.
  virtual double guard_seconds(std::size_t arm) const = 0;
};

struct SearchSettings {
  double budget_seconds = 0;  // of the ground's clock, search and confirmation together
  Circumstances circumstances;
  std::size_t most_confirmed = 5;  // beside the base
  std::uint64_t seed = 0;
};

// The first arm is the untouched base: it is confirmed whatever the race shows. Error invalid_argument
// without arms, without dev items or without a budget.
SearchRecord search(const std::vector<SearchArm>& arms, SearchGround& ground, const SearchSettings& settings);

}  // namespace fulcrum
