// The gated unit of the feed-forward layer: y = silu(gate) * up, silu(g) = g / (1 + exp(-g)). Source: Shazeer
// 2020.
#pragma once

#include "tensor/tensor.h"

namespace fulcrum {

// All [T, F]. y may be gate.
void swiglu(ConstMatrix gate, ConstMatrix up, Matrix y);
// Overwrites d_gate and d_up; either may be dy.
void swiglu_backward(ConstMatrix dy, ConstMatrix gate, ConstMatrix up, Matrix d_gate, Matrix d_up);

}  // namespace fulcrum
