// Causal self-attention with grouped key/value heads: for training over packed sequences, and for inference
// over a paged cache. Head h reads kv head h / (H/K). Source: Vaswani et al. 2017, Ainslie et al. 2023
// (grouped queries); recomputing weights from their log sums: Dao et al. 2022; capped scores: Gemma 2, 2024.
//
// A row's bits depend on that row's query and on the keys and values that it sees, never on how rows are
// grouped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "tensor/dtype.h"
#include "tensor/tensor.h"

namespace fulcrum {

// window: a token sees at most so many tokens back, itself included; INT32_MAX for all. A score is q.k *
// scale, and with a cap cap * tanh(that / cap).
struct AttentionShape {
  std::int64_t heads = 0, kv_heads = 0, head_dim = 0;
  std::int32_t window = INT32_MAX;
  std::optional<float> scale = std::nullopt;  // absent: 1/sqrt(D)
  std::optional<float> soft_cap = std::nullopt;
};

// Training. Sequence s covers rows [starts[s], starts[s+1]); together they cover all T rows.
// q [T, H*D], k and v [T, K*D], y [T, H*D]. log_sums [H, T] keeps what backward needs to recompute the
// weights; nothing of size T x T is kept.
void attention(ConstMatrix q, ConstMatrix k, ConstMatrix v, std::span<const std::int32_t> starts,
               const AttentionShape& shape, Matrix y, std::span<float> log_sums);
// Overwrites dq, dk, dv. The sums for a kv head are one thread's, in one order.
void attention_backward(ConstMatrix dy, ConstMatrix q, ConstMatrix k, ConstMatrix v, ConstMatrix y,
                        std::span<const std::int32_t> starts, const AttentionShape& shape,
                        std::span<const float> log_sums, Matrix dq, Matrix dk, Matrix dv);

// Attention of new tokens over a paged cache, for inference. Row t belongs to a sequence whose keys and
// values stand in blocks of `block_tokens` tokens: block b holds tokens [b*block_tokens, (b+1)*block_tokens),
// f32 or f16, laid out as tensor/paged_layout.h says; f16 is widened exactly and computed with in f32. Row t
// sees cache positions 0..positions[t] in ascending order, so cutting a prompt into chunks changes no bit.
struct PagedKeysValues {
  DType dtype = DType::f32;
  std::int64_t block_tokens = 0;
  std::span<const std::byte*const> key_blocks, value_blocks;
};
void attention_paged(ConstMatrix q, std::span<const PagedKeysValues> sequences,
                     std::span<const std::int32_t> row_sequence, std::span<const std::int32_t> positions,
                     const AttentionShape& shape, Matrix y);

}  // namespace fulcrum
