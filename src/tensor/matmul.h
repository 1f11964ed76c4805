// Matrix products. T rows (tokens), K inputs, N outputs; a linear layer's weight is W [N, K], as in files.
//
// Two families, because they serve two laws. `Linear` is the engine's: weights packed once, results bit-identical for
// any number of rows and threads (law 2). The gemm_* functions are the trainer's: through oneDNN, where a choice of
// precision matters more than the order of sums; a fixed shape and thread count still gives the same bits every time.
#pragma once

#include <cstdint>
#include <memory>

#include "tensor/tensor.h"

namespace fulcrum {

enum class Accumulate { overwrite, add };

// How the trainer's products are computed: f32 throughout, or bf16 operands with f32 accumulation.
enum class Precision { f32, bf16 };

// y = x W^T. x [T, K], w [N, K], y [T, N].
void gemm_nt(ConstMatrix x, ConstMatrix w, Matrix y, Precision precision, Accumulate accumulate);
// dx = dy W. dy [T, N], w [N, K], dx [T, K].
void gemm_nn(ConstMatrix dy, ConstMatrix w, Matrix dx, Precision precision, Accumulate accumulate);
// dw = dy^T x. dy [T, N], x [T, K], dw [N, K].
void gemm_tn(ConstMatrix dy, ConstMatrix x, Matrix dw, Precision precision, Accumulate accumulate);

// A frozen linear layer, packed for this CPU. Activations and sums are f32; weights f32, f16, bf16 or q8_0.
// Each output element is one dot product whose order of additions depends on K alone.
class Linear {
 public:
  Linear() = default;
  // `weight` [N, K]; `bias` is absent or f32 [N].
  static Linear pack(const Tensor& weight, const Tensor* bias);
  std::int64_t inputs() const;
  std::int64_t outputs() const;
  // y [T, N] = x [T, K] W^T + bias.
  void apply(ConstMatrix x, Matrix y) const;
  explicit operator bool() const { return state_ != nullptr; }

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

// Readable twin of both families: three loops, f64 sums.
void matmul_reference(ConstMatrix x, ConstMatrix w, Matrix y);

}  // namespace fulcrum
