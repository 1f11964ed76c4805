#include "model/config.h"

#include <array>
#include <cmath>

#include "base/error.h"
#include "formats/llama2c.h"

namespace fulcrum {
namespace {

using A = Architecture;
constexpr std::array<Architecture, 8> kArchitectures = {{
    {"llama", "llama", "LlamaForCausalLM", RopeLayout::adjacent, A::Part::as_stored},
    // llama.cpp has no architecture of its own for it.
    {"llama", "mistral", "MistralForCausalLM", RopeLayout::adjacent},
    {"qwen2", "qwen2", "Qwen2ForCausalLM", RopeLayout::split_halves, A::Part::always},
    {"qwen3", "qwen3", "Qwen3ForCausalLM", RopeLayout::split_halves, A::Part::as_stored, A::Part::always},
    {"phi3", "phi3", "Phi3ForCausalLM", RopeLayout::split_halves, A::Part::never, A::Part::never,
     GatedUnit::swiglu, A::NormGains::plain, A::Projections::fused},
    {"gemma", "gemma", "GemmaForCausalLM", RopeLayout::split_halves, A::Part::never, A::Part::never,
     GatedUnit::geglu, A::NormGains::plus_one},
    {"gemma2", "gemma2", "Gemma2ForCausalLM", RopeLayout::split_halves, A::Part::never, A::Part::never,
     GatedUnit::geglu, A::NormGains::plus_one, A::Projections::separate, true, 2},
    {"gemma3", "gemma3_text", "Gemma3ForCausalLM", RopeLayout::split_halves, A::Part::never, A::Part::always,
     GatedUnit::geglu, A::NormGains::plus_one, A::Projections::separate, true, 6},
}};

// Absurd is what no published model comes near; it keeps products of the fields far from overflow.
struct Bound {
  std::string_view field;
  std::int64_t value, most;
};

[[noreturn]] void refuse_field(const ModelConfig& config, std::string_view field, const std::string& why) {
  throw_error(ErrorCode::corrupt, "the configuration of '{}' ({}) cannot be a model: {} {}", config.name,
              config.architecture, field, why);
}

const Architecture& find(std::string_view name, std::string_view Architecture::*field) {
  std::string names;
  for (const Architecture& known : kArchitectures) {
    if (known.*field == name) return known;
    if (!names.ends_with(known.*field)) names += fmt::format("{}{}", names.empty() ? "" : ", ", known.*field);
  }
  throw_error(ErrorCode::unsupported, "the model architecture '{}' is not supported; these are: {}", name,
              names);
}

}  // namespace

const Architecture& find_architecture(std::string_view name) {
  return find(name, &Architecture::name);
}

const Architecture& find_huggingface_type(std::string_view model_type) {
  return find(model_type, &Architecture::huggingface_type);
}

ModelConfig architecture_defaults(std::string_view architecture) {
  const Architecture& known = find_architecture(architecture);
  ModelConfig config;
  config.architecture = known.name;
  config.rope_layout = known.gguf_rope_layout;
  config.attention_bias = known.attention_bias == Architecture::Part::always;
  config.query_key_norm = known.query_key_norm == Architecture::Part::always;
  config.gated_unit = known.gated_unit;
  config.post_norms = known.post_norms;
  config.full_attention_interval = known.full_attention_interval;
  return config;
}

std::int64_t ModelConfig::parameters() const {
  const std::int64_t q = n_heads * head_dim, kv = n_kv_heads * head_dim;
  std::int64_t layer =
      (post_norms ? 4 : 2) * d_model + (q + 2 * kv) * d_model + d_model * q + 3 * d_ff * d_model;
  if (attention_bias) layer += q + 2 * kv;
  if (query_key_norm) layer += 2 * head_dim;
  return (tied_output ? 1 : 2) * vocab_size * d_model + n_layers * layer + d_model;
}

void ModelConfig::check() const {
  find_architecture(architecture);
  const Bound bounds[] = {{"n_layers", n_layers, 1024},
                          {"d_model", d_model, 1 << 17},
                          {"n_heads", n_heads, 1024},
                          {"n_kv_heads", n_kv_heads, 1024},
                          {"head_dim", head_dim, 4096},
                          {"d_ff", d_ff, 1 << 20},
                          {"vocab_size", vocab_size, 1 << 24},
                          {"context_tokens", context_tokens, 1 << 28},
                          {"rotary_dim", rotary_dim.value_or(2), head_dim},
                          {"full_attention_interval", full_attention_interval.value_or(1), 1024}};
  for (const Bound& bound : bounds) {
    if (bound.value < 1 || bound.value > bound.most) {
      refuse_field(*this, bound.field, fmt::format("is {}; 1 to {} is allowed", bound.value, bound.most));
    }
  }
  if (n_heads % n_kv_heads != 0) {
    refuse_field(*this, "n_heads",
                 fmt::format("is {}, not a multiple of n_kv_heads {}", n_heads, n_kv_heads));
  }
  const std::int64_t rotated = rotary_dim.value_or(head_dim);
  if (rotated % 2 != 0) {
    refuse_field(*this, rotary_dim ? "rotary_dim" : "head_dim",
                 fmt::format("is {}; RoPE needs an even number", rotated));
  }
  const auto positive = [&](std::string_view field, double value) {
    if (!std::isfinite(value) || value <= 0) refuse_field(*this, field, fmt::format("is {}", value));
  };
  positive("rope_theta", rope_theta);
  positive("window_rope_theta", window_rope_theta.value_or(1));
  positive("embedding_scale", embedding_scale);
  positive("attention_scale", attention_scale.value_or(1));
  positive("attention_soft_cap", attention_soft_cap.value_or(1));
  positive("logit_soft_cap", logit_soft_cap.value_or(1));
  if (!(norm_epsilon > 0 && norm_epsilon < 1))
    refuse_field(*this, "norm_epsilon", fmt::format("is {}", norm_epsilon));
  if (sliding_window && *sliding_window < 1) {
    refuse_field(*this, "sliding_window", fmt::format("is {} tokens", *sliding_window));
  }
  rope_scaling.check(rotated);
}

bool ModelConfig::has_window(std::int64_t layer) const {
  if (!sliding_window) return false;
  return !full_attention_interval || (layer + 1) % *full_attention_interval != 0;
}

AttentionShape ModelConfig::attention_shape(std::int64_t layer) const {
  AttentionShape shape{n_heads, n_kv_heads, head_dim, has_window(layer) ? *sliding_window : INT32_MAX,
                       {},      {}};
  if (attention_scale) shape.scale = static_cast<float>(*attention_scale);
  if (attention_soft_cap) shape.soft_cap = static_cast<float>(*attention_soft_cap);
  return shape;
}

RopeFrequencies ModelConfig::rope(std::int64_t layer) const {
  const std::int64_t rotated = rotary_dim.value_or(head_dim);
  if (window_rope_theta && has_window(layer))
    return scaled_frequencies(rope_layout, head_dim, rotated, *window_rope_theta, {});
  return scaled_frequencies(rope_layout, head_dim, rotated, rope_theta, rope_scaling);
}

ModelConfig read_config(const Llama2cHeader& header) {
  ModelConfig config = architecture_defaults("llama");
  config.n_layers = header.n_layers;
  config.d_model = header.d_model;
  config.n_heads = header.n_heads;
  config.n_kv_heads = header.n_kv_heads;
  config.head_dim = header.d_model / header.n_heads;
  config.d_ff = header.d_ff;
  config.vocab_size = header.vocab_size;
  config.context_tokens = header.context_tokens;
  config.tied_output = header.tied_output;
  config.check();
  return config;
}

}  // namespace fulcrum
