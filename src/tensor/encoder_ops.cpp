#include "tensor/encoder_ops.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "tensor/parallel_rows.h"
#include "tensor/shape_check.h"
#include "tensor/softmax.h"

namespace fulcrum {

void layer_norm(ConstMatrix x, std::span<const float> weight, std::span<const float> bias, double epsilon,
                Matrix y) {
  check_shape("layer_norm", "y", y, x.rows, x.columns);
  check_size("layer_norm", "weight", weight.size(), x.columns);
  check_size("layer_norm", "bias", bias.size(), x.columns);
  const auto n = static_cast<double>(x.columns);
  parallel_row_blocks(x.rows, kRowBlock, x.columns, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t t = first; t < last; ++t) {
      const std::span<const float> row(x.row(t), static_cast<std::size_t>(x.columns));
      double mean = 0, variance = 0;
      for (const float value : row) mean += static_cast<double>(value);
      mean /= n;
      for (const float value : row)
        variance += (static_cast<double>(value) - mean) * (static_cast<double>(value) - mean);
      const double inverse = 1.0 / std::sqrt(variance / n + epsilon);
      for (std::size_t i = 0; i < row.size(); ++i) {
        const double normed = (static_cast<double>(row[i]) - mean) * inverse;
        y.row(t)[i] =
            static_cast<float>(normed * static_cast<double>(weight[i]) + static_cast<double>(bias[i]));
      }
    }
  });
}

void gelu(Matrix x) {
  constexpr float kInverseRoot2 = 1.0F / std::numbers::sqrt2_v<float>;
  constexpr std::int64_t kErfWork = 32;  // multiply-adds that an error function costs, about
  parallel_row_blocks(x.rows, kRowBlock, x.columns * kErfWork, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t t = first; t < last; ++t) {
      for (std::int64_t i = 0; i < x.columns; ++i) {
        float& value = x.row(t)[i];
        value = 0.5F * value * (1.0F + std::erf(value * kInverseRoot2));
      }
    }
  });
}

void attention_over_all(ConstMatrix q, ConstMatrix k, ConstMatrix v, std::int64_t heads, Matrix y) {
  check_shape("attention_over_all", "k", k, q.rows, q.columns);
  check_shape("attention_over_all", "v", v, q.rows, q.columns);
  check_shape("attention_over_all", "y", y, q.rows, q.columns);
  const std::int64_t width = q.columns / heads, rows = q.rows;
  const float scale = 1.0F / std::sqrt(static_cast<float>(width));
#pragma omp parallel for schedule(static) if (rows * rows * q.columns >= kParallelWork)
  for (std::int64_t h = 0; h < heads; ++h) {
    const std::int64_t offset = h * width;
    std::vector<float> scores(static_cast<std::size_t>(rows)), sums(static_cast<std::size_t>(width));
    for (std::int64_t t = 0; t < rows; ++t) {
      const float* query = q.row(t) + offset;
      for (std::int64_t j = 0; j < rows; ++j) {
        float dot = 0;
        for (std::int64_t i = 0; i < width; ++i) dot += query[i] * k.row(j)[offset + i];
        scores[static_cast<std::size_t>(j)] = dot * scale;
      }
      softmax(scores);
      std::fill(sums.begin(), sums.end(), 0.0F);
      for (std::int64_t j = 0; j < rows; ++j) {
        for (std::int64_t i = 0; i < width; ++i)
          sums[static_cast<std::size_t>(i)] += scores[static_cast<std::size_t>(j)] * v.row(j)[offset + i];
      }
      std::copy(sums.begin(), sums.end(), y.row(t) + offset);
    }
  }
}

}  // namespace fulcrum
