// Which arms of a race meet the test, told from the dev items alone: the fewer do, the less the test has to
// prove of each (Holm over those confirmed) and the more of the budget is left for the others.
//
// Those that may be the best, and of each kind of lever that is still in the race the one that would be
// taken among its own kind, however unlikely: what it measures on the test is what the others are worth their
// price by. The untouched base is not asked for here: it is confirmed whatever the race shows.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "decide/rule.h"

namespace fulcrum {

// The share of resamples from which an arm may be the best: what is below would not be named as a rival.
inline constexpr double kLeastConfirmedShare = 0.05;

// An arm at the end of the race.
struct Contender {
  std::vector<std::string> levers;
  double share = 0;       // of the resamples on which it would have been taken
  double quality = 0;     // on the dev items
  double total_cost = 0;  // over the horizon
};

// What a prompt alone does, retrieval, weights, or both: between these the costs and the risks differ.
enum class LeverKind { prompt, retrieval, fine_tune, fine_tune_and_retrieval };
LeverKind kind_of(std::span<const std::string> levers);

// Which of these qualities and costs the rule (decide/rule.h) would take, could it see them as they are: the
// cheapest that reaches the target; where none does, what is worth the most after its costs if the worth of a
// right answer is said, and else the cheapest that is as good as the best. Neither list may be empty.
std::size_t preferred(std::span<const double> quality, std::span<const double> total_cost,
                      const Circumstances& circumstances);

enum class ConfirmedFor { promise, kind };
struct Confirmed {
  std::size_t contender = 0;
  ConfirmedFor reason = ConfirmedFor::promise;
  bool operator==(const Confirmed&) const = default;
};

// In the order in which the budget is to pay for them: the first whatever its share, then the likely ones as
// they come, then those for their kind. `best_first` without the base. At most `most` of them.
std::vector<Confirmed> to_be_confirmed(std::span<const Contender> best_first,
                                       const Circumstances& circumstances, std::size_t most);

}  // namespace fulcrum
