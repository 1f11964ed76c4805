// ggml's blocks of 32 elements: q4_0, q4_1, q5_0, q5_1 and q8_0.
//
// A block is a scale d (f16), for the _1 types also a minimum m (f16), for the q5 types 32 high bits, then
// the quants. Nibbles: byte i holds element i in its low half and element i + 16 in its high half. The value
// of a quant q is
//   q4_0  d * (q - 8)      q5_0  d * (q - 16)      q8_0  d * q, q a signed byte
//   q4_1  d * q + m        q5_1  d * q + m
// with every product and sum rounded to f32. Source: ggml-common.h and ggml-quants.c of the ggml project.
#pragma once

#include <cstddef>
#include <span>

#include "tensor/dtype.h"

namespace fulcrum {

inline constexpr std::size_t kSmallBlockElements = 32;

// One block; `values` has 32 elements. Error(internal) for another dtype.
void decode_small_block(DType dtype, const std::byte* block, std::span<float> values);
// q8_0: the scale that maps the largest magnitude to 127. q4_0 and q5_0: the scale of least squared error.
void encode_small_block(DType dtype, std::span<const float> values, std::byte* block);

}  // namespace fulcrum
