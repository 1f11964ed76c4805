// Simulated tasks that no constant of the search or the rule was tuned on: everything about them is drawn
// from a seeded distribution over a wide range. They are for a figure to report. Whoever tunes on what they
// show has to draw a new set: add a seed, and say so where the figures stand.
//
// The first set was run twice, each time after the search or the rule had changed. A change of the rule
// that was not taken up was run on the second.
#pragma once

#include <cstdint>
#include <vector>

#include "decide/simulated_task.h"

namespace fulcrum {

inline constexpr std::uint64_t kHeldOutSeed = 20261125, kSecondHeldOutSeed = 20261126;
inline constexpr int kHeldOutTasks = 60;

// Each with a recipe that is worth having: a share of next to nothing is no regret.
std::vector<SimulatedTask> held_out_tasks(std::uint64_t seed = kHeldOutSeed);

}  // namespace fulcrum
