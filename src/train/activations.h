// What one training pass keeps between forward and backward, in buffers that live from pass to pass.
//
// Letters as in docs/GLOSSARY.md; T rows. Grown when a pass has more rows than any before, never shrunk.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "model/adapter.h"
#include "model/config.h"
#include "tensor/tensor.h"

namespace fulcrum {

// f32 memory for a [T, columns] matrix of varying T.
class RowBuffer {
 public:
  explicit RowBuffer(std::int64_t columns = 0) : columns_(columns) {}
  void reserve_rows(std::int64_t rows);
  // The first `rows` rows.
  Matrix view(std::int64_t rows) { return {values_.data(), rows, columns_, columns_}; }

 private:
  std::int64_t columns_ = 0;
  std::vector<float> values_;
};

struct LayerActivations {
  RowBuffer x;                        // [T, C] the residual stream that enters the layer
  RowBuffer attn_normed;              // [T, C]
  RowBuffer query_key_before_norm;    // [T, (H+K)*D]; only with query_key_norm
  RowBuffer qkv;                      // [T, (H+2K)*D] after bias, norm and RoPE
  std::vector<float> log_sums;        // [H, T]
  RowBuffer attended;                 // [T, H*D]
  RowBuffer attn_branch, ffn_branch;  // [T, C] before their norms; only with post_norms
  RowBuffer middle;                   // [T, C] the residual stream between attention and feed-forward
  RowBuffer ffn_normed;               // [T, C]
  RowBuffer gate_up;                  // [T, 2F]
  RowBuffer hidden;                   // [T, F]
  std::array<RowBuffer, kLinearModules.size()> lora_hidden;  // [T, rank] each; only with an adapter
};

struct Activations {
  std::vector<LayerActivations> layers;
  RowBuffer final_x, final_normed;  // [T, C]
  // Gradients; each is scratch for one step of the backward.
  RowBuffer d_x, d_branch, d_normed;  // [T, C]: of the residual stream, of a branch, of a norm's output
  RowBuffer d_post_norm;  // [T, C]: of what goes into a norm behind a branch; only with post_norms
  RowBuffer d_qkv, d_attended, d_gate_up, d_hidden, d_query_key;
  RowBuffer d_lora_hidden;  // [T, rank]

  Activations() = default;
  Activations(const ModelConfig& config, std::optional<std::int64_t> lora_rank);
  void reserve_rows(const ModelConfig& config, std::int64_t rows);
};

}  // namespace fulcrum
