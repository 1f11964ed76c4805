// ggml's blocks of 256 elements ("k-quants"): q2_k, q3_k, q4_k, q5_k and q6_k.
//
// A block is cut into groups of 16 (q2_k, q3_k, q6_k) or 32 elements (q4_k, q5_k). A group's scale is a small
// integer s times the block's d (f16); q2_k, q4_k and q5_k also have a minimum, an integer m times the
// block's d_min (f16). The value of a quant q is
//   q2_k  (d * s) * q - d_min * m, q of 2 bits      q3_k  (d * s) * (q - 4), q of 3 bits
//   q4_k  (d * s) * q - d_min * m, q of 4 bits      q6_k  (d * s) * (q - 32), q of 6 bits
//   q5_k  (d * s) * q - d_min * m, q of 5 bits
// with every product and difference rounded to f32. Source: ggml-common.h and ggml-quants.c of the ggml
// project.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "tensor/dtype.h"

namespace fulcrum {

inline constexpr std::size_t kSuperBlockElements = 256;

// The parts of a block, in bytes from its begin. Absent parts are negative.
struct SuperBlockLayout {
  int d, d_min, scales, high_bits, quants;
  int group_elements;
};
// Error(internal) for another dtype.
SuperBlockLayout super_block_layout(DType dtype);

// The integers of a block's groups: 16, or 8 of them with q4_k and q5_k. q3_k's scales have their offset of
// 32 taken off; minima are 0 where the type has none.
struct GroupScales {
  std::int8_t scales[16], minima[16];
};
GroupScales read_group_scales(DType dtype, const std::byte* block);

// One block; `values` has 256 elements.
void decode_super_block(DType dtype, const std::byte* block, std::span<float> values);

}  // namespace fulcrum
