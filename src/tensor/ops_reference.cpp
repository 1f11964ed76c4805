#include "tensor/ops_reference.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace fulcrum::reference {
namespace {

double mean_square(const Array& x, std::int64_t row) {
  double sum = 0;
  for (std::int64_t i = 0; i < x.columns; ++i) sum += x.at(row, i) * x.at(row, i);
  return sum / static_cast<double>(x.columns);
}

double sigmoid(double x) {
  return 1.0 / (1.0 + std::exp(-x));
}

double gelu_inner(double g) {
  return std::sqrt(2.0 / std::numbers::pi) * (g + 0.044715 * g * g * g);
}

// `direction` is 1 for the rotation, -1 for the rotation back.
Array rotate(const Array& x, std::span<const std::int32_t> positions, const RopeSettings& s,
             double direction) {
  Array y = x;
  const std::int64_t half = s.head_dim / 2;
  for (std::int64_t t = 0; t < x.rows; ++t) {
    for (std::int64_t head = 0; head < x.columns; head += s.head_dim) {
      for (std::int64_t i = 0; i < half; ++i) {
        double angle = positions[static_cast<std::size_t>(t)] *
                       std::pow(s.theta, -2.0 * static_cast<double>(i) / static_cast<double>(s.head_dim));
        if (!s.frequency_factors.empty()) {
          angle /= static_cast<double>(s.frequency_factors[static_cast<std::size_t>(i)]);
        }
        const bool split = s.layout == RopeLayout::split_halves;
        const std::int64_t first = head + (split ? i : 2 * i), second = head + (split ? i + half : 2 * i + 1);
        const double cosine = std::cos(angle), sine = direction * std::sin(angle);
        y.at(t, first) = x.at(t, first) * cosine - x.at(t, second) * sine;
        y.at(t, second) = x.at(t, first) * sine + x.at(t, second) * cosine;
      }
    }
  }
  return y;
}

// What one query of one head sees: keys [first, last], their weights, and d score / d (q . k).
struct Weights {
  std::int64_t first = 0, last = 0;
  std::vector<double> values, slopes;
};

double dot(const Array& a, std::int64_t row_a, std::int64_t offset_a, const Array& b, std::int64_t row_b,
           std::int64_t offset_b, std::int64_t n) {
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += a.at(row_a, offset_a + i) * b.at(row_b, offset_b + i);
  return sum;
}

Weights attention_weights(const Array& q, const Array& k, std::int64_t row, std::int64_t start,
                          std::int64_t head, const AttentionShape& shape) {
  const std::int64_t dim = shape.head_dim, kv_head = head / (shape.heads / shape.kv_heads);
  const double scale =
      shape.scale ? static_cast<double>(*shape.scale) : 1.0 / std::sqrt(static_cast<double>(dim));
  Weights weights;
  weights.first = std::max<std::int64_t>(start, row - shape.window + 1);
  weights.last = row;
  for (std::int64_t j = weights.first; j <= weights.last; ++j) {
    double score = dot(q, row, head * dim, k, j, kv_head * dim, dim) * scale, slope = scale;
    if (shape.soft_cap) {
      const double cap = static_cast<double>(*shape.soft_cap), tangent = std::tanh(score / cap);
      score = cap * tangent;
      slope *= 1.0 - tangent * tangent;
    }
    weights.values.push_back(score);
    weights.slopes.push_back(slope);
  }
  weights.values = softmax(weights.values);
  return weights;
}

}  // namespace

Array rms_norm(const Array& x, const Array& weight, double epsilon) {
  Array y(x.rows, x.columns);
  for (std::int64_t t = 0; t < x.rows; ++t) {
    const double inverse = 1.0 / std::sqrt(mean_square(x, t) + epsilon);
    for (std::int64_t i = 0; i < x.columns; ++i) y.at(t, i) = x.at(t, i) * inverse * weight.at(0, i);
  }
  return y;
}

RmsNormGradients rms_norm_backward(const Array& dy, const Array& x, const Array& weight, double epsilon) {
  RmsNormGradients result{Array(x.rows, x.columns), Array(1, x.columns)};
  for (std::int64_t t = 0; t < x.rows; ++t) {
    const double inverse = 1.0 / std::sqrt(mean_square(x, t) + epsilon);
    double pull = 0;
    for (std::int64_t i = 0; i < x.columns; ++i) pull += dy.at(t, i) * weight.at(0, i) * x.at(t, i);
    pull *= inverse * inverse * inverse / static_cast<double>(x.columns);
    for (std::int64_t i = 0; i < x.columns; ++i) {
      result.dx.at(t, i) = dy.at(t, i) * weight.at(0, i) * inverse - x.at(t, i) * pull;
      result.d_weight.at(0, i) += dy.at(t, i) * x.at(t, i) * inverse;
    }
  }
  return result;
}

Array rope(const Array& x, std::span<const std::int32_t> positions, const RopeSettings& settings) {
  return rotate(x, positions, settings, 1.0);
}

Array rope_backward(const Array& dy, std::span<const std::int32_t> positions, const RopeSettings& settings) {
  return rotate(dy, positions, settings, -1.0);
}

Array swiglu(const Array& gate, const Array& up) {
  Array y(gate.rows, gate.columns);
  for (std::size_t i = 0; i < y.values.size(); ++i) {
    y.values[i] = gate.values[i] * sigmoid(gate.values[i]) * up.values[i];
  }
  return y;
}

SwigluGradients swiglu_backward(const Array& dy, const Array& gate, const Array& up) {
  SwigluGradients result{Array(gate.rows, gate.columns), Array(gate.rows, gate.columns)};
  for (std::size_t i = 0; i < dy.values.size(); ++i) {
    const double g = gate.values[i], s = sigmoid(g);
    result.d_gate.values[i] = dy.values[i] * up.values[i] * s * (1.0 + g * (1.0 - s));
    result.d_up.values[i] = dy.values[i] * g * s;
  }
  return result;
}

Array geglu(const Array& gate, const Array& up) {
  Array y(gate.rows, gate.columns);
  for (std::size_t i = 0; i < y.values.size(); ++i) {
    const double g = gate.values[i];
    y.values[i] = 0.5 * g * (1.0 + std::tanh(gelu_inner(g))) * up.values[i];
  }
  return y;
}

SwigluGradients geglu_backward(const Array& dy, const Array& gate, const Array& up) {
  SwigluGradients result{Array(gate.rows, gate.columns), Array(gate.rows, gate.columns)};
  for (std::size_t i = 0; i < dy.values.size(); ++i) {
    const double g = gate.values[i], tangent = std::tanh(gelu_inner(g));
    const double inner_slope = std::sqrt(2.0 / std::numbers::pi) * (1.0 + 3.0 * 0.044715 * g * g);
    const double slope = 0.5 * (1.0 + tangent) + 0.5 * g * (1.0 - tangent * tangent) * inner_slope;
    result.d_gate.values[i] = dy.values[i] * up.values[i] * slope;
    result.d_up.values[i] = dy.values[i] * 0.5 * g * (1.0 + tangent);
  }
  return result;
}

Array embed(std::span<const std::int32_t> ids, const Array& table) {
  Array y(static_cast<std::int64_t>(ids.size()), table.columns);
  for (std::int64_t t = 0; t < y.rows; ++t) {
    for (std::int64_t i = 0; i < y.columns; ++i) y.at(t, i) = table.at(ids[static_cast<std::size_t>(t)], i);
  }
  return y;
}

Array embed_backward(const Array& dy, std::span<const std::int32_t> ids, std::int64_t vocab_size) {
  Array d_table(vocab_size, dy.columns);
  for (std::int64_t t = 0; t < dy.rows; ++t) {
    for (std::int64_t i = 0; i < dy.columns; ++i)
      d_table.at(ids[static_cast<std::size_t>(t)], i) += dy.at(t, i);
  }
  return d_table;
}

Array add_bias(const Array& x, const Array& bias) {
  Array y = x;
  for (std::int64_t t = 0; t < x.rows; ++t) {
    for (std::int64_t i = 0; i < x.columns; ++i) y.at(t, i) += bias.at(0, i);
  }
  return y;
}

Array add_bias_backward(const Array& dy) {
  Array d_bias(1, dy.columns);
  for (std::int64_t t = 0; t < dy.rows; ++t) {
    for (std::int64_t i = 0; i < dy.columns; ++i) d_bias.at(0, i) += dy.at(t, i);
  }
  return d_bias;
}

double log_sum_exp(std::span<const double> values) {
  const double largest = *std::max_element(values.begin(), values.end());
  double sum = 0;
  for (const double value : values) sum += std::exp(value - largest);
  return largest + std::log(sum);
}

std::vector<double> softmax(std::span<const double> values) {
  const double log_sum = log_sum_exp(values);
  std::vector<double> result;
  for (const double value : values) result.push_back(std::exp(value - log_sum));
  return result;
}

double cross_entropy(const Array& logits, std::span<const std::int32_t> targets,
                     std::span<const float> weights) {
  double total = 0;
  for (std::int64_t t = 0; t < logits.rows; ++t) {
    const auto i = static_cast<std::size_t>(t);
    if (weights[i] == 0.0f) continue;
    const std::span row(logits.values.data() + t * logits.columns, static_cast<std::size_t>(logits.columns));
    total += static_cast<double>(weights[i]) * (log_sum_exp(row) - logits.at(t, targets[i]));
  }
  return total;
}

Array cross_entropy_backward(const Array& logits, std::span<const std::int32_t> targets,
                             std::span<const float> weights, double sum_of_weights, double scale) {
  Array result(logits.rows, logits.columns);
  for (std::int64_t t = 0; t < logits.rows; ++t) {
    const auto i = static_cast<std::size_t>(t);
    if (weights[i] == 0.0f) continue;
    const std::span row(logits.values.data() + t * logits.columns, static_cast<std::size_t>(logits.columns));
    const std::vector<double> probabilities = softmax(row);
    const double factor = static_cast<double>(weights[i]) * scale / sum_of_weights;
    for (std::int64_t v = 0; v < logits.columns; ++v) {
      result.at(t, v) = factor * (probabilities[static_cast<std::size_t>(v)] - (v == targets[i] ? 1.0 : 0.0));
    }
  }
  return result;
}

Array attention(const Array& q, const Array& k, const Array& v, std::span<const std::int32_t> starts,
                const AttentionShape& shape) {
  Array y(q.rows, q.columns);
  const std::int64_t dim = shape.head_dim, group = shape.heads / shape.kv_heads;
  for (std::size_t s = 0; s + 1 < starts.size(); ++s) {
    for (std::int64_t row = starts[s]; row < starts[s + 1]; ++row) {
      for (std::int64_t head = 0; head < shape.heads; ++head) {
        const Weights weights = attention_weights(q, k, row, starts[s], head, shape);
        for (std::int64_t j = weights.first; j <= weights.last; ++j) {
          const double weight = weights.values[static_cast<std::size_t>(j - weights.first)];
          for (std::int64_t i = 0; i < dim; ++i) {
            y.at(row, head * dim + i) += weight * v.at(j, head / group * dim + i);
          }
        }
      }
    }
  }
  return y;
}

AttentionGradients attention_backward(const Array& dy, const Array& q, const Array& k, const Array& v,
                                      std::span<const std::int32_t> starts, const AttentionShape& shape) {
  AttentionGradients result{Array(q.rows, q.columns), Array(k.rows, k.columns), Array(v.rows, v.columns)};
  const std::int64_t dim = shape.head_dim, group = shape.heads / shape.kv_heads;
  for (std::size_t s = 0; s + 1 < starts.size(); ++s) {
    for (std::int64_t row = starts[s]; row < starts[s + 1]; ++row) {
      for (std::int64_t head = 0; head < shape.heads; ++head) {
        const std::int64_t at = head * dim, kv_at = head / group * dim;
        const Weights weights = attention_weights(q, k, row, starts[s], head, shape);
        double mean = 0;  // of the weights' gradients, under the weights
        std::vector<double> gradients;
        for (std::int64_t j = weights.first; j <= weights.last; ++j) {
          gradients.push_back(dot(dy, row, at, v, j, kv_at, dim));
          mean += gradients.back() * weights.values[static_cast<std::size_t>(j - weights.first)];
        }
        for (std::int64_t j = weights.first; j <= weights.last; ++j) {
          const auto n = static_cast<std::size_t>(j - weights.first);
          const double d_score = weights.values[n] * (gradients[n] - mean) * weights.slopes[n];
          for (std::int64_t i = 0; i < dim; ++i) {
            result.dq.at(row, at + i) += d_score * k.at(j, kv_at + i);
            result.dk.at(j, kv_at + i) += d_score * q.at(row, at + i);
            result.dv.at(j, kv_at + i) += weights.values[n] * dy.at(row, at + i);
          }
        }
      }
    }
  }
  return result;
}

}  // namespace fulcrum::reference
