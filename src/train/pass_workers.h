// Several passes of one training step at a time, one thread each.
//
// Giving each thread whole passes, instead of every operation to all threads, leaves nothing to wait for
// inside a pass and keeps its memory in that core's cache. Gradients are kept apart by pass and added up in
// the order of the passes, so the bits depend on how a step was cut into passes and not on the number of
// threads.
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
  PassWorkers(const ModelConfig& config, Precision precision, std::int64_t workers);
  ~PassWorkers();

  // Calls work(backpropagation, pass) once for each pass in [0, passes), each worker with buffers of its own.
  // Rethrows what a pass threw, the lowest worker's first.
  using Work = std::function<void(Backpropagation& backpropagation, std::size_t pass)>;
  void run(std::size_t passes, const Work& work);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// As many as there are threads for OpenMP (--threads, OMP_NUM_THREADS, or the cores).
std::int64_t default_pass_workers();

// The gradients of each pass, and their sum.
class PassGradients {
 public:
  explicit PassGradients(ParameterLayout layout);
  // Adds d(loss) of one pass to `gradients`, returns its loss.
  using Work = std::function<double(Backpropagation& backpropagation, const TrainingRows& rows,
                                    ParameterArray& gradients)>;
  // Overwrites `sum`; returns the sum of the losses.
  double compute(PassWorkers& workers, const std::vector<TrainingRows>& passes, const Work& work,
                 ParameterArray& sum);

 private:
  ParameterLayout layout_;
  std::vector<ParameterArray> parts_;
};

// Sum of the losses of the passes, without gradients.
double sum_of_losses(PassWorkers& workers, const std::vector<TrainingRows>& passes,
                     const std::function<double(Backpropagation&, const TrainingRows&)>& work);

}  // namespace fulcrum
