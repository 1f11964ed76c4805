// Where a decision's regret comes from. The parts add up to it:
//
// search  the best recipe never met the test: what the best of those that did would have lost
// aim     of the rest, what the rule would lose with every quality known: it knows neither what a right answer
//         is worth nor that more than the target is worth nothing
// noise   what it loses besides by choosing on the measured qualities as if every difference were proven
// proof   what asking for proof adds; below 0 where the proof kept it from a mistake
//
// All of them as shares of the best recipe's value.
#pragma once

#include <string>
#include <vector>

#include "decide/simulated_task.h"

namespace fulcrum {

struct RegretParts {
  double search = 0, aim = 0, noise = 0, proof = 0;
  double sum() const { return search + aim + noise + proof; }
  void add(const RegretParts& other);
};

// Of the decision for `chosen` among `confirmed`, which were measured with this seed.
RegretParts regret_parts(const SimulatedTask& task, std::uint64_t seed,
                         const std::vector<std::string>& confirmed, const std::string& chosen);

}  // namespace fulcrum
