#include "model/transformer.h"

#include <omp.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <exception>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "model/step_split.h"
#include "tensor/ops.h"
#include "tensor/paged_layout.h"

namespace fulcrum {
namespace {

std::vector<float> values_of(const Tensor& tensor) {
  if (tensor.bytes.empty()) return {};
  const Tensor decoded = to_f32(tensor);
  const std::span<const float> values = decoded.f32();
  return {values.begin(), values.end()};
}

Tensor tensor_of(std::span<const float> values, Shape shape) {
  OwnedTensor owned = make_f32("", std::move(shape));
  std::copy(values.begin(), values.end(), owned.values.begin());
  return owned.tensor;
}

Tensor bias_of(const Tensor& bias) {
  return bias.bytes.empty() ? Tensor{} : to_f32(bias);
}

Linear pack(std::span<const Tensor> weights, const Tensor& bias) {
  return Linear::pack(weights, bias.bytes.empty() ? nullptr : &bias);
}

// Absent biases count as zero; all absent: an empty tensor.
Tensor stack_biases(const std::vector<Tensor>& parts, const std::vector<Tensor>& biases) {
  std::vector<float> values;
  bool present = false;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::vector<float> part = values_of(biases[i]);
    present = present || !part.empty();
    values.insert(values.end(), part.begin(), part.end());
    if (part.empty()) values.insert(values.end(), static_cast<std::size_t>(parts[i].shape.at(0)), 0.0F);
  }
  if (!present) return {};
  const auto length = static_cast<std::int64_t>(values.size());
  return tensor_of(values, {length});
}

Matrix matrix(std::vector<float>& memory, std::int64_t rows, std::int64_t columns) {
  const auto needed = static_cast<std::size_t>(rows * columns);
  if (memory.size() < needed) memory.resize(needed);
  return {memory.data(), rows, columns, columns};
}

Matrix columns_of(Matrix whole, std::int64_t first, std::int64_t columns) {
  return {whole.data + first, whole.rows, columns, whole.stride};
}

template <typename View>
View rows_of(View whole, std::int64_t first, std::int64_t rows) {
  return {whole.data + first * whole.stride, rows, whole.columns, whole.stride};
}

void add_rows(ConstMatrix x, float scale, Matrix y) {
  for (std::int64_t t = 0; t < y.rows; ++t) {
    const float* from = x.row(t);
    float* to = y.row(t);
    for (std::int64_t i = 0; i < y.columns; ++i) to[i] += scale * from[i];
  }
}

void multiply(Matrix y, float factor) {
  for (std::int64_t t = 0; t < y.rows; ++t) {
    for (std::int64_t i = 0; i < y.columns; ++i) y.row(t)[i] *= factor;
  }
}

void cap_values(Matrix y, float cap) {
  for (std::int64_t t = 0; t < y.rows; ++t) {
    for (std::int64_t i = 0; i < y.columns; ++i) y.row(t)[i] = cap * std::tanh(y.row(t)[i] / cap);
  }
}

// Weights below this stay in a shared cache, and reading them twice costs next to nothing.
constexpr std::size_t kCachedWeightBytes = std::size_t{16} << 20;
// Rows of a thread from which on computing takes longer than reading the weights: from the cache, from memory
// (measured with 9.5 and 173 MB: at 8 rows the second loses a third, at 16 nothing).
constexpr std::int64_t kCachedPartRows = 4, kPartRows = 16;
// Of weights that are widened to f32: every thread would widen all of them (measured: 8% slower at 16 rows).
constexpr std::int64_t kNoParts = std::numeric_limits<std::int64_t>::max();
// How much longer a multiply-add of attention takes than one of a product with int8.
constexpr double kAttentionWork = 8;

}  // namespace

PackedAdapter::PackedAdapter(const LoraAdapter& adapter, const ModelConfig& config)
    : layers_(static_cast<std::size_t>(config.n_layers)) {
  for (const LoraPair& pair : adapter.pairs) {
    const Shape shape = linear_shape(config, pair.module);
    Pair& packed = layers_.at(static_cast<std::size_t>(pair.layer))[static_cast<std::size_t>(pair.module)];
    packed.a = Linear::pack(tensor_of(pair.a, {pair.rank, shape[1]}), nullptr);
    packed.b = Linear::pack(tensor_of(pair.b, {shape[0], pair.rank}), nullptr);
    packed.scale = static_cast<float>(adapter.scale(pair));
  }
}

const PackedAdapter::Pair* PackedAdapter::find(std::int64_t layer, LinearModule module) const {
  const Pair& pair = layers_[static_cast<std::size_t>(layer)][static_cast<std::size_t>(module)];
  return pair.a ? &pair : nullptr;
}

// Rows of one call: where each step's rows lie, and which adapter works on which run of rows.
struct Transformer::Batch {
  std::span<const SequenceStep> steps;
  std::int64_t rows = 0;
  struct AdapterRun {
    const PackedAdapter* adapter;
    std::int64_t first, rows;
  };
  std::vector<AdapterRun> adapter_runs;
  // Where the blocks of step s begin in ForwardBuffers::key_blocks and value_blocks.
  std::vector<std::size_t> first_block;
  std::vector<PagedKeysValues> paged;  // of each step, in the layer that is being computed

  void append(std::int64_t count, const PackedAdapter* adapter) {
    if (adapter != nullptr && count > 0) {
      const bool goes_on = !adapter_runs.empty() && adapter_runs.back().adapter == adapter &&
                           adapter_runs.back().first + adapter_runs.back().rows == rows;
      if (goes_on) {
        adapter_runs.back().rows += count;
      } else {
        adapter_runs.push_back({adapter, rows, count});
      }
    }
    rows += count;
  }
};

StackedLinear::StackedLinear(const std::vector<Tensor>& parts, const std::vector<Tensor>& biases) {
  const bool one_type = std::all_of(parts.begin(), parts.end(),
                                    [&](const Tensor& part) { return part.dtype == parts[0].dtype; });
  if (one_type) {
    parts_.push_back(pack(parts, stack_biases(parts, biases)));
    return;
  }
  for (std::size_t i = 0; i < parts.size(); ++i) parts_.push_back(pack({&parts[i], 1}, bias_of(biases[i])));
}

void StackedLinear::apply(ConstMatrix x, Matrix y) const {
  std::int64_t column = 0;
  for (const Linear& part : parts_) {
    part.apply(x, columns_of(y, column, part.outputs()));
    column += part.outputs();
  }
}

Transformer::Transformer(const ModelConfig& config, const ModelWeights& weights, const Packed& packed)
    : config_(config),
      cache_dtype_(fulcrum::cache_dtype(weights)),
      token_embd_(weights.token_embd),
      layers_(weights.layers.size()),
      output_norm_(values_of(weights.output_norm)) {
  for (std::int64_t layer = 0; layer < config.n_layers; ++layer)
    rope_[config.has_window(layer)] = config.rope(layer);
  // One matrix after the other, each by all threads: the first answer waits for it, and what is packed may be
  // given back before the next is read.
  const Tensor& output = weights.output.bytes.empty() ? weights.token_embd : weights.output;
  output_ = Linear::pack(output, nullptr);
  packed(output);
  for (std::size_t i = 0; i < layers_.size(); ++i) layers_[i] = pack_layer(weights.layers[i], packed);
  bool quantised = true;
  std::size_t bytes = output.bytes.size();
  row_products_ = static_cast<double>(output.elements());
  for (const LayerWeights& layer : weights.layers) {
    for (const Tensor* matrix : {&layer.attn_q, &layer.attn_k, &layer.attn_v, &layer.attn_output,
                                 &layer.ffn_gate, &layer.ffn_up, &layer.ffn_down}) {
      bytes += matrix->bytes.size();
      row_products_ += static_cast<double>(matrix->elements());
      quantised = quantised && is_quantised(matrix->dtype);
    }
  }
  part_rows_ = !quantised ? kNoParts : bytes <= kCachedWeightBytes ? kCachedPartRows : kPartRows;
}

Transformer::Layer Transformer::pack_layer(const LayerWeights& from, const Packed& packed) {
  Layer layer;
  layer.attn_norm = values_of(from.attn_norm);
  layer.ffn_norm = values_of(from.ffn_norm);
  layer.q_norm = values_of(from.attn_q_norm);
  layer.k_norm = values_of(from.attn_k_norm);
  layer.attn_post_norm = values_of(from.attn_post_norm);
  layer.ffn_post_norm = values_of(from.ffn_post_norm);
  const auto stacked = [&](const std::vector<Tensor>& parts, const std::vector<Tensor>& biases) {
    StackedLinear made(parts, biases);
    for (const Tensor& part : parts) packed(part);
    return made;
  };
  const auto single = [&](const Tensor& weight) {
    Linear made = Linear::pack(weight, nullptr);
    packed(weight);
    return made;
  };
  layer.qkv = stacked({from.attn_q, from.attn_k, from.attn_v},
                      {from.attn_q_bias, from.attn_k_bias, from.attn_v_bias});
  layer.output = single(from.attn_output);
  layer.gate_up = stacked({from.ffn_gate, from.ffn_up}, {{}, {}});
  layer.down = single(from.ffn_down);
  return layer;
}

void Transformer::check(std::span<const SequenceStep> steps) const {
  for (const SequenceStep& step : steps) {
    const auto tokens = static_cast<std::int64_t>(step.tokens.size());
    if (step.logit_rows < 0 || step.logit_rows > tokens) {
      throw_error(ErrorCode::invalid_argument, "running the model: logits asked for {} of {} tokens",
                  step.logit_rows, tokens);
    }
    const std::int64_t length = step.sequence->length() + tokens;
    if (length > config_.context_tokens) {
      throw_error(ErrorCode::too_large,
                  "running the model: a sequence of {} tokens does not fit a context of {}", length,
                  config_.context_tokens);
    }
    for (const std::int32_t token : step.tokens) {
      if (token < 0 || token >= config_.vocab_size) {
        throw_error(
            ErrorCode::invalid_argument,
            "running the model: token {} is outside the vocabulary of {}; the tokenizer does not fit the "
            "weights",
            token, config_.vocab_size);
      }
    }
  }
}

void Transformer::fill_rope(ForwardBuffers& buffers) const {
  for (std::size_t kind = 0; kind < rope_.size(); ++kind) {
    if (!rope_[kind].frequencies.empty()) fill_rope_table(rope_[kind], buffers.positions, buffers.rope[kind]);
  }
  buffers.row_index.resize(buffers.positions.size());
  std::iota(buffers.row_index.begin(), buffers.row_index.end(), 0);
}

void Transformer::embed_tokens(std::span<const std::int32_t> tokens, Matrix out) const {
  const std::int64_t width = config_.d_model;
  const auto scale = [&] {
    if (config_.embedding_scale != 1) multiply(out, static_cast<float>(config_.embedding_scale));
  };
  if (token_embd_.dtype == DType::f32) {
    embed(tokens, {token_embd_.f32().data(), config_.vocab_size, width, width}, out);
    return scale();
  }
  const auto bytes = static_cast<std::size_t>(row_bytes(token_embd_.dtype, width));
  for (std::size_t t = 0; t < tokens.size(); ++t) {
    const Tensor row{"",
                     token_embd_.dtype,
                     {width},
                     token_embd_.bytes.subspan(static_cast<std::size_t>(tokens[t]) * bytes, bytes),
                     token_embd_.owner};
    const Tensor decoded = to_f32(row);
    std::copy_n(decoded.f32().data(), width, out.row(static_cast<std::int64_t>(t)));
  }
  scale();
}

void Transformer::normalise_heads(Matrix heads, std::int64_t count, std::span<const float> gains) const {
  const std::int64_t width = config_.head_dim;
  for (std::int64_t h = 0; h < count; ++h) {
    const Matrix head = columns_of(heads, h * width, width);
    rms_norm(head, gains, static_cast<float>(config_.norm_epsilon), head);
  }
}

void Transformer::add_adapters(std::int64_t layer, LinearModule module, const Batch& batch, ConstMatrix x,
                               Matrix y, ForwardBuffers& buffers) const {
  for (const Batch::AdapterRun& run : batch.adapter_runs) {
    const PackedAdapter::Pair* pair = run.adapter->find(layer, module);
    if (!pair) continue;
    const Matrix low_rank = matrix(buffers.low_rank, run.rows, pair->a.outputs());
    const Matrix correction = matrix(buffers.correction, run.rows, y.columns);
    pair->a.apply(rows_of(x, run.first, run.rows), low_rank);
    pair->b.apply(low_rank, correction);
    add_rows(correction, pair->scale, rows_of(y, run.first, run.rows));
  }
}

// Queries, keys and values of every row; keys and values go into the cache.
void Transformer::store_keys_values(std::int64_t index, Batch& batch, ForwardBuffers& buffers) const {
  const Layer& layer = layers_[static_cast<std::size_t>(index)];
  const std::int64_t head_dim = config_.head_dim;
  const std::int64_t q_width = config_.n_heads * head_dim, kv_width = config_.n_kv_heads * head_dim;
  const auto epsilon = static_cast<float>(config_.norm_epsilon);
  const Matrix residual = matrix(buffers.residual, batch.rows, config_.d_model);
  const Matrix normed = matrix(buffers.normed, batch.rows, config_.d_model);
  const Matrix qkv = matrix(buffers.projected, batch.rows, q_width + 2 * kv_width);
  const Matrix q = columns_of(qkv, 0, q_width);
  const Matrix k = columns_of(qkv, q_width, kv_width);
  const Matrix v = columns_of(qkv, q_width + kv_width, kv_width);

  rms_norm(residual, layer.attn_norm, epsilon, normed);
  layer.qkv.apply(normed, qkv);
  add_adapters(index, LinearModule::q_proj, batch, normed, q, buffers);
  add_adapters(index, LinearModule::k_proj, batch, normed, k, buffers);
  add_adapters(index, LinearModule::v_proj, batch, normed, v, buffers);
  if (config_.query_key_norm) {
    normalise_heads(q, config_.n_heads, layer.q_norm);
    normalise_heads(k, config_.n_kv_heads, layer.k_norm);
  }
  const RopeTable& turns = buffers.rope[config_.has_window(index)];
  rope(q, buffers.row_index, config_.n_heads, turns);
  rope(k, buffers.row_index, config_.n_kv_heads, turns);

  const AttentionShape shape = config_.attention_shape(index);
  batch.paged.resize(batch.steps.size());
  std::int64_t row = 0;
  for (std::size_t s = 0; s < batch.steps.size(); ++s) {
    KvSequence& sequence = *batch.steps[s].sequence;
    KvCache& cache = sequence.cache();
    const std::int64_t block_tokens = cache.block_tokens();
    const auto blocks = sequence.blocks();
    const auto tokens = static_cast<std::int64_t>(batch.steps[s].tokens.size());
    for (std::int64_t position = sequence.length(); position < sequence.length() + tokens;
         ++position, ++row) {
      const KvCache::Block block = blocks[static_cast<std::size_t>(position / block_tokens)];
      store_paged(k.row(row), v.row(row), position % block_tokens, block_tokens, shape, cache.dtype(),
                  cache.keys(block, index), cache.values(block, index));
    }
    const std::size_t first = batch.first_block[s];
    for (std::size_t b = 0; b < blocks.size(); ++b) {
      buffers.key_blocks[first + b] = cache.keys(blocks[b], index);
      buffers.value_blocks[first + b] = cache.values(blocks[b], index);
    }
    batch.paged[s] = {cache.dtype(), block_tokens,
                      std::span(buffers.key_blocks).subspan(first, blocks.size()),
                      std::span(buffers.value_blocks).subspan(first, blocks.size())};
  }
}

// Behind the last layer's keys and values only the rows go on whose logits are wanted: a prompt's last one.
void Transformer::keep_logit_rows(Batch& batch, ForwardBuffers& buffers) const {
  const std::int64_t q_width = config_.n_heads * config_.head_dim;
  const Matrix residual = matrix(buffers.residual, batch.rows, config_.d_model);
  const Matrix qkv =
      matrix(buffers.projected, batch.rows, q_width + 2 * config_.n_kv_heads * config_.head_dim);
  batch.rows = 0;
  batch.adapter_runs.clear();
  std::int64_t row = 0, kept = 0;
  for (const SequenceStep& step : batch.steps) {
    row += static_cast<std::int64_t>(step.tokens.size());
    for (std::int64_t i = row - step.logit_rows; i < row; ++i, ++kept) {
      if (i == kept) continue;
      std::copy_n(residual.row(i), config_.d_model, residual.row(kept));
      std::copy_n(qkv.row(i), q_width, qkv.row(kept));
      const auto from = static_cast<std::size_t>(i), to = static_cast<std::size_t>(kept);
      buffers.positions[to] = buffers.positions[from];
      buffers.row_sequence[to] = buffers.row_sequence[from];
    }
    batch.append(step.logit_rows, step.adapter);
  }
  buffers.positions.resize(static_cast<std::size_t>(kept));
  buffers.row_sequence.resize(static_cast<std::size_t>(kept));
}

void Transformer::attention_block(std::int64_t index, const Batch& batch, ForwardBuffers& buffers) const {
  const Layer& layer = layers_[static_cast<std::size_t>(index)];
  const std::int64_t q_width = config_.n_heads * config_.head_dim;
  const Matrix residual = matrix(buffers.residual, batch.rows, config_.d_model);
  const Matrix normed = matrix(buffers.normed, batch.rows, config_.d_model);
  const Matrix q = columns_of(
      matrix(buffers.projected, batch.rows, q_width + 2 * config_.n_kv_heads * config_.head_dim), 0, q_width);
  const Matrix attended = matrix(buffers.attended, batch.rows, q_width);
  attention_paged(q, batch.paged, buffers.row_sequence, buffers.positions, config_.attention_shape(index),
                  attended);
  layer.output.apply(attended, normed);
  add_adapters(index, LinearModule::o_proj, batch, attended, normed, buffers);
  if (config_.post_norms)
    rms_norm(normed, layer.attn_post_norm, static_cast<float>(config_.norm_epsilon), normed);
  add_rows(normed, 1.0F, residual);
}

void Transformer::feed_forward_block(std::int64_t index, const Batch& batch, ForwardBuffers& buffers) const {
  const Layer& layer = layers_[static_cast<std::size_t>(index)];
  const Matrix residual = matrix(buffers.residual, batch.rows, config_.d_model);
  const Matrix normed = matrix(buffers.normed, batch.rows, config_.d_model);
  const Matrix gate_up = matrix(buffers.projected, batch.rows, 2 * config_.d_ff);
  const Matrix gate = columns_of(gate_up, 0, config_.d_ff);
  const Matrix up = columns_of(gate_up, config_.d_ff, config_.d_ff);
  const Matrix hidden = matrix(buffers.hidden, batch.rows, config_.d_ff);

  const auto epsilon = static_cast<float>(config_.norm_epsilon);
  rms_norm(residual, layer.ffn_norm, epsilon, normed);
  layer.gate_up.apply(normed, gate_up);
  add_adapters(index, LinearModule::gate_proj, batch, normed, gate, buffers);
  add_adapters(index, LinearModule::up_proj, batch, normed, up, buffers);
  if (config_.gated_unit == GatedUnit::geglu)
    geglu(gate, up, hidden);
  else
    swiglu(gate, up, hidden);
  layer.down.apply(hidden, normed);
  add_adapters(index, LinearModule::down_proj, batch, hidden, normed, buffers);
  if (config_.post_norms) rms_norm(normed, layer.ffn_post_norm, epsilon, normed);
  add_rows(normed, 1.0F, residual);
}

std::vector<std::size_t> Transformer::thread_parts(std::span<const SequenceStep> steps) const {
  const std::int64_t threads = omp_in_parallel() != 0 ? 1 : omp_get_max_threads();
  if (threads == 1) return {};
  const double key_work =
      2 * kAttentionWork * static_cast<double>(config_.n_layers * config_.n_heads * config_.head_dim);
  std::vector<StepWork> work;
  for (const SequenceStep& step : steps) {
    const auto rows = static_cast<double>(step.tokens.size());
    const double keys = rows * (static_cast<double>(step.sequence->length()) + rows / 2);
    work.push_back({static_cast<std::int64_t>(step.tokens.size()), rows * row_products_ + keys * key_work});
  }
  return split_evenly(work, threads, part_rows_);
}

void Transformer::run_steps(std::span<const SequenceStep> steps, ForwardBuffers& buffers,
                            Matrix logits) const {
  Batch batch{steps, 0, {}, {}, {}};
  buffers.tokens.clear();
  buffers.positions.clear();
  buffers.row_sequence.clear();
  std::size_t blocks = 0;
  for (std::size_t s = 0; s < steps.size(); ++s) {
    const SequenceStep& step = steps[s];
    const auto tokens = static_cast<std::int64_t>(step.tokens.size());
    buffers.tokens.insert(buffers.tokens.end(), step.tokens.begin(), step.tokens.end());
    for (std::int64_t i = 0; i < tokens; ++i) {
      buffers.positions.push_back(static_cast<std::int32_t>(step.sequence->length() + i));
      buffers.row_sequence.push_back(static_cast<std::int32_t>(s));
    }
    batch.first_block.push_back(blocks);
    blocks += step.sequence->blocks().size();
    batch.append(tokens, step.adapter);
  }
  fill_rope(buffers);
  buffers.key_blocks.resize(blocks);
  buffers.value_blocks.resize(blocks);

  embed_tokens(buffers.tokens, matrix(buffers.residual, batch.rows, config_.d_model));
  for (std::int64_t layer = 0; layer < config_.n_layers; ++layer) {
    store_keys_values(layer, batch, buffers);
    if (layer + 1 == config_.n_layers) keep_logit_rows(batch, buffers);
    if (batch.rows == 0) break;
    attention_block(layer, batch, buffers);
    feed_forward_block(layer, batch, buffers);
  }
  if (logits.rows == 0) return;
  const Matrix normed = matrix(buffers.normed, logits.rows, config_.d_model);
  rms_norm(matrix(buffers.residual, logits.rows, config_.d_model), output_norm_,
           static_cast<float>(config_.norm_epsilon), normed);
  output_.apply(normed, logits);
  if (config_.logit_soft_cap) cap_values(logits, static_cast<float>(*config_.logit_soft_cap));
}

ConstMatrix Transformer::forward(std::span<const SequenceStep> steps, ForwardBuffers& buffers) const {
  check(steps);
  std::int64_t logit_rows = 0;
  for (const SequenceStep& step : steps) {
    step.sequence->make_room(static_cast<std::int64_t>(step.tokens.size()));
    logit_rows += step.logit_rows;
  }
  const Matrix logits = matrix(buffers.logits, logit_rows, config_.vocab_size);
  const std::vector<std::size_t> ends = thread_parts(steps);
  if (ends.size() <= 1) {
    run_steps(steps, buffers, logits);
  } else {
    buffers.parts.resize(std::max(buffers.parts.size(), ends.size()));
    std::vector<Matrix> rows_of_part;
    std::int64_t row = 0;
    for (std::size_t part = 0, step = 0; part < ends.size(); ++part) {
      std::int64_t rows = 0;
      for (; step < ends[part]; ++step) rows += steps[step].logit_rows;
      rows_of_part.push_back(rows_of(logits, row, rows));
      row += rows;
    }
    std::vector<std::exception_ptr> failures(ends.size());
#pragma omp parallel for schedule(static, 1)
    for (std::size_t part = 0; part < ends.size(); ++part) {
      try {
        const std::size_t first = part == 0 ? 0 : ends[part - 1];
        run_steps(steps.subspan(first, ends[part] - first), buffers.parts[part], rows_of_part[part]);
      } catch (...) {
        failures[part] = std::current_exception();
      }
    }
    for (const std::exception_ptr& failure : failures)
      if (failure) std::rethrow_exception(failure);
  }
  for (const SequenceStep& step : steps)
    step.sequence->advance(static_cast<std::int64_t>(step.tokens.size()));
  return logits;
}

}  // namespace fulcrum
