// What a decoder-only transformer is, in numbers, and the only place that knows how GGUF (config_gguf.cpp)
// and Hugging Face's config.json (config_huggingface.cpp) spell them.
//
// Letters: L n_layers, C d_model, H n_heads, K n_kv_heads, D head_dim, F d_ff, V vocab_size.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json_fwd.h"
#include "model/rope_scaling.h"
#include "tensor/ops.h"

namespace fulcrum {

class GgufFile;        // formats/gguf.h
class GgufWriter;      // formats/gguf_writer.h
struct Llama2cHeader;  // formats/llama2c.h

// f of the feed-forward layer down(f(gate x) * up x).
enum class GatedUnit { swiglu, geglu };

struct ModelConfig {
  std::string architecture;  // GGUF's general.architecture: "llama", "qwen2", "gemma3", ...
  std::string name;
  std::int64_t n_layers = 0, d_model = 0, n_heads = 0, n_kv_heads = 0, head_dim = 0, d_ff = 0, vocab_size = 0;
  std::int64_t context_tokens = 0;
  double rope_theta = 10000.0;
  RopeLayout rope_layout = RopeLayout::split_halves;  // of the rows of q and k in memory
  std::optional<std::int64_t> rotary_dim;             // the part of a head that RoPE turns; absent: all of it
  RopeScaling rope_scaling;
  double norm_epsilon = 1e-5;
  GatedUnit gated_unit = GatedUnit::swiglu;
  bool tied_output = false;
  bool attention_bias = false;  // q, k and v have biases (qwen2)
  bool query_key_norm = false;  // RMSNorm of each head's q and k before RoPE (qwen3, gemma3)
  bool post_norms = false;      // RMSNorm of what each half of a block adds to the residual (gemma2, gemma3)
  double embedding_scale = 1;   // embeddings are multiplied by it (gemma: sqrt(C))
  std::optional<double> attention_scale;                     // of q.k; absent: 1/sqrt(D)
  std::optional<double> attention_soft_cap, logit_soft_cap;  // x becomes cap * tanh(x / cap) (gemma2)
  std::optional<std::int32_t> sliding_window;                // tokens that a layer sees back, itself included
  // The last of every so many layers sees all; absent: all layers have the window.
  std::optional<std::int64_t> full_attention_interval;
  std::optional<double> window_rope_theta;  // layers with a window turn by this, unscaled (gemma3)

  std::int64_t parameters() const;
  // Error(corrupt) naming the field, if the numbers cannot be a model (zero, not divisible, absurd).
  void check() const;

  bool has_window(std::int64_t layer) const;
  AttentionShape attention_shape(std::int64_t layer) const;
  RopeFrequencies rope(std::int64_t layer) const;
};

// Error corrupt (a key is missing or has a wrong type: named) or unsupported (architecture, or a key that
// would change the result in a way not computed here: named).
ModelConfig read_config(const GgufFile& file);
ModelConfig read_config(const Llama2cHeader& header);
void write_config(const ModelConfig& config, GgufWriter& writer);

// `config` is the object of config.json; `file` is for messages. Rows of q and k stand in split halves there.
ModelConfig read_huggingface_config(const Json& config, std::string_view file);
// Error(unsupported) if Hugging Face has no spelling for it. `dtype` is "float32", "float16" or "bfloat16".
Json huggingface_config(const ModelConfig& config, std::string_view dtype);

// What every file of an architecture has in common, and how files spell it.
struct Architecture {
  std::string_view name, huggingface_type, huggingface_class;
  RopeLayout gguf_rope_layout = RopeLayout::split_halves;
  // A part that blocks have by definition, or as the tensors say.
  enum class Part { never, as_stored, always };
  Part attention_bias = Part::never, query_key_norm = Part::never;
  GatedUnit gated_unit = GatedUnit::swiglu;
  enum class NormGains { plain, plus_one } huggingface_gains = NormGains::plain;   // stored w, or w - 1
  enum class Projections { separate, fused } projections = Projections::separate;  // q k v, and gate up
  bool post_norms = false;
  std::optional<std::int64_t> full_attention_interval = std::nullopt;
};
// Error(unsupported) for an unknown one, with those that are known.
const Architecture& find_architecture(std::string_view name);
const Architecture& find_huggingface_type(std::string_view model_type);

// The fields that an architecture decides (RoPE layout, biases, norms, gated unit), filled in; the rest is
// left for the caller. Error(unsupported) for an unknown architecture.
ModelConfig architecture_defaults(std::string_view architecture);

}  // namespace fulcrum
