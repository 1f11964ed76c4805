#include "train/activations.h"

namespace fulcrum {

void RowBuffer::reserve_rows(std::int64_t rows) {
  const auto needed = static_cast<std::size_t>(rows * columns_);
  if (values_.size() < needed) values_.resize(needed);
}

Activations::Activations(const ModelConfig& config, std::optional<std::int64_t> lora_rank) {
  const std::int64_t width = config.d_model, query = config.n_heads * config.head_dim;
  const std::int64_t query_key = query + config.n_kv_heads * config.head_dim;
  const std::int64_t qkv = query_key + config.n_kv_heads * config.head_dim;
  for (std::int64_t index = 0; index < config.n_layers; ++index) {
    LayerActivations layer;
    layer.x = layer.attn_normed = layer.middle = layer.ffn_normed = RowBuffer(width);
    layer.attn_branch = layer.ffn_branch = RowBuffer(config.post_norms ? width : 0);
    layer.query_key_before_norm = RowBuffer(config.query_key_norm ? query_key : 0);
    layer.qkv = RowBuffer(qkv);
    layer.attended = RowBuffer(query);
    layer.gate_up = RowBuffer(2 * config.d_ff);
    layer.hidden = RowBuffer(config.d_ff);
    layer.lora_hidden.fill(RowBuffer(lora_rank.value_or(0)));
    layers.push_back(std::move(layer));
  }
  final_x = final_normed = d_x = d_branch = d_normed = RowBuffer(width);
  d_post_norm = RowBuffer(config.post_norms ? width : 0);
  d_qkv = RowBuffer(qkv);
  d_query_key = RowBuffer(config.query_key_norm ? query_key : 0);
  d_attended = RowBuffer(query);
  d_gate_up = RowBuffer(2 * config.d_ff);
  d_hidden = RowBuffer(config.d_ff);
  d_lora_hidden = RowBuffer(lora_rank.value_or(0));
}

void Activations::reserve_rows(const ModelConfig& config, std::int64_t rows) {
  for (LayerActivations& layer : layers) {
    for (RowBuffer* buffer : {&layer.x, &layer.attn_normed, &layer.query_key_before_norm, &layer.qkv,
                              &layer.attended, &layer.attn_branch, &layer.ffn_branch, &layer.middle,
                              &layer.ffn_normed, &layer.gate_up, &layer.hidden})
      buffer->reserve_rows(rows);
    for (RowBuffer& buffer : layer.lora_hidden) buffer.reserve_rows(rows);
    layer.log_sums.resize(static_cast<std::size_t>(config.n_heads * rows));
  }
  for (RowBuffer* buffer : {&final_x, &final_normed, &d_x, &d_branch, &d_normed, &d_post_norm, &d_qkv,
                            &d_attended, &d_gate_up, &d_hidden, &d_query_key, &d_lora_hidden})
    buffer->reserve_rows(rows);
}

}  // namespace fulcrum
