// The trained numbers of a model: one flat f32 array with a named place for every tensor.
//
// Gradients and the optimiser's moments are further arrays of the same layout, so an optimiser step is one
// pass over memory and a checkpoint is a few large writes. Names are GGUF's ("blk.0.attn_q.weight"). Tensors
// that are multiplied by the same input stand side by side (q, k, v; gate, up), so that one product serves
// them all. Gaps left for alignment hold zeros and stay zero.
//
// Not the engine's weights: those keep the file's type and are packed by tensor/matmul.h's Linear.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/config.h"
#include "model/weights.h"
#include "tensor/tensor.h"

namespace fulcrum {

// embedding: rows looked up by id. matrix: a linear layer's weight. vector: a norm's gains or a bias (never
// decayed).
enum class ParameterKind { embedding, matrix, vector };

struct ParameterSlot {
  std::string name;
  Shape shape;
  ParameterKind kind = ParameterKind::vector;
  std::int64_t offset = 0;  // elements from the start of the array
  std::int64_t elements = 0;
};

// Whether a tensor starts on a fresh cache line or directly behind the one before it.
enum class Placement { aligned, adjoining };

class ParameterLayout {
 public:
  static ParameterLayout of_model(const ModelConfig& config);

  void add(std::string name, Shape shape, ParameterKind kind, Placement placement);
  const std::vector<ParameterSlot>& slots() const { return slots_; }
  const ParameterSlot& slot(std::string_view name) const;  // Error(internal) if absent
  const ParameterSlot* find(std::string_view name) const;
  std::int64_t elements() const { return elements_; }  // of the array, gaps included
  std::int64_t parameters() const;                     // gaps not counted

 private:
  std::vector<ParameterSlot> slots_;
  std::int64_t elements_ = 0;
};

// One array of a layout, zero at first, 64-byte aligned. Moves, does not copy.
class ParameterArray {
 public:
  explicit ParameterArray(const ParameterLayout& layout);
  std::span<float> values() { return {data_.get(), static_cast<std::size_t>(elements_)}; }
  std::span<const float> values() const { return {data_.get(), static_cast<std::size_t>(elements_)}; }
  std::span<float> of(const ParameterSlot& slot) { return values().subspan(slot.offset, slot.elements); }
  std::span<const float> of(const ParameterSlot& slot) const {
    return values().subspan(slot.offset, slot.elements);
  }
  void clear();

 private:
  struct Free {
    void operator()(float* data) const;
  };
  std::unique_ptr<float[], Free> data_;
  std::int64_t elements_ = 0;
};

// One transformer layer inside an array. Letters as in docs/GLOSSARY.md.
struct DecoderLayerView {
  std::span<float> attn_norm;                      // [C]
  Matrix qkv;                                      // [(H+2K)*D, C]: q, k and v one below the other
  std::span<float> qkv_bias;                       // [(H+2K)*D]; empty if the model has none
  std::span<float> q_norm, k_norm;                 // [D]; empty if the model has none
  Matrix attn_output;                              // [C, H*D]
  std::span<float> attn_post_norm, ffn_post_norm;  // [C]; empty if the model has none
  std::span<float> ffn_norm;                       // [C]
  Matrix gate_up;                                  // [2F, C]: gate, then up
  Matrix ffn_down;                                 // [C, F]
};

// A whole model inside an array: its weights, or the gradients of them.
struct DecoderView {
  Matrix token_embd;  // [V, C]
  std::vector<DecoderLayerView> layers;
  std::span<float> output_norm;  // [C]
  Matrix output;                 // [V, C]; the same memory as token_embd if the model is tied
};
DecoderView view_decoder(const ModelConfig& config, const ParameterLayout& layout, ParameterArray& array);

// Decodes the file's tensors into the array. `weights` belongs to `config`, as assemble_weights checks.
void load_parameters(const ModelWeights& weights, const ParameterLayout& layout, ParameterArray& array);
// Copies: matrices and embeddings as `matrices`, norms and biases as f32.
ModelWeights save_parameters(const ModelConfig& config, const ParameterLayout& layout,
                             const ParameterArray& array, DType matrices);

}  // namespace fulcrum
