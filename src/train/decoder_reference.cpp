#include "train/decoder_reference.h"

#include <algorithm>

namespace fulcrum::reference {
namespace {

Array linear(const Array& x, const Array& weight) {
  Array y(x.rows, weight.rows);
  for (std::int64_t t = 0; t < x.rows; ++t)
    for (std::int64_t n = 0; n < weight.rows; ++n)
      for (std::int64_t k = 0; k < x.columns; ++k) y.at(t, n) += x.at(t, k) * weight.at(n, k);
  return y;
}

Array add(Array x, const Array& y) {
  for (std::size_t i = 0; i < x.values.size(); ++i) x.values[i] += y.values[i];
  return x;
}

// RMSNorm of each head's columns on its own.
Array normalize_heads(const Array& x, const Array& gains, double epsilon) {
  Array y(x.rows, x.columns);
  const std::int64_t width = gains.columns;
  for (std::int64_t first = 0; first < x.columns; first += width) {
    Array head(x.rows, width);
    for (std::int64_t t = 0; t < x.rows; ++t)
      for (std::int64_t d = 0; d < width; ++d) head.at(t, d) = x.at(t, first + d);
    head = rms_norm(head, gains, epsilon);
    for (std::int64_t t = 0; t < x.rows; ++t)
      for (std::int64_t d = 0; d < width; ++d) y.at(t, first + d) = head.at(t, d);
  }
  return y;
}

Array attention_block(const ModelConfig& config, const Weights& weights, const std::string& prefix,
                      const Array& x, const TrainingRows& rows) {
  const Array normed = rms_norm(x, weights.at(prefix + "attn_norm.weight"), config.norm_epsilon);
  const RopeSettings settings{config.rope_layout, config.head_dim, config.rope_theta, {}};
  const auto project = [&](const std::string& name) {
    Array y = linear(normed, weights.at(prefix + name + ".weight"));
    if (config.attention_bias) y = add_bias(y, weights.at(prefix + name + ".bias"));
    const auto gains = weights.find(prefix + name + "_norm.weight");
    return gains == weights.end() ? y : normalize_heads(y, gains->second, config.norm_epsilon);
  };
  const Array q = rope(project("attn_q"), rows.positions, settings);
  const Array k = rope(project("attn_k"), rows.positions, settings);
  const AttentionShape shape{config.n_heads, config.n_kv_heads, config.head_dim,
                             config.sliding_window.value_or(INT32_MAX)};
  return linear(attention(q, k, project("attn_v"), rows.starts, shape),
                weights.at(prefix + "attn_output.weight"));
}

Array feed_forward_block(const ModelConfig& config, const Weights& weights, const std::string& prefix,
                         const Array& x) {
  const Array normed = rms_norm(x, weights.at(prefix + "ffn_norm.weight"), config.norm_epsilon);
  const Array hidden = swiglu(linear(normed, weights.at(prefix + "ffn_gate.weight")),
                              linear(normed, weights.at(prefix + "ffn_up.weight")));
  return linear(hidden, weights.at(prefix + "ffn_down.weight"));
}

}  // namespace

Weights copy_weights(const ParameterLayout& layout, const ParameterArray& array) {
  Weights weights;
  for (const ParameterSlot& slot : layout.slots()) {
    Array copy(slot.shape.size() == 2 ? slot.shape[0] : 1, slot.shape.back());
    const std::span<const float> values = array.of(slot);
    std::copy(values.begin(), values.end(), copy.values.begin());
    weights.emplace(slot.name, std::move(copy));
  }
  return weights;
}

double decoder_loss(const ModelConfig& config, const Weights& weights, const TrainingRows& rows) {
  Array x = embed(rows.ids, weights.at("token_embd.weight"));
  for (std::int64_t layer = 0; layer < config.n_layers; ++layer) {
    const std::string prefix = "blk." + std::to_string(layer) + ".";
    x = add(x, attention_block(config, weights, prefix, x, rows));
    x = add(x, feed_forward_block(config, weights, prefix, x));
  }
  const Array normed = rms_norm(x, weights.at("output_norm.weight"), config.norm_epsilon);
  const Array logits = linear(normed, weights.at(config.tied_output ? "token_embd.weight" : "output.weight"));
  return cross_entropy(logits, rows.targets, rows.weights);
}

}  // namespace fulcrum::reference
