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

void rotate_rows(Matrix x, std::span<const std::int32_t> rows, std::int64_t heads, const RopeTable& table,
                 float direction) {
  check_shape("rope", "x", x, static_cast<std::int64_t>(rows.size()), heads * table.head_dim);
  const std::int64_t table_rows =
      table.half > 0 ? static_cast<std::int64_t>(table.cosines.size()) / table.half : 0;
  for (const std::int32_t row : rows) {
    if (row < 0 || row >= table_rows) {
      throw_error(ErrorCode::invalid_argument,
                  "rope: position {} lies outside of the {} that the table holds", row, table_rows);
    }
  }
  parallel_row_blocks(x.rows, kRowBlock, x.columns, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t t = first; t < last; ++t) {
      const std::int64_t at = rows[static_cast<std::size_t>(t)] * table.half;
      for (std::int64_t h = 0; h < heads; ++h) {
        rotate(x.row(t) + h * table.head_dim, table.cosines.data() + at, table.sines.data() + at, table.half,
               table.layout, direction);
      }
    }
  });
}

void append_position(const RopeFrequencies& from, double position, RopeTable& table) {
  for (const double frequency : from.frequencies) {
    const double angle = position * frequency;
    table.cosines.push_back(static_cast<float>(from.magnitude * std::cos(angle)));
    table.sines.push_back(static_cast<float>(from.magnitude * std::sin(angle)));
  }
}

RopeTable empty_table(const RopeFrequencies& frequencies) {
  return {frequencies.layout,
          frequencies.head_dim,
          static_cast<std::int64_t>(frequencies.frequencies.size()),
          {},
          {}};
}

}  // namespace

RopeFrequencies make_rope_frequencies(RopeLayout layout, std::int64_t head_dim, std::int64_t rotary_dim,
                                      double theta, std::span<const float> factors) {
  if (head_dim <= 0 || rotary_dim <= 0 || rotary_dim > head_dim || rotary_dim % 2 != 0 || !(theta > 0)) {
    throw_error(
        ErrorCode::invalid_argument,
        "rope: expected an even part of a head's dimensions and a positive theta, found {} of {} and {}",
        rotary_dim, head_dim, theta);
  }
  const std::int64_t half = rotary_dim / 2;
  if (!factors.empty()) check_size("rope", "factors", factors.size(), half);
  RopeFrequencies result{layout, head_dim, {}, 1};
  for (std::int64_t i = 0; i < half; ++i) {
    double frequency = std::pow(theta, -2.0 * static_cast<double>(i) / static_cast<double>(rotary_dim));
    if (!factors.empty()) frequency /= static_cast<double>(factors[static_cast<std::size_t>(i)]);
    result.frequencies.push_back(frequency);
  }
  return result;
}

RopeTable make_rope_table(const RopeFrequencies& frequencies, std::int64_t positions) {
  RopeTable table = empty_table(frequencies);
  table.cosines.reserve(static_cast<std::size_t>(positions * table.half));
  table.sines.reserve(static_cast<std::size_t>(positions * table.half));
  for (std::int64_t position = 0; position < positions; ++position)
    append_position(frequencies, static_cast<double>(position), table);
  return table;
}

void fill_rope_table(const RopeFrequencies& frequencies, std::span<const std::int32_t> positions,
                     RopeTable& table) {
  if (table.layout != frequencies.layout || table.head_dim != frequencies.head_dim ||
      table.half != static_cast<std::int64_t>(frequencies.frequencies.size()))
    table = empty_table(frequencies);
  table.cosines.clear();
  table.sines.clear();
  for (const std::int32_t position : positions)
    append_position(frequencies, static_cast<double>(position), table);
}

void rope(Matrix x, std::span<const std::int32_t> rows, std::int64_t heads, const RopeTable& table) {
  rotate_rows(x, rows, heads, table, 1.0f);
}

void rope_backward(Matrix dx, std::span<const std::int32_t> rows, std::int64_t heads,
                   const RopeTable& table) {
  rotate_rows(dx, rows, heads, table, -1.0f);
}

}  // namespace fulcrum
