// Simulated tasks that no constant of the search or the rule was tuned on: everything about them is drawn
// from a seeded distribution over a wide range. They are for a figure to report. Whoever tunes on what they
// show has to draw a new set: change kHeldOutSeed, and say so where the figures stand.
#pragma once

#include <cstdint>
#include <vector>

#include "decide/simulated_task.h"

namespace fulcrum {

inline constexpr std::uint64_t kHeldOutSeed = 20261125;
inline constexpr int kHeldOutTasks = 60;

// Each with a recipe that is worth having: a share of next to nothing is no regret.
std::vector<SimulatedTask> held_out_tasks();

}  // namespace fulcrum
