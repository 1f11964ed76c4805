// Several passes of one training step at a time, one thread each.
//
// A step's passes are independent but for the sum of their gradients. Giving each thread whole passes, instead of every
// operation to all threads, leaves nothing to wait for inside a pass and keeps its memory in that core's cache. Worker w
// takes passes w, w + workers, ...; the gradients are added up in the order of the workers, so the bits depend on the
// number of workers and on nothing else.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "train/backpropagation.h"
#include "train/parameters.h"

namespace fulcrum {

class PassWorkers {
 public:
  // `gradients`: the layout of what the work accumulates.
  PassWorkers(const ModelConfig& config, Precision precision, ParameterLayout gradients, std::int64_t workers);
  ~PassWorkers();

  // One pass on one worker's buffers: adds to `gradients`, returns the loss.
  using Work = std::function<double(Backpropagation& backpropagation, const TrainingRows& rows,
                                    ParameterArray& gradients)>;
  // Overwrites `gradients` with the sum over all passes, returns the sum of the losses. Rethrows what a pass threw.
  double run(const std::vector<TrainingRows>& passes, const Work& work, ParameterArray& gradients);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// As many as there are threads for OpenMP (--threads, OMP_NUM_THREADS, or the cores).
std::int64_t default_pass_workers();

}  // namespace fulcrum
