// Products of f32 rows with quantised panels, whose bits are the same for any number of rows and threads.
//
// x is rounded too: each 32 inputs of a row to int8 times one f32 scale, the largest magnitude being 127.
// What is then computed is exact up to one float chain: integer dot products of a group's quants with the
// rounded x (exact in any order), and per output, in ascending groups, fused multiply-adds of
//   integer sum * (weight scale * x scale)  and  -minimum * (x scale * sum of the rounded x).
// So the sums are those of the decoded weights with the rounded x to f32 precision (2e-6 of the largest
// result, as tested), and x moves by at most 1/254 of the largest magnitude around it (results by about 1%).
// That is the arithmetic of llama.cpp for these types; its f32 scales here are f16 there.
#pragma once

#include <span>

#include "tensor/quantised_panels.h"
#include "tensor/tensor.h"

namespace fulcrum {

// y [T, N] = round(x [T, K]) W^T + bias; `bias` has the panels' outputs, filled up to whole panels.
void multiply_quantised(ConstMatrix x, const QuantisedPanels& weight, std::span<const float> bias, Matrix y);

// Readable twin of the rounding: x as the product sees it. Magnitudes below 2^-120 count as 0; an input that
// is not finite makes its 32 neighbours NaN.
void round_inputs_reference(ConstMatrix x, Matrix rounded);

}  // namespace fulcrum
