// The trainer's matrix products, through oneDNN. T rows (tokens), K inputs, N outputs; a weight is W [N, K],
// as in files.
//
// A choice of precision matters here more than the order of sums; a fixed shape and thread count still gives
// the same bits every time. Where the CPU has no bf16 arithmetic, Precision::bf16 is computed in f32.
#pragma once

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

}  // namespace fulcrum
