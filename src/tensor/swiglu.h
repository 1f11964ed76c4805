// The gated units of the feed-forward layer: y = f(gate) * up, with f = silu (SwiGLU: silu(g) = g / (1 +
// exp(-g))) or f = gelu by its tanh formula (GeGLU). Source: Shazeer 2020, Hendrycks and Gimpel 2016.
#pragma once

#include "tensor/tensor.h"

namespace fulcrum {

// All [T, F]. y may be gate.
void swiglu(ConstMatrix gate, ConstMatrix up, Matrix y);
void geglu(ConstMatrix gate, ConstMatrix up, Matrix y);
// Overwrite d_gate and d_up; either may be dy.
void swiglu_backward(ConstMatrix dy, ConstMatrix gate, ConstMatrix up, Matrix d_gate, Matrix d_up);
void geglu_backward(ConstMatrix dy, ConstMatrix gate, ConstMatrix up, Matrix d_gate, Matrix d_up);

}  // namespace fulcrum
