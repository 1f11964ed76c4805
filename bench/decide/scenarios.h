// Simulated tasks whose best lever is known by construction: what zero-shot gets right, and how quality rises
// and falls with each lever's settings. Seventeen kinds of task in three versions each.
#pragma once

#include <string>
#include <vector>

#include "decide/simulated_task.h"

namespace fulcrum {

struct Scenario {
  SimulatedTask task;
  std::string kind;      // "facts missing"
  std::string intended;  // the lever that the kind was made for: what the best recipe's id begins with
  bool tellable = true;  // false: its best recipes are so alike that no test of this size can tell them apart
};

std::vector<Scenario> decision_scenarios();

}  // namespace fulcrum
