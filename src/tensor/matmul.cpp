#include "tensor/matmul.h"

#include "tensor/shape_check.h"

namespace fulcrum {

void matmul_reference(ConstMatrix x, ConstMatrix w, Matrix y) {
  check_shape("matmul_reference", "w", w, w.rows, x.columns);
  check_shape("matmul_reference", "y", y, x.rows, w.rows);
  for (std::int64_t t = 0; t < x.rows; ++t) {
    for (std::int64_t n = 0; n < w.rows; ++n) {
      double sum = 0;
      for (std::int64_t k = 0; k < x.columns; ++k) {
        sum += static_cast<double>(x.row(t)[k]) * static_cast<double>(w.row(n)[k]);
      }
      y.row(t)[n] = static_cast<float>(sum);
    }
  }
}

}  // namespace fulcrum
