// What a BERT-type encoder computes and a decoder does not: LayerNorm, GELU by the error function, and
// attention that sees the whole sequence. Forward only, f32 with sums in f64. Sources: Ba et al. 2016,
// Hendrycks and Gimpel 2016, Devlin et al. 2018.
#pragma once

#include <cstdint>
#include <span>

#include "tensor/tensor.h"

namespace fulcrum {

// y = (x - mean) / sqrt(variance + epsilon) * weight + bias, a row at a time. x, y [T, C]; weight, bias [C].
// y may be x.
void layer_norm(ConstMatrix x, std::span<const float> weight, std::span<const float> bias, double epsilon,
                Matrix y);

// x (1 + erf(x / sqrt 2)) / 2, in place.
void gelu(Matrix x);

// One sequence of T tokens, H heads of D side by side: q, k, v, y [T, H*D]; scores are scaled by 1/sqrt(D).
void attention_over_all(ConstMatrix q, ConstMatrix k, ConstMatrix v, std::int64_t heads, Matrix y);

}  // namespace fulcrum
