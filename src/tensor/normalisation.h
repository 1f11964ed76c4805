// Root-mean-square normalisation, a row at a time, and its backward.
//
// y = x / sqrt(mean(x^2) + epsilon) * weight. Source: Zhang and Sennrich 2019.
#pragma once

#include <span>

#include "tensor/tensor.h"

namespace fulcrum {

// x, y [T, C]; weight [C]. y may be x.
void rms_norm(ConstMatrix x, std::span<const float> weight, float epsilon, Matrix y);
// Overwrites dx [T, C], adds to d_weight [C]. dx may be dy.
void rms_norm_backward(ConstMatrix dy, ConstMatrix x, std::span<const float> weight, float epsilon, Matrix dx,
                       std::span<float> d_weight);

}  // namespace fulcrum
