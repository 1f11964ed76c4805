// Rotary position embedding on H heads of D side by side in a row [T, H*D], in place. Source: Su et al. 2021.
//
// Only the first R dimensions of a head are turned; R is D but for models that leave the rest of a head
// alone.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tensor/tensor.h"

namespace fulcrum {

// split_halves turns (i, i + R/2) together (Hugging Face, GGUF "neox"); adjacent turns (2i, 2i+1) (llama2.c,
// GGUF "norm").
enum class RopeLayout { split_halves, adjacent };

// The angle of pair i at a position is position * frequencies[i].
struct RopeFrequencies {
  RopeLayout layout = RopeLayout::split_halves;
  std::int64_t head_dim = 0;
  std::vector<double> frequencies;  // [R/2]
  double magnitude = 1;             // what scaled variants multiply cosines and sines by
};

// theta^(-2i/R), each divided by its factor. factors: absent (empty) or [R/2].
RopeFrequencies make_rope_frequencies(RopeLayout layout, std::int64_t head_dim, std::int64_t rotary_dim,
                                      double theta, std::span<const float> factors);

struct RopeTable {
  RopeLayout layout = RopeLayout::split_halves;
  std::int64_t head_dim = 0, half = 0;
  std::vector<float> cosines, sines;  // [rows, half]
};

// Row p is position p.
RopeTable make_rope_table(const RopeFrequencies& frequencies, std::int64_t positions);
// Row i is positions[i]: for a step of inference, whose context may be far longer than what it turns. The
// table's memory is used again.
void fill_rope_table(const RopeFrequencies& frequencies, std::span<const std::int32_t> positions,
                     RopeTable& table);

// rows [T]: the row of the table for each row of x; Error(invalid_argument) for one that the table lacks.
void rope(Matrix x, std::span<const std::int32_t> rows, std::int64_t heads, const RopeTable& table);
// A rotation's transpose is the rotation back.
void rope_backward(Matrix dx, std::span<const std::int32_t> rows, std::int64_t heads, const RopeTable& table);

}  // namespace fulcrum
