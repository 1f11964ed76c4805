// What a decoder-only transformer is, in numbers, and the only place that knows how GGUF and Hugging Face
// spell them.
//
// Letters: L n_layers, C d_model, H n_heads, K n_kv_heads, D head_dim, F d_ff, V vocab_size.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tensor/ops.h"

namespace fulcrum {

class GgufFile;        // formats/gguf.h
class GgufWriter;      // formats/gguf_writer.h
struct Llama2cHeader;  // formats/llama2c.h

struct ModelConfig {
  std::string architecture;  // GGUF's general.architecture: "llama", "qwen2", "qwen3"
  std::string name;
  std::int64_t n_layers = 0, d_model = 0, n_heads = 0, n_kv_heads = 0, head_dim = 0, d_ff = 0, vocab_size = 0;
  std::int64_t context_tokens = 0;
  double rope_theta = 10000.0;
  RopeLayout rope_layout = RopeLayout::split_halves;
  double norm_epsilon = 1e-5;
  bool tied_output = false;
  bool attention_bias = false;  // q, k and v have biases (qwen2)
  bool query_key_norm = false;  // RMSNorm of each head's q and k before RoPE (qwen3)
  std::optional<std::int32_t> sliding_window;

  std::int64_t parameters() const;
  // Error(corrupt) naming the field, if the numbers cannot be a model (zero, not divisible, absurd).
  void check() const;
};

// Error corrupt (a key is missing or has a wrong type: named) or unsupported (architecture: named, with those
// that are).
ModelConfig read_config(const GgufFile& file);
ModelConfig read_config(const Llama2cHeader& header);
void write_config(const ModelConfig& config, GgufWriter& writer);

// The fields that an architecture decides (RoPE layout, biases, query/key norm), filled in; the rest is left
// for the caller. Error(unsupported) for an unknown architecture.
ModelConfig architecture_defaults(std::string_view architecture);

}  // namespace fulcrum
