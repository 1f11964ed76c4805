// A bias added to every row.
#pragma once

#include <span>

#include "tensor/tensor.h"

namespace fulcrum {

void add_bias(Matrix y, std::span<const float> bias);             // y [T, N] += bias [N]
void add_bias_backward(ConstMatrix dy, std::span<float> d_bias);  // d_bias [N] += column sums

}  // namespace fulcrum
