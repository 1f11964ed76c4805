// The operations of a decoder-only transformer, forward and backward, on f32 memory.
//
// Letters (docs/GLOSSARY.md): T tokens, C d_model, H heads, K kv heads, D head_dim, F d_ff, V vocabulary. A row is a
// token. Backward functions ADD into gradients of parameters (d_weight) and OVERWRITE gradients of activations (d_x),
// unless they say otherwise. Each has a readable twin in tensor/ops_reference.h against which it is tested, in f64.
// All forward functions work row by row: a row's bits do not depend on the other rows or on the number of threads.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tensor/tensor.h"

namespace fulcrum {

// y = x / sqrt(mean(x^2) + epsilon) * weight, a row at a time. x, y [T, C]; weight [C]. y may be x.
// Source: Zhang and Sennrich 2019.
void rms_norm(ConstMatrix x, std::span<const float> weight, float epsilon, Matrix y);
void rms_norm_backward(ConstMatrix dy, ConstMatrix x, std::span<const float> weight, float epsilon, Matrix dx,
                       std::span<float> d_weight);

// Rotary position embedding on H heads of D side by side in a row [T, H*D], in place. Source: Su et al. 2021.
// split_halves turns (i, i + D/2) together (Hugging Face, GGUF "neox"); adjacent turns (2i, 2i+1) (llama2.c, GGUF "norm").
enum class RopeLayout { split_halves, adjacent };
struct RopeTable {
  RopeLayout layout = RopeLayout::split_halves;
  std::int64_t head_dim = 0;
  std::vector<float> cosines, sines;  // [positions, D/2]
};
// frequency_factors: absent (empty) or [D/2], the divisor of each frequency (Llama 3's scaling).
RopeTable make_rope_table(RopeLayout layout, std::int64_t head_dim, std::int64_t positions, double theta,
                          std::span<const float> frequency_factors);
void rope(Matrix x, std::span<const std::int32_t> positions, std::int64_t heads, const RopeTable& table);
void rope_backward(Matrix dx, std::span<const std::int32_t> positions, std::int64_t heads, const RopeTable& table);

// y = silu(gate) * up, all [T, F]. Source: Shazeer 2020 (SwiGLU). y may be gate.
void swiglu(ConstMatrix gate, ConstMatrix up, Matrix y);
void swiglu_backward(ConstMatrix dy, ConstMatrix gate, ConstMatrix up, Matrix d_gate, Matrix d_up);

// Rows of the table. table [V, C], y [T, C]. d_table is added to.
void embed(std::span<const std::int32_t> ids, ConstMatrix table, Matrix y);
void embed_backward(ConstMatrix dy, std::span<const std::int32_t> ids, Matrix d_table);

void add_bias(Matrix y, std::span<const float> bias);                       // y [T, N] += bias [N]
void add_bias_backward(ConstMatrix dy, std::span<float> d_bias);            // d_bias += column sums

// Softmax of a row, numerically safe, in place; returns log(sum exp). Used by samplers and scores.
double softmax(std::span<float> values);
double log_sum_exp(std::span<const float> values);

// Mean of weight_t * -log p(target_t) over the sum of weights. logits [T, V]; targets [T]; weights [T] (0: not learnt).
// On return logits hold d loss / d logits, already divided by the sum of weights and multiplied by `scale`.
// Returns the sum of weighted losses (not divided), so that pieces of a batch can be added up.
double cross_entropy(Matrix logits, std::span<const std::int32_t> targets, std::span<const float> weights,
                     double sum_of_weights, double scale);

// Causal self-attention inside packed sequences, for training. Sequence s covers rows [starts[s], starts[s+1]).
// q [T, H*D], k and v [T, K*D], y [T, H*D]; head h reads kv head h / (H/K); scores are scaled by 1/sqrt(D).
// log_sums [H, T] keeps what backward needs to recompute the weights; nothing of size T x T is kept.
// window: a token sees at most so many tokens back, itself included; INT32_MAX for all.
struct AttentionShape {
  std::int64_t heads = 0, kv_heads = 0, head_dim = 0;
  std::int32_t window = INT32_MAX;
};
void attention(ConstMatrix q, ConstMatrix k, ConstMatrix v, std::span<const std::int32_t> starts,
               const AttentionShape& shape, Matrix y, std::span<float> log_sums);
void attention_backward(ConstMatrix dy, ConstMatrix q, ConstMatrix k, ConstMatrix v, ConstMatrix y,
                        std::span<const std::int32_t> starts, const AttentionShape& shape,
                        std::span<const float> log_sums, Matrix dq, Matrix dk, Matrix dv);

// Attention of new tokens over a paged cache, for inference. Row t belongs to a sequence whose keys and values stand in
// blocks of `block_tokens` tokens: block b holds tokens [b*block_tokens, (b+1)*block_tokens), each [K*D].
// Row t sees cache positions 0..positions[t] in ascending order, so cutting a prompt into chunks changes no bit.
struct PagedKeysValues {
  std::int64_t block_tokens = 0;
  std::span<const float* const> key_blocks, value_blocks;
};
void attention_paged(ConstMatrix q, std::span<const PagedKeysValues> sequences, std::span<const std::int32_t> row_sequence,
                     std::span<const std::int32_t> positions, const AttentionShape& shape, Matrix y);

}  // namespace fulcrum
