// The forward pass of a decoder-only transformer over any mix of sequences.
//
// Llama-type blocks: RMSNorm, rotary positions, grouped-query attention over a paged cache, a gated
// feed-forward layer; optional biases, norms of queries and keys and behind each half of a block, sliding
// windows, capped scores and logits, tied or own output. Each row (token) is computed from its own
// sequence alone, with an order of additions that depends on nothing else: its bits are the same whatever
// else is in the batch, however a prompt was cut into chunks, whether its prefix came from the cache, with or
// without adapters beside it, and for any number of threads. Not here: which rows to run when
// (infer/scheduler.h), training (train/).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "model/adapter.h"
#include "model/config.h"
#include "model/kv_cache.h"
#include "model/weights.h"
#include "tensor/matmul.h"
#include "tensor/tensor.h"

namespace fulcrum {

// A LoRA adapter made ready for the engine's products. Its rows get y += scale * B (A x), apart from W x, so
// that rows without an adapter go through the very same computation as if there were none.
class PackedAdapter {
 public:
  PackedAdapter(const LoraAdapter& adapter, const ModelConfig& config);
  struct Pair {
    Linear a, b;  // [r, in], [out, r]
    float scale = 0;
  };
  // Null if that layer is not adapted.
  const Pair* find(std::int64_t layer, LinearModule module) const;

 private:
  std::vector<std::array<Pair, kLinearModules.size()>> layers_;
};

// Linear layers that read the same input, their outputs side by side: one product where they have one type,
// else one each. An output is the same dot product either way.
class StackedLinear {
 public:
  StackedLinear() = default;
  // A bias is absent (empty bytes) or [N].
  StackedLinear(const std::vector<Tensor>& parts, const std::vector<Tensor>& biases);
  void apply(ConstMatrix x, Matrix y) const;

 private:
  std::vector<Linear> parts_;
};

// Tokens to append to one sequence. A sequence may stand only once in a batch.
struct SequenceStep {
  std::span<const std::int32_t> tokens;
  KvSequence* sequence = nullptr;
  const PackedAdapter* adapter = nullptr;  // absent: the untouched base
  std::int64_t logit_rows = 1;             // logits are wanted for the last so many of these tokens
};

// Memory of a forward pass, kept by the caller from call to call so that a step allocates nothing.
struct ForwardBuffers {
  std::vector<float> residual, normed, projected, attended, hidden, low_rank, correction, logits;
  std::vector<std::int32_t> tokens, positions, row_sequence, row_index;
  std::vector<const std::byte*> key_blocks, value_blocks;
  std::array<RopeTable, 2> rope;      // a row each; of layers that see all, and of those with a window
  std::vector<ForwardBuffers> parts;  // of threads that take sequences of their own; logits are in the whole
};

class Transformer {
 public:
  // Told of each matrix when its packed copy is made, one at a time: nobody is reading its own bytes then.
  using Packed = std::function<void(const Tensor&)>;

  // Packs the weights for this CPU; `weights` must be complete (assemble_weights). The embedding is not
  // copied.
  Transformer(
      const ModelConfig& config, const ModelWeights& weights, const Packed& packed = [](const Tensor&) {});

  const ModelConfig& config() const { return config_; }
  // Of the caches that its sequences should stand in (model/kv_cache.h).
  DType cache_dtype() const { return cache_dtype_; }

  // Appends every step's tokens to its sequence and returns the logits asked for, [sum of logit_rows, V], in
  // the order of the steps; they live in `buffers` until the next call. Steps with one adapter are best put
  // side by side. Errors: invalid_argument (a token outside the vocabulary, more logits asked for than tokens
  // given), too_large (longer than the context, or no memory in the cache); after an error no sequence has
  // advanced.
  ConstMatrix forward(std::span<const SequenceStep> steps, ForwardBuffers& buffers) const;

 private:
  struct Layer {
    std::vector<float> attn_norm, ffn_norm, q_norm, k_norm, attn_post_norm, ffn_post_norm;
    StackedLinear qkv, gate_up;
    Linear output, down;
  };
  struct Batch;

  static Layer pack_layer(const LayerWeights& from, const Packed& packed);
  // Where the runs of steps end that threads take one each.
  std::vector<std::size_t> thread_parts(std::span<const SequenceStep> steps) const;
  // The steps' tokens through the model; their sequences have room and do not advance.
  void run_steps(std::span<const SequenceStep> steps, ForwardBuffers& buffers, Matrix logits) const;
  void check(std::span<const SequenceStep> steps) const;
  void embed_tokens(std::span<const std::int32_t> tokens, Matrix out) const;
  void store_keys_values(std::int64_t layer, Batch& batch, ForwardBuffers& buffers) const;
  void keep_logit_rows(Batch& batch, ForwardBuffers& buffers) const;
  void attention_block(std::int64_t layer, const Batch& batch, ForwardBuffers& buffers) const;
  void feed_forward_block(std::int64_t layer, const Batch& batch, ForwardBuffers& buffers) const;
  void fill_rope(ForwardBuffers& buffers) const;
  void normalise_heads(Matrix heads, std::int64_t count, std::span<const float> gains) const;
  void add_adapters(std::int64_t layer, LinearModule module, const Batch& batch, ConstMatrix x, Matrix y,
                    ForwardBuffers& buffers) const;

  ModelConfig config_;
  DType cache_dtype_;
  Tensor token_embd_;
  std::vector<Layer> layers_;
  std::vector<float> output_norm_;
  Linear output_;
  double row_products_ = 0;     // multiply-adds of a token's products
  std::int64_t part_rows_ = 0;  // rows that a thread needs to take them through all weights by itself
  std::array<RopeFrequencies, 2> rope_;  // as ForwardBuffers::rope
};

}  // namespace fulcrum
