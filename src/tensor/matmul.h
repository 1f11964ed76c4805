// Matrix products. T rows (tokens), K inputs, N outputs; a linear layer's weight is W [N, K], as in files.
//
// Two families, because they serve two laws. `Linear` (tensor/linear.h) is the engine's: weights packed once,
// results bit-identical for any number of rows and threads. The gemm_* functions (tensor/gemm.h) are the
// trainer's: through oneDNN, where a choice of precision matters more than the order of sums.
#pragma once

#include "tensor/gemm.h"
#include "tensor/linear.h"
#include "tensor/tensor.h"

namespace fulcrum {

// Readable twin of both families: y = x W^T by three loops, f64 sums.
void matmul_reference(ConstMatrix x, ConstMatrix w, Matrix y);

}  // namespace fulcrum
