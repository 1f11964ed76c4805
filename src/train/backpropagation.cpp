#include "train/backpropagation.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>
#include <optional>

#include "base/error.h"
#include "tensor/ops.h"
#include "train/activations.h"
#include "train/loss_head.h"

namespace fulcrum {
namespace {

// Columns [first, first + columns) of every row.
Matrix slice_columns(Matrix matrix, std::int64_t first, std::int64_t columns) {
  return {matrix.data + first, matrix.rows, columns, matrix.stride};
}

void copy_rows(ConstMatrix from, Matrix to) {
#pragma omp parallel for schedule(static)
  for (std::int64_t t = 0; t < from.rows; ++t)
    std::memcpy(to.row(t), from.row(t), static_cast<std::size_t>(from.columns) * sizeof(float));
}

void add_rows(ConstMatrix from, Matrix to) {
#pragma omp parallel for schedule(static)
  for (std::int64_t t = 0; t < from.rows; ++t) {
    const float* source = from.row(t);
    float* target = to.row(t);
    for (std::int64_t i = 0; i < from.columns; ++i) target[i] += source[i];
  }
}

void multiply(Matrix y, float factor) {
#pragma omp parallel for schedule(static)
  for (std::int64_t t = 0; t < y.rows; ++t) {
    for (std::int64_t i = 0; i < y.columns; ++i) y.row(t)[i] *= factor;
  }
}

}  // namespace

double TrainingRows::sum_of_weights() const {
  return std::accumulate(weights.begin(), weights.end(), 0.0);
}

void TrainingRows::append(std::span<const std::int32_t> tokens, std::span<const float> token_weights) {
  if (tokens.size() < 2) return;
  if (starts.empty()) starts.push_back(0);
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    ids.push_back(tokens[i]);
    targets.push_back(tokens[i + 1]);
    weights.push_back(token_weights[i + 1]);
    positions.push_back(static_cast<std::int32_t>(i));
  }
  starts.push_back(static_cast<std::int32_t>(size()));
}

void TrainingRows::pad_to(std::int64_t rows) {
  if (starts.empty()) starts.push_back(0);
  // Each is a sequence of its own: attention over padding costs nothing.
  while (size() < rows) {
    ids.push_back(0);
    targets.push_back(0);
    weights.push_back(0);
    positions.push_back(0);
    starts.push_back(static_cast<std::int32_t>(size()));
  }
}

struct Backpropagation::State {
  ModelConfig config;
  Precision precision;
  std::int64_t query_columns, key_columns;  // H*D, K*D
  std::array<RopeTable, 2> rope_tables;     // of layers that see all, and of those with a window
  std::int64_t table_positions = 0;
  Activations activations;
  std::optional<std::int64_t> lora_rank;  // of `activations`
  LossHead head;

  State(const ModelConfig& model_config, Precision products)
      : config(model_config),
        precision(products),
        query_columns(config.n_heads * config.head_dim),
        key_columns(config.n_kv_heads * config.head_dim),
        activations(config, std::nullopt),
        head(config.d_model, config.vocab_size, config.logit_soft_cap) {}

  float epsilon() const { return static_cast<float>(config.norm_epsilon); }

  void prepare(const TrainingRows& rows, const LoraView* adapter) {
    if (rows.size() == 0) throw_error(ErrorCode::invalid_argument, "training: a pass without rows");
    const auto longest = *std::max_element(rows.positions.begin(), rows.positions.end());
    if (longest >= config.context_tokens)
      throw_error(ErrorCode::too_large, "training: a sequence of {} rows is longer than the context of {}",
                  longest + 1, config.context_tokens);
    const std::optional<std::int64_t> rank = adapter != nullptr ? std::optional(adapter->rank) : std::nullopt;
    if (rank && rank != lora_rank) {
      activations = Activations(config, rank);
      lora_rank = rank;
    }
    activations.reserve_rows(config, rows.size());
    reserve_positions(longest + 1);
  }

  // Tables as long as the longest sequence so far: a context may be far longer than what is learnt from.
  void reserve_positions(std::int64_t positions) {
    if (positions <= table_positions) return;
    table_positions = std::min(config.context_tokens, std::max(positions, 2 * table_positions));
    for (std::int64_t layer = 0; layer < config.n_layers; ++layer) {
      RopeTable& table = rope_tables[config.has_window(layer)];
      if (static_cast<std::int64_t>(table.cosines.size()) != table_positions * table.half || table.half == 0)
        table = make_rope_table(config.rope(layer), table_positions);
    }
  }

  // The columns of q, k or v inside a [T, (H+2K)*D] matrix, of gate or up inside [T, 2F], and all columns
  // otherwise.
  Matrix module_columns(Matrix matrix, LinearModule module) const {
    switch (module) {
      case LinearModule::q_proj:
        return slice_columns(matrix, 0, query_columns);
      case LinearModule::k_proj:
        return slice_columns(matrix, query_columns, key_columns);
      case LinearModule::v_proj:
        return slice_columns(matrix, query_columns + key_columns, key_columns);
      case LinearModule::gate_proj:
        return slice_columns(matrix, 0, config.d_ff);
      case LinearModule::up_proj:
        return slice_columns(matrix, config.d_ff, config.d_ff);
      case LinearModule::o_proj:
      case LinearModule::down_proj:
        break;
    }
    return matrix;
  }

  void add_adapter(const LoraView* adapter, std::int64_t layer, LinearModule module, ConstMatrix x,
                   Matrix y) {
    if (adapter == nullptr || !adapter->at(layer, module)) return;
    RowBuffer& hidden =
        activations.layers[static_cast<std::size_t>(layer)].lora_hidden[static_cast<std::size_t>(module)];
    lora_forward(adapter->at(layer, module), adapter->scale, x, hidden.view(x.rows),
                 module_columns(y, module), precision);
  }

  void add_adapter_backward(const LoraView* adapter, const LoraView* gradients, std::int64_t layer,
                            LinearModule module, Matrix dy, ConstMatrix x, Matrix dx) {
    if (adapter == nullptr || !adapter->at(layer, module)) return;
    RowBuffer& hidden =
        activations.layers[static_cast<std::size_t>(layer)].lora_hidden[static_cast<std::size_t>(module)];
    lora_backward(adapter->at(layer, module), adapter->scale, module_columns(dy, module), x,
                  hidden.view(x.rows), activations.d_lora_hidden.view(x.rows), gradients->at(layer, module),
                  dx, precision);
  }

  // Normalises every head of `heads` in place; the rows before it are the caller's to keep.
  void normalize_heads(Matrix heads, std::int64_t count, std::span<const float> gains) const {
    for (std::int64_t head_index = 0; head_index < count; ++head_index) {
      const Matrix one = slice_columns(heads, head_index * config.head_dim, config.head_dim);
      rms_norm(one, gains, epsilon(), one);
    }
  }

  void forward(const DecoderView& weights, const LoraView* adapter, const TrainingRows& rows) {
    const std::int64_t count = rows.size();
    const Matrix embedded = activations.layers[0].x.view(count);
    embed(rows.ids, weights.token_embd, embedded);
    if (config.embedding_scale != 1) multiply(embedded, static_cast<float>(config.embedding_scale));
    for (std::int64_t index = 0; index < config.n_layers; ++index) {
      LayerActivations& layer = activations.layers[static_cast<std::size_t>(index)];
      const bool last = index + 1 == config.n_layers;
      const Matrix out =
          (last ? activations.final_x : activations.layers[static_cast<std::size_t>(index) + 1].x)
              .view(count);
      attention_forward(weights.layers[static_cast<std::size_t>(index)], adapter, index, layer, rows);
      feed_forward(weights.layers[static_cast<std::size_t>(index)], adapter, index, layer, out);
    }
    rms_norm(activations.final_x.view(count), weights.output_norm, epsilon(),
             activations.final_normed.view(count));
  }

  // What a backward pass writes to: the model's gradients, or the adapter's, never both.
  struct Gradients {
    const DecoderView* model = nullptr;
    const LoraView* adapter = nullptr;
    // Where the gradient of a frozen norm's gains goes, which nobody reads.
    std::vector<float> discarded;
  };

  std::span<float> norm_gradient(Gradients& gradients, std::span<float> wanted, std::size_t columns) const {
    if (gradients.model != nullptr) return wanted;
    gradients.discarded.resize(columns);
    return gradients.discarded;
  }

  // layer.middle = layer.x + attention(norm(layer.x)).
  void attention_forward(const DecoderLayerView& weights, const LoraView* adapter, std::int64_t index,
                         LayerActivations& layer, const TrainingRows& rows) {
    const std::int64_t count = rows.size();
    const Matrix normed = layer.attn_normed.view(count), qkv = layer.qkv.view(count);
    rms_norm(layer.x.view(count), weights.attn_norm, epsilon(), normed);
    gemm_nt(normed, weights.qkv, qkv, precision, Accumulate::overwrite);
    for (const LinearModule module : {LinearModule::q_proj, LinearModule::k_proj, LinearModule::v_proj})
      add_adapter(adapter, index, module, normed, qkv);
    if (!weights.qkv_bias.empty()) add_bias(qkv, weights.qkv_bias);

    const Matrix q = slice_columns(qkv, 0, query_columns), k = slice_columns(qkv, query_columns, key_columns);
    if (config.query_key_norm) {
      copy_rows(slice_columns(qkv, 0, query_columns + key_columns), layer.query_key_before_norm.view(count));
      normalize_heads(q, config.n_heads, weights.q_norm);
      normalize_heads(k, config.n_kv_heads, weights.k_norm);
    }
    const RopeTable& turns = rope_tables[config.has_window(index)];
    rope(q, rows.positions, config.n_heads, turns);
    rope(k, rows.positions, config.n_kv_heads, turns);
    const Matrix attended = layer.attended.view(count), middle = layer.middle.view(count);
    attention(q, k, module_columns(qkv, LinearModule::v_proj), rows.starts, config.attention_shape(index),
              attended, layer.log_sums);
    project_into_residual(weights.attn_output, weights.attn_post_norm, adapter, index, LinearModule::o_proj,
                          attended, layer.x.view(count), layer.attn_branch, middle);
  }

  // out = residual + y, or residual + norm(y) where a branch ends in a norm; y = x W^T, which `branch` keeps
  // then.
  void project_into_residual(ConstMatrix weight, std::span<const float> post_norm, const LoraView* adapter,
                             std::int64_t index, LinearModule module, Matrix x, ConstMatrix residual,
                             RowBuffer& branch, Matrix out) {
    const bool is_normed = !post_norm.empty();
    const Matrix y = is_normed ? branch.view(out.rows) : out;
    if (!is_normed) copy_rows(residual, out);
    gemm_nt(x, weight, y, precision, is_normed ? Accumulate::overwrite : Accumulate::add);
    add_adapter(adapter, index, module, x, y);
    if (!is_normed) return;
    rms_norm(y, post_norm, epsilon(), out);
    add_rows(residual, out);
  }

  // The gradient of a branch's y, given that of the residual stream behind it.
  Matrix branch_gradient(Matrix d_out, std::span<const float> post_norm, std::span<float> wanted,
                         Gradients& gradients, RowBuffer& branch) {
    if (post_norm.empty()) return d_out;
    const Matrix d_y = activations.d_post_norm.view(d_out.rows);
    rms_norm_backward(d_out, branch.view(d_out.rows), post_norm, epsilon(), d_y,
                      norm_gradient(gradients, wanted, post_norm.size()));
    return d_y;
  }

  // out = layer.middle + down(swiglu(norm(layer.middle))).
  void feed_forward(const DecoderLayerView& weights, const LoraView* adapter, std::int64_t index,
                    LayerActivations& layer, Matrix out) {
    const std::int64_t count = out.rows;
    const Matrix normed = layer.ffn_normed.view(count), gate_up = layer.gate_up.view(count);
    const Matrix hidden = layer.hidden.view(count);
    rms_norm(layer.middle.view(count), weights.ffn_norm, epsilon(), normed);
    gemm_nt(normed, weights.gate_up, gate_up, precision, Accumulate::overwrite);
    for (const LinearModule module : {LinearModule::gate_proj, LinearModule::up_proj})
      add_adapter(adapter, index, module, normed, gate_up);
    const auto gated = config.gated_unit == GatedUnit::geglu ? geglu : swiglu;
    gated(module_columns(gate_up, LinearModule::gate_proj), module_columns(gate_up, LinearModule::up_proj),
          hidden);
    project_into_residual(weights.ffn_down, weights.ffn_post_norm, adapter, index, LinearModule::down_proj,
                          hidden, layer.middle.view(count), layer.ffn_branch, out);
  }

  double backward(const DecoderView& weights, const LoraView* adapter, const TrainingRows& rows,
                  double divisor, Gradients gradients) {
    const std::int64_t count = rows.size();
    const bool full = gradients.model != nullptr;
    const Matrix d_x = activations.d_x.view(count), d_normed = activations.d_normed.view(count);
    const double sum = head.loss_backward(activations.final_normed.view(count), weights.output, rows.targets,
                                          rows.weights, divisor, precision, d_normed,
                                          full ? std::optional(gradients.model->output) : std::nullopt);
    rms_norm_backward(d_normed, activations.final_x.view(count), weights.output_norm, epsilon(), d_x,
                      norm_gradient(gradients, full ? gradients.model->output_norm : std::span<float>(),
                                    weights.output_norm.size()));
    for (std::int64_t index = config.n_layers - 1; index >= 0; --index) {
      const DecoderLayerView& layer = weights.layers[static_cast<std::size_t>(index)];
      const DecoderLayerView* d_layer =
          full ? &gradients.model->layers[static_cast<std::size_t>(index)] : nullptr;
      feed_forward_backward(layer, d_layer, adapter, index, gradients, d_x);
      attention_backward_block(layer, d_layer, adapter, index, gradients, rows, d_x);
    }
    if (full) {
      if (config.embedding_scale != 1) multiply(d_x, static_cast<float>(config.embedding_scale));
      embed_backward(d_x, rows.ids, gradients.model->token_embd);
    }
    return sum;
  }

  // d_x holds the gradient of the layer's output on entry and that of layer.middle on return.
  void feed_forward_backward(const DecoderLayerView& weights, const DecoderLayerView* d_weights,
                             const LoraView* adapter, std::int64_t index, Gradients& gradients, Matrix d_x) {
    LayerActivations& layer = activations.layers[static_cast<std::size_t>(index)];
    const std::int64_t count = d_x.rows;
    const Matrix hidden = layer.hidden.view(count), gate_up = layer.gate_up.view(count);
    const Matrix normed = layer.ffn_normed.view(count);
    const Matrix d_hidden = activations.d_hidden.view(count), d_gate_up = activations.d_gate_up.view(count);
    const Matrix d_normed = activations.d_normed.view(count), d_branch = activations.d_branch.view(count);

    const Matrix d_y =
        branch_gradient(d_x, weights.ffn_post_norm, d_weights ? d_weights->ffn_post_norm : std::span<float>(),
                        gradients, layer.ffn_branch);
    if (d_weights != nullptr) gemm_tn(d_y, hidden, d_weights->ffn_down, precision, Accumulate::add);
    gemm_nn(d_y, weights.ffn_down, d_hidden, precision, Accumulate::overwrite);
    add_adapter_backward(adapter, gradients.adapter, index, LinearModule::down_proj, d_y, hidden, d_hidden);
    const auto gated_backward = config.gated_unit == GatedUnit::geglu ? geglu_backward : swiglu_backward;
    gated_backward(d_hidden, module_columns(gate_up, LinearModule::gate_proj),
                   module_columns(gate_up, LinearModule::up_proj),
                   module_columns(d_gate_up, LinearModule::gate_proj),
                   module_columns(d_gate_up, LinearModule::up_proj));
    if (d_weights != nullptr) gemm_tn(d_gate_up, normed, d_weights->gate_up, precision, Accumulate::add);
    gemm_nn(d_gate_up, weights.gate_up, d_normed, precision, Accumulate::overwrite);
    for (const LinearModule module : {LinearModule::gate_proj, LinearModule::up_proj})
      add_adapter_backward(adapter, gradients.adapter, index, module, d_gate_up, normed, d_normed);
    rms_norm_backward(d_normed, layer.middle.view(count), weights.ffn_norm, epsilon(), d_branch,
                      norm_gradient(gradients, d_weights ? d_weights->ffn_norm : std::span<float>(),
                                    weights.ffn_norm.size()));
    add_rows(d_branch, d_x);
  }

  // d_x holds the gradient of layer.middle on entry and that of layer.x on return.
  void attention_backward_block(const DecoderLayerView& weights, const DecoderLayerView* d_weights,
                                const LoraView* adapter, std::int64_t index, Gradients& gradients,
                                const TrainingRows& rows, Matrix d_x) {
    LayerActivations& layer = activations.layers[static_cast<std::size_t>(index)];
    const std::int64_t count = rows.size();
    const Matrix attended = layer.attended.view(count), qkv = layer.qkv.view(count);
    const Matrix normed = layer.attn_normed.view(count);
    const Matrix d_attended = activations.d_attended.view(count), d_qkv = activations.d_qkv.view(count);
    const Matrix d_normed = activations.d_normed.view(count), d_branch = activations.d_branch.view(count);

    const Matrix d_y = branch_gradient(d_x, weights.attn_post_norm,
                                       d_weights ? d_weights->attn_post_norm : std::span<float>(), gradients,
                                       layer.attn_branch);
    if (d_weights != nullptr) gemm_tn(d_y, attended, d_weights->attn_output, precision, Accumulate::add);
    gemm_nn(d_y, weights.attn_output, d_attended, precision, Accumulate::overwrite);
    add_adapter_backward(adapter, gradients.adapter, index, LinearModule::o_proj, d_y, attended, d_attended);

    const Matrix d_q = module_columns(d_qkv, LinearModule::q_proj);
    const Matrix d_k = module_columns(d_qkv, LinearModule::k_proj);
    attention_backward(d_attended, module_columns(qkv, LinearModule::q_proj),
                       module_columns(qkv, LinearModule::k_proj), module_columns(qkv, LinearModule::v_proj),
                       attended, rows.starts, config.attention_shape(index), layer.log_sums, d_q, d_k,
                       module_columns(d_qkv, LinearModule::v_proj));
    const RopeTable& turns = rope_tables[config.has_window(index)];
    rope_backward(d_q, rows.positions, config.n_heads, turns);
    rope_backward(d_k, rows.positions, config.n_kv_heads, turns);
    if (config.query_key_norm) query_key_norm_backward(weights, d_weights, gradients, layer, d_qkv);
    if (d_weights != nullptr) {
      if (!d_weights->qkv_bias.empty()) add_bias_backward(d_qkv, d_weights->qkv_bias);
      gemm_tn(d_qkv, normed, d_weights->qkv, precision, Accumulate::add);
    }
    gemm_nn(d_qkv, weights.qkv, d_normed, precision, Accumulate::overwrite);
    for (const LinearModule module : {LinearModule::q_proj, LinearModule::k_proj, LinearModule::v_proj})
      add_adapter_backward(adapter, gradients.adapter, index, module, d_qkv, normed, d_normed);
    rms_norm_backward(d_normed, layer.x.view(count), weights.attn_norm, epsilon(), d_branch,
                      norm_gradient(gradients, d_weights ? d_weights->attn_norm : std::span<float>(),
                                    weights.attn_norm.size()));
    add_rows(d_branch, d_x);
  }

  void query_key_norm_backward(const DecoderLayerView& weights, const DecoderLayerView* d_weights,
                               Gradients& gradients, LayerActivations& layer, Matrix d_qkv) {
    const std::int64_t count = d_qkv.rows, width = config.head_dim;
    const Matrix before = layer.query_key_before_norm.view(count);
    const Matrix d_before = activations.d_query_key.view(count);
    for (std::int64_t each = 0; each < config.n_heads + config.n_kv_heads; ++each) {
      const bool query = each < config.n_heads;
      const std::span<const float> gains = query ? weights.q_norm : weights.k_norm;
      const std::span<float> wanted =
          d_weights == nullptr ? std::span<float>() : (query ? d_weights->q_norm : d_weights->k_norm);
      rms_norm_backward(slice_columns(d_qkv, each * width, width), slice_columns(before, each * width, width),
                        gains, epsilon(), slice_columns(d_before, each * width, width),
                        norm_gradient(gradients, wanted, gains.size()));
    }
    copy_rows(d_before, slice_columns(d_qkv, 0, query_columns + key_columns));
  }
};

Backpropagation::Backpropagation(const ModelConfig& config, Precision precision)
    : state_(std::make_unique<State>(config, precision)) {}
Backpropagation::~Backpropagation() = default;
Backpropagation::Backpropagation(Backpropagation&&) noexcept = default;

double Backpropagation::loss(const DecoderView& weights, const LoraView* adapter, const TrainingRows& rows) {
  state_->prepare(rows, adapter);
  state_->forward(weights, adapter, rows);
  return state_->head.loss(state_->activations.final_normed.view(rows.size()), weights.output, rows.targets,
                           rows.weights, state_->precision);
}

double Backpropagation::accumulate(const DecoderView& weights, const TrainingRows& rows, double divisor,
                                   const DecoderView& gradients) {
  state_->prepare(rows, nullptr);
  state_->forward(weights, nullptr, rows);
  State::Gradients targets;
  targets.model = &gradients;
  return state_->backward(weights, nullptr, rows, divisor, std::move(targets));
}

double Backpropagation::accumulate_adapter(const DecoderView& weights, const LoraView& adapter,
                                           const TrainingRows& rows, double divisor,
                                           const LoraView& gradients) {
  state_->prepare(rows, &adapter);
  state_->forward(weights, &adapter, rows);
  State::Gradients targets;
  targets.adapter = &gradients;
  return state_->backward(weights, &adapter, rows, divisor, std::move(targets));
}

}  // namespace fulcrum
