// How long and how much measuring each recipe will take, told before anything runs: a few dev items are
// answered and a few examples trained on, on this machine, and the rest is counted.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "decide/workshop.h"
#include "measure/evaluation.h"

namespace fulcrum {

struct RecipeForecast {
  std::string recipe;
  double seconds_per_call = 0;
  double training_seconds = 0;   // if training is not stopped early
  double measuring_seconds = 0;  // the whole evaluation
  double cost = 0;               // of both, at the task's price of a machine-hour
  double seconds() const { return training_seconds + measuring_seconds; }
};

// Calls that evaluate() makes over so many items.
double calls_of_evaluation(std::int64_t items, const EvaluationOptions& options);
// Those of them that ask for consistency.
double calls_of_consistency(std::int64_t items, const EvaluationOptions& options);

// A recipe that is yet to be trained is timed without its adapter, which adds little to a call.
std::vector<RecipeForecast> forecast_recipes(std::span<const Recipe> recipes, Workshop& workshop,
                                             std::int64_t test_items, const EvaluationOptions& options);

}  // namespace fulcrum
