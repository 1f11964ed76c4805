// Readable twins of the operations in tensor/ops.h, in f64: formulas written down as loops, nothing else.
// They are what the fast kernels are tested against, and are themselves held against central differences. Not
// for production.
//
// Conventions are those of tensor/ops.h; gradients of parameters are returned rather than added to.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tensor/ops.h"

namespace fulcrum::reference {

// A dense row-major f64 array.
struct Array {
  std::int64_t rows = 0, columns = 0;
  std::vector<double> values;

  Array() = default;
  Array(std::int64_t row_count, std::int64_t column_count)
      : rows(row_count),
        columns(column_count),
        values(static_cast<std::size_t>(row_count * column_count), 0.0) {}
  double& at(std::int64_t row, std::int64_t column) {
    return values[static_cast<std::size_t>(row * columns + column)];
  }
  double at(std::int64_t row, std::int64_t column) const {
    return values[static_cast<std::size_t>(row * columns + column)];
  }
};

Array rms_norm(const Array& x, const Array& weight, double epsilon);  // weight [1, C]
struct RmsNormGradients {
  Array dx, d_weight;
};
RmsNormGradients rms_norm_backward(const Array& dy, const Array& x, const Array& weight, double epsilon);

struct RopeSettings {
  RopeLayout layout = RopeLayout::split_halves;
  std::int64_t head_dim = 0;
  double theta = 10000.0;
  std::span<const float> frequency_factors;
};
Array rope(const Array& x, std::span<const std::int32_t> positions, const RopeSettings& settings);
Array rope_backward(const Array& dy, std::span<const std::int32_t> positions, const RopeSettings& settings);

Array swiglu(const Array& gate, const Array& up);
struct SwigluGradients {
  Array d_gate, d_up;
};
SwigluGradients swiglu_backward(const Array& dy, const Array& gate, const Array& up);
Array geglu(const Array& gate, const Array& up);
SwigluGradients geglu_backward(const Array& dy, const Array& gate, const Array& up);

Array embed(std::span<const std::int32_t> ids, const Array& table);
Array embed_backward(const Array& dy, std::span<const std::int32_t> ids, std::int64_t vocab_size);

Array add_bias(const Array& x, const Array& bias);  // bias [1, N]
Array add_bias_backward(const Array& dy);           // [1, N]

double log_sum_exp(std::span<const double> values);
std::vector<double> softmax(std::span<const double> values);

// Sum of weighted losses, not divided.
double cross_entropy(const Array& logits, std::span<const std::int32_t> targets,
                     std::span<const float> weights);
// d (scale * sum of losses / sum_of_weights) / d logits
Array cross_entropy_backward(const Array& logits, std::span<const std::int32_t> targets,
                             std::span<const float> weights, double sum_of_weights, double scale);

// y [T, H*D]; the weights of one query are computed, used and forgotten.
Array attention(const Array& q, const Array& k, const Array& v, std::span<const std::int32_t> starts,
                const AttentionShape& shape);
struct AttentionGradients {
  Array dq, dk, dv;
};
AttentionGradients attention_backward(const Array& dy, const Array& q, const Array& k, const Array& v,
                                      std::span<const std::int32_t> starts, const AttentionShape& shape);

}  // namespace fulcrum::reference
