// The engine's linear layer: frozen weights packed once, and products whose bits are the same for any number
// of rows and threads (law 2 of the numbers).
//
// Each output element starts at its bias (or 0) and takes x[k] * w[n, k] in ascending k, by fused
// multiply-add where the CPU has one: the order of additions depends on K alone. bf16 and f16 weights stay in
// that form in memory; each is widened exactly to f32 before it is multiplied. Quantised weights stay in
// their blocks, and x is rounded to int8 for them: tensor/quantised_product.h says how, and how far that
// goes.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "tensor/tensor.h"

namespace fulcrum {

class Linear {
 public:
  Linear() = default;
  // `weight` [N, K] of f32, f16, bf16 or a quantised type; `bias` is absent or f32 [N].
  static Linear pack(const Tensor& weight, const Tensor* bias);
  // The same of several weights of one type and one K, their outputs side by side; `bias` is theirs.
  static Linear pack(std::span<const Tensor> parts, const Tensor* bias);
  std::int64_t inputs() const;
  std::int64_t outputs() const;
  // y [T, N] = x [T, K] W^T + bias.
  void apply(ConstMatrix x, Matrix y) const;
  explicit operator bool() const { return state_ != nullptr; }

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

}  // namespace fulcrum
