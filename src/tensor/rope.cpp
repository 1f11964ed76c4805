#include "tensor/rope.h"

#include <cmath>

#include "base/error.h"
#include "tensor/parallel_rows.h"
#include "tensor/shape_check.h"

namespace fulcrum {
namespace {

// Turns the pairs of one head by the angles whose cosines and sines are given; `direction` is 1, or -1 for
// back.
void rotate(float* head, const float* cosines, const float* sines, std::int64_t half, RopeLayout layout,
            float direction) {
  if (layout == RopeLayout::split_halves) {
    for (std::int64_t i = 0; i < half; ++i) {
      const float a = head[i], b = head[i + half], sine = direction * sines[i];
      head[i] = a * cosines[i] - b * sine;
      head[i + half] = a * sine + b * cosines[i];
    }
  } else {
    for (std::int64_t i = 0; i < half; ++i) {
      const float a = head[2 * i], b = head[2 * i + 1], sine = direction * sines[i];
      head[2 * i] = a * cosines[i] - b * sine;
      head[2 * i + 1] = a * sine + b * cosines[i];
    }
  }
}

void rotate_rows(Matrix x, std::span<const std::int32_t> positions, std::int64_t heads,
                 const RopeTable& table, float direction) {
  const std::int64_t half = table.head_dim / 2;
  check_shape("rope", "x", x, static_cast<std::int64_t>(positions.size()), heads * table.head_dim);
  const std::int64_t table_positions = half > 0 ? static_cast<std::int64_t>(table.cosines.size()) / half : 0;
  for (const std::int32_t position : positions) {
    if (position < 0 || position >= table_positions) {
      throw_error(ErrorCode::invalid_argument,
                  "rope: position {} lies outside of the {} that the table holds", position, table_positions);
    }
  }
  parallel_row_blocks(x.rows, kRowBlock, x.columns, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t t = first; t < last; ++t) {
      const std::int64_t at = positions[static_cast<std::size_t>(t)] * half;
      for (std::int64_t h = 0; h < heads; ++h) {
        rotate(x.row(t) + h * table.head_dim, table.cosines.data() + at, table.sines.data() + at, half,
               table.layout, direction);
      }
    }
  });
}

}  // namespace

RopeTable make_rope_table(RopeLayout layout, std::int64_t head_dim, std::int64_t positions, double theta,
                          std::span<const float> frequency_factors) {
  if (head_dim <= 0 || head_dim % 2 != 0 || positions < 0 || !(theta > 0)) {
    throw_error(
        ErrorCode::invalid_argument,
        "rope table: expected an even head_dim, some positions and a positive theta, found {}, {} and {}",
        head_dim, positions, theta);
  }
  const std::int64_t half = head_dim / 2;
  if (!frequency_factors.empty())
    check_size("rope table", "frequency_factors", frequency_factors.size(), half);
  RopeTable table{layout, head_dim, {}, {}};
  table.cosines.reserve(static_cast<std::size_t>(positions * half));
  table.sines.reserve(static_cast<std::size_t>(positions * half));
  for (std::int64_t position = 0; position < positions; ++position) {
    for (std::int64_t i = 0; i < half; ++i) {
      const double exponent = -2.0 * static_cast<double>(i) / static_cast<double>(head_dim);
      double angle = static_cast<double>(position) * std::pow(theta, exponent);
      if (!frequency_factors.empty())
        angle /= static_cast<double>(frequency_factors[static_cast<std::size_t>(i)]);
      table.cosines.push_back(static_cast<float>(std::cos(angle)));
      table.sines.push_back(static_cast<float>(std::sin(angle)));
    }
  }
  return table;
}

void rope(Matrix x, std::span<const std::int32_t> positions, std::int64_t heads, const RopeTable& table) {
  rotate_rows(x, positions, heads, table, 1.0f);
}

void rope_backward(Matrix dx, std::span<const std::int32_t> positions, std::int64_t heads,
                   const RopeTable& table) {
  rotate_rows(dx, positions, heads, table, -1.0f);
}

}  // namespace fulcrum
