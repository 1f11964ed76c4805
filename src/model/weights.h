// The tensors of a model by their GGUF names, checked against the configuration. Dense, any dtype; nothing is
// copied.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "model/config.h"
#include "tensor/tensor.h"

namespace fulcrum {

// One layer. Absent optional tensors have empty bytes. Shapes are [out, in], outermost first.
struct LayerWeights {
  Tensor attn_norm;                              // [C]
  Tensor attn_q, attn_k, attn_v;                 // [H*D, C], [K*D, C], [K*D, C]
  Tensor attn_q_bias, attn_k_bias, attn_v_bias;  // [H*D], [K*D], [K*D], optional
  Tensor attn_q_norm, attn_k_norm;               // [D], optional
  Tensor attn_output;                            // [C, H*D]
  Tensor attn_post_norm, ffn_post_norm;          // [C], optional
  Tensor ffn_norm;                               // [C]
  Tensor ffn_gate, ffn_up, ffn_down;             // [F, C], [F, C], [C, F]
};

struct ModelWeights {
  Tensor token_embd;  // [V, C]
  std::vector<LayerWeights> layers;
  Tensor output_norm;  // [C]
  Tensor output;       // [V, C]; empty bytes if tied to token_embd

  // Every present tensor with its GGUF name ("blk.0.attn_q.weight", "blk.0.attn_q.bias"), in file order.
  std::vector<Tensor> all() const;
  // The same, by reference, for whoever fills or replaces them; visits absent ones only if `config` calls for
  // them.
  void visit(const ModelConfig& config,
             const std::function<void(const std::string& name, const Shape& shape, Tensor&)>& visitor);
};

// Picks the tensors by name out of `tensors`. Error corrupt: a tensor is missing, has another shape than the
// configuration says (both printed), or holds NaN or infinity (values of f32, f16 and bf16, and scales of
// q8_0, are looked at).
ModelWeights assemble_weights(const ModelConfig& config, const std::vector<Tensor>& tensors);

// Fresh random f32 weights: normal with the given standard deviation, the two projections back into the
// residual stream (attn_output, ffn_down) divided by sqrt(2 L), norms one, biases zero. A tensor's values
// depend on (seed, its name).
ModelWeights random_weights(const ModelConfig& config, std::uint64_t seed, double deviation);

// Digest over names, types, shapes and bytes in file order: what law 1 compares.
std::string weights_sha256(const ModelWeights& weights);

}  // namespace fulcrum
