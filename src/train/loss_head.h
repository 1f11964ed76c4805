// The end of a training pass: from the last hidden rows to the loss over the vocabulary, and back to their
// gradient.
//
// Only rows with a non-zero weight are computed, up to a fixed number at a time, so that memory stays at
// [slice, V] and products come in few shapes. What a row's loss and gradient are does not depend on the
// others.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "tensor/matmul.h"
#include "train/activations.h"

namespace fulcrum {

// Scratch of the head; one for each Backpropagation.
class LossHead {
 public:
  // soft_cap: logits become cap * tanh(logits / cap).
  LossHead(std::int64_t d_model, std::int64_t vocab_size, const std::optional<double>& soft_cap);

  // Sum of weights[t] * -log p(targets[t]) with logits = x output^T, capped. x [T, C], output [V, C].
  double loss(ConstMatrix x, ConstMatrix output, std::span<const std::int32_t> targets,
              std::span<const float> weights, Precision precision);

  // The same; dx [T, C] is overwritten with d (loss / divisor) / dx, and d_output, if present, is added to.
  double loss_backward(ConstMatrix x, ConstMatrix output, std::span<const std::int32_t> targets,
                       std::span<const float> weights, double divisor, Precision precision, Matrix dx,
                       const std::optional<Matrix>& d_output);

 private:
  void choose_rows(std::span<const float> weights);
  // Gathers `rows` rows from the chosen one at `first` on and computes their loss; leaves d logits behind.
  double slice_loss(std::int64_t first, std::int64_t rows, ConstMatrix x, ConstMatrix output,
                    std::span<const std::int32_t> targets, std::span<const float> weights, double divisor,
                    Precision precision);

  std::vector<std::int64_t> chosen_;  // rows with a weight
  std::optional<float> soft_cap_;
  RowBuffer gathered_, d_gathered_, logits_;
  RowBuffer slopes_;  // d capped / d logits; only with a cap
  std::vector<std::int32_t> slice_targets_;
  std::vector<float> slice_weights_;
};

}  // namespace fulcrum
