// The recipes of a simulated task as curves give them: the grid that a search would race over, and how
// quality and time answer to each lever's settings.
#pragma once

#include <cstdint>
#include <vector>

#include "decide/simulated_task.h"

namespace fulcrum {

enum class Documents { none, there };

// How quality answers to each lever. Gains are in shares of right answers, over zero-shot.
struct Curves {
  double zero = 0.4;
  double few_gain = 0.05, demonstrations_needed = 2;  // gain * (1 - exp(-k / needed))
  double crowding = 0.0;                              // lost with each demonstration beyond the second
  double nearest_gain = 0.0;                          // over fixed demonstrations
  double reasoning_gain = -0.05;
  Documents documents = Documents::none;
  double retrieval_gain = 0.0, passages_needed = 1;
  double distraction = 0.01;  // lost with each passage
  double best_chunk_tokens = 120;
  double few_beside_retrieval = 0.02;
  double tuned_gain = 0.1, tuned_retrieval_gain = 0.1;
  double best_rate = 1;  // of the learning rates tried, as multiples of the task's own
  double rate_loss = 0.03, small_rank_loss = 0.01;
};

// Seconds of one call by what the prompt holds, and of one training.
struct Pace {
  double question = 0.02, demonstration = 0.004, nearest_search = 0.01, nearest_demonstration = 0.005;
  double reasoning = 0.15, passage_token = 0.00012, passages_search = 0.01;
  double retrieval_and_demonstrations = 0.12;
  double tuned = 0.012, tuned_retrieval = 0.05;
  double training = 45, training_retrieval = 70;
};

// What of a training's gain over its untrained twin a shorter one keeps. A bundled task's adapters keep 0.97
// to 1.0 with half the epochs and 0.9 with a third; these are on the safe side.
void add_short_trainings(SimulatedTask& task);

// Zero-shot first. Without documents there is no retrieval.
std::vector<SimulatedRecipe> recipes_of_curves(const Curves& curves, const Pace& pace);

}  // namespace fulcrum
