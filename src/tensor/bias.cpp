#include "tensor/bias.h"

#include "tensor/parallel_rows.h"
#include "tensor/shape_check.h"

namespace fulcrum {

void add_bias(Matrix y, std::span<const float> bias) {
  check_size("add_bias", "bias", bias.size(), y.columns);
  parallel_row_blocks(y.rows, kRowBlock, y.columns, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t t = first; t < last; ++t) {
      float* row = y.row(t);
      for (std::int64_t n = 0; n < y.columns; ++n) row[n] += bias[static_cast<std::size_t>(n)];
    }
  });
}

void add_bias_backward(ConstMatrix dy, std::span<float> d_bias) {
  check_size("add_bias_backward", "d_bias", d_bias.size(), dy.columns);
  // Threads share out columns, so each sum runs over the rows in order whatever their number.
  constexpr std::int64_t kColumns = 64;
  parallel_row_blocks(dy.columns, kColumns, dy.rows, [&](std::int64_t first, std::int64_t last) {
    double sums[kColumns] = {};
    for (std::int64_t t = 0; t < dy.rows; ++t) {
      const float* row = dy.row(t);
      for (std::int64_t n = first; n < last; ++n) sums[n - first] += static_cast<double>(row[n]);
    }
    for (std::int64_t n = first; n < last; ++n)
      d_bias[static_cast<std::size_t>(n)] += static_cast<float>(sums[n - first]);
  });
}

}  // namespace fulcrum
