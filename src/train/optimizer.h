// From gradients to new weights: AdamW for everything, or Muon for the matrices and AdamW for the rest.
//
// AdamW with decoupled decay (Loshchilov and Hutter 2019); only matrices are decayed, not
// norms, biases or the embedding. Muon (Jordan et al. 2024):
// the momentum of a matrix, orthogonalised, scaled by 0.2 * sqrt(larger side) so that AdamW's learning rate
// and decay serve both (Liu et al. 2025). The gradient's norm over all parameters is clipped first. Same
// input, same bits, for any number of threads.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tensor/matmul.h"
#include "train/parameters.h"

namespace fulcrum {

enum class OptimizerKind { adamw, muon };

struct OptimizerConfig {
  OptimizerKind kind = OptimizerKind::adamw;
  double beta1 = 0.9, beta2 = 0.95, epsilon = 1e-8;
  double weight_decay = 0.1;
  double clip_norm = 1.0;  // infinity: never
  double muon_momentum = 0.95;
};

class Optimizer {
 public:
  Optimizer(ParameterLayout layout, const OptimizerConfig& config);

  // One step; returns the gradient's norm before clipping. Error(invalid_argument) if that is NaN or
  // infinite: nothing has been changed then. The gradients are used up (scaled).
  double step(ParameterArray& weights, ParameterArray& gradients, double learning_rate);

  // What a checkpoint holds besides the weights.
  std::int64_t steps_done() const { return steps_; }
  void set_steps_done(std::int64_t steps) { steps_ = steps; }
  ParameterArray& first_moments() { return first_; }
  ParameterArray& second_moments() { return second_; }

 private:
  void adamw(const ParameterSlot& slot, std::span<float> weights, std::span<const float> gradients,
             double rate);
  void muon(const ParameterSlot& slot, std::span<float> weights, std::span<const float> gradients,
            double rate);

  ParameterLayout layout_;
  OptimizerConfig config_;
  ParameterArray first_, second_;  // Muon keeps its momentum in first_
  std::int64_t steps_ = 0;
};

// Sum of squares in f64, in a fixed order.
double sum_of_squares(std::span<const float> values);

// The orthogonal factor of x [N, K], approximately: every singular value comes out between about 0.7 and 1.2.
// Five Newton-Schulz iterations of the quintic 3.4445 s - 4.7750 s^3 + 2.0315 s^5. y may not be x.
void orthogonalize(ConstMatrix x, Matrix y);

}  // namespace fulcrum
