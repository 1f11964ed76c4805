// Simulated tasks to develop the method on: wide priors over how many recipes there are, how close they lie,
// which lever or setting is best, how many items and labels there are, how recipes fail together, what calls,
// trainings and labels cost and how many calls come. Broader than a real task is likely to be, so that a
// method that does well here does not rest on one kind of task. Look at them as often as you like; figures to
// report come from held_out.h.
#pragma once

#include <cstdint>
#include <vector>

#include "decide/simulated_task.h"

namespace fulcrum {

inline constexpr std::uint64_t kDevelopmentSeed = 7130441;
inline constexpr int kDevelopmentTasks = 240;

// Each with a recipe whose value is at least a third of what all calls right would bring. A task's name says
// what was drawn for it.
std::vector<SimulatedTask> development_tasks();

}  // namespace fulcrum
