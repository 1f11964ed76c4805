// Rotary position embedding on H heads of D side by side in a row [T, H*D], in place. Source: Su et al. 2021.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tensor/tensor.h"

namespace fulcrum {

// split_halves turns (i, i + D/2) together (Hugging Face, GGUF "neox"); adjacent turns (2i, 2i+1) (llama2.c,
// GGUF "norm").
enum class RopeLayout { split_halves, adjacent };

struct RopeTable {
  RopeLayout layout = RopeLayout::split_halves;
  std::int64_t head_dim = 0;
  std::vector<float> cosines, sines;  // [positions, D/2]
};

// frequency_factors: absent (empty) or [D/2], the divisor of each frequency (Llama 3's scaling).
RopeTable make_rope_table(RopeLayout layout, std::int64_t head_dim, std::int64_t positions, double theta,
                          std::span<const float> frequency_factors);

// positions [T]; Error(invalid_argument) for one that the table does not hold.
void rope(Matrix x, std::span<const std::int32_t> positions, std::int64_t heads, const RopeTable& table);
// A rotation's transpose is the rotation back.
void rope_backward(Matrix dx, std::span<const std::int32_t> positions, std::int64_t heads,
                   const RopeTable& table);

}  // namespace fulcrum
