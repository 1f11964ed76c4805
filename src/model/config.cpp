#include "model/config.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"
#include "formats/gguf.h"
#include "formats/gguf_writer.h"
#include "formats/llama2c.h"

namespace fulcrum {
namespace {

// Whether a block has a certain part: by definition of the architecture, or as its tensors say.
enum class Part { never, as_stored, always };

// The architectures whose blocks are the one this engine computes; what sets them apart is in these columns.
struct Architecture {
  std::string_view name;
  RopeLayout rope_layout;
  Part attention_bias, query_key_norm;
};
constexpr std::array<Architecture, 3> kArchitectures = {{
    {"llama", RopeLayout::adjacent, Part::as_stored, Part::never},
    {"qwen2", RopeLayout::split_halves, Part::always, Part::never},
    {"qwen3", RopeLayout::split_halves, Part::as_stored, Part::always},
}};

const Architecture& find_architecture(std::string_view name) {
  for (const Architecture& known : kArchitectures) {
    if (known.name == name) return known;
  }
  std::string names;
  for (const Architecture& known : kArchitectures)
    names += fmt::format("{}{}", names.empty() ? "" : ", ", known.name);
  throw_error(ErrorCode::unsupported, "the model architecture '{}' is not supported; these are: {}", name,
              names);
}

std::int64_t required_integer(const GgufFile& file, const std::string& key) {
  if (const auto value = file.integer(key)) return *value;
  throw_error(ErrorCode::corrupt, "reading {}: the key '{}' is missing", file.name(), key);
}

double required_number(const GgufFile& file, const std::string& key) {
  if (const auto value = file.number(key)) return *value;
  throw_error(ErrorCode::corrupt, "reading {}: the key '{}' is missing", file.name(), key);
}

// Keys that change what a block computes in a way this engine does not: better no answer than a wrong one.
void refuse_variants(const GgufFile& file, const std::string& prefix, const ModelConfig& config) {
  const auto refuse = [&](std::string_view key, const auto& value, std::string_view why) {
    throw_error(ErrorCode::unsupported, "reading {}: '{}{}' is {}: {}", file.name(), prefix, key, value, why);
  };
  if (const auto experts = file.integer(prefix + "expert_count"); experts.value_or(0) > 0) {
    refuse("expert_count", *experts, "mixtures of experts are not supported");
  }
  if (const auto scaling = file.text(prefix + "rope.scaling.type"); scaling.value_or("none") != "none") {
    refuse("rope.scaling.type", *scaling, "scaled RoPE is not supported");
  }
  if (const auto rotated = file.integer(prefix + "rope.dimension_count");
      rotated.value_or(config.head_dim) != config.head_dim) {
    refuse("rope.dimension_count", *rotated,
           fmt::format("RoPE over part of a head of {} is not supported", config.head_dim));
  }
  if (const auto width = file.integer(prefix + "attention.value_length");
      width.value_or(config.head_dim) != config.head_dim) {
    refuse("attention.value_length", *width,
           fmt::format("values as wide as keys ({}) are needed", config.head_dim));
  }
}

std::int64_t read_vocab_size(const GgufFile& file, const std::string& prefix) {
  if (const Tensor* embedding = file.find_tensor("token_embd.weight");
      embedding != nullptr && !embedding->shape.empty()) {
    return embedding->shape.front();
  }
  if (const auto size = file.integer(prefix + "vocab_size")) return *size;
  if (const GgufValue* tokens = file.find("tokenizer.ggml.tokens")) {
    if (const auto* items = std::get_if<GgufArray>(&tokens->value))
      return static_cast<std::int64_t>(items->count);
  }
  throw_error(
      ErrorCode::corrupt,
      "reading {}: nothing says how large the vocabulary is (no token_embd.weight, no '{}vocab_size')",
      file.name(), prefix);
}

// Absurd is what no published model comes near; it keeps products of the fields far from overflow.
struct Bound {
  std::string_view field;
  std::int64_t value, most;
};

[[noreturn]] void refuse_field(const ModelConfig& config, std::string_view field, const std::string& why) {
  throw_error(ErrorCode::corrupt, "the configuration of '{}' ({}) cannot be a model: {} {}", config.name,
              config.architecture, field, why);
}

}  // namespace

ModelConfig architecture_defaults(std::string_view architecture) {
  const Architecture& known = find_architecture(architecture);
  ModelConfig config;
  config.architecture = known.name;
  config.rope_layout = known.rope_layout;
  config.attention_bias = known.attention_bias == Part::always;
  config.query_key_norm = known.query_key_norm == Part::always;
  return config;
}

std::int64_t ModelConfig::parameters() const {
  const std::int64_t q = n_heads * head_dim, kv = n_kv_heads * head_dim;
  std::int64_t layer = 2 * d_model + (q + 2 * kv) * d_model + d_model * q + 3 * d_ff * d_model;
  if (attention_bias) layer += q + 2 * kv;
  if (query_key_norm) layer += 2 * head_dim;
  return (tied_output ? 1 : 2) * vocab_size * d_model + n_layers * layer + d_model;
}

void ModelConfig::check() const {
  find_architecture(architecture);
  const Bound bounds[] = {{"n_layers", n_layers, 1024},        {"d_model", d_model, 1 << 17},
                          {"n_heads", n_heads, 1024},          {"n_kv_heads", n_kv_heads, 1024},
                          {"head_dim", head_dim, 4096},        {"d_ff", d_ff, 1 << 20},
                          {"vocab_size", vocab_size, 1 << 24}, {"context_tokens", context_tokens, 1 << 28}};
  for (const Bound& bound : bounds) {
    if (bound.value < 1 || bound.value > bound.most) {
      refuse_field(*this, bound.field, fmt::format("is {}; 1 to {} is allowed", bound.value, bound.most));
    }
  }
  if (n_heads % n_kv_heads != 0) {
    refuse_field(*this, "n_heads",
                 fmt::format("is {}, not a multiple of n_kv_heads {}", n_heads, n_kv_heads));
  }
  if (head_dim % 2 != 0)
    refuse_field(*this, "head_dim", fmt::format("is {}; RoPE needs an even number", head_dim));
  if (!std::isfinite(rope_theta) || rope_theta <= 0)
    refuse_field(*this, "rope_theta", fmt::format("is {}", rope_theta));
  if (!(norm_epsilon > 0 && norm_epsilon < 1))
    refuse_field(*this, "norm_epsilon", fmt::format("is {}", norm_epsilon));
  if (sliding_window && *sliding_window < 1) {
    refuse_field(*this, "sliding_window", fmt::format("is {} tokens", *sliding_window));
  }
}

ModelConfig read_config(const GgufFile& file) {
  const auto architecture = file.text("general.architecture");
  if (!architecture) {
    throw_error(ErrorCode::corrupt, "reading {}: the key 'general.architecture' is missing", file.name());
  }
  return with_context(fmt::format("reading {}", file.name()), [&] {
    const Architecture& known = find_architecture(*architecture);
    const std::string prefix = *architecture + ".";
    const auto stored = [&](Part part, std::string_view tensor) {
      return part == Part::always || (part == Part::as_stored && file.find_tensor(tensor) != nullptr);
    };
    ModelConfig config = architecture_defaults(*architecture);
    config.name = file.text("general.name").value_or("");
    config.n_layers = required_integer(file, prefix + "block_count");
    config.d_model = required_integer(file, prefix + "embedding_length");
    config.d_ff = required_integer(file, prefix + "feed_forward_length");
    config.n_heads = required_integer(file, prefix + "attention.head_count");
    config.n_kv_heads = file.integer(prefix + "attention.head_count_kv").value_or(config.n_heads);
    if (const auto head_dim = file.integer(prefix + "attention.key_length")) {
      config.head_dim = *head_dim;
    } else {
      if (config.n_heads < 1 || config.d_model % config.n_heads != 0) {
        refuse_field(config, "d_model",
                     fmt::format("is {}, not a multiple of n_heads {}", config.d_model, config.n_heads));
      }
      config.head_dim = config.d_model / config.n_heads;
    }
    config.vocab_size = read_vocab_size(file, prefix);
    config.context_tokens = required_integer(file, prefix + "context_length");
    config.rope_theta = file.number(prefix + "rope.freq_base").value_or(10000.0);
    config.norm_epsilon = required_number(file, prefix + "attention.layer_norm_rms_epsilon");
    config.tied_output = file.find_tensor("output.weight") == nullptr;
    config.attention_bias = stored(known.attention_bias, "blk.0.attn_q.bias");
    config.query_key_norm = stored(known.query_key_norm, "blk.0.attn_q_norm.weight");
    if (const auto window = file.integer(prefix + "attention.sliding_window"); window && *window != 0) {
      config.sliding_window = static_cast<std::int32_t>(std::clamp<std::int64_t>(*window, -1, INT32_MAX));
    }
    refuse_variants(file, prefix, config);
    config.check();
    return config;
  });
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

void write_config(const ModelConfig& config, GgufWriter& writer) {
  config.check();
  const std::string prefix = config.architecture + ".";
  const auto add = [&](std::string_view key, std::int64_t value) {
    writer.add_u32(prefix + std::string(key), static_cast<std::uint32_t>(value));
  };
  writer.add("general.architecture", config.architecture);
  writer.add("general.name", config.name);
  add("block_count", config.n_layers);
  add("context_length", config.context_tokens);
  add("embedding_length", config.d_model);
  add("feed_forward_length", config.d_ff);
  add("attention.head_count", config.n_heads);
  add("attention.head_count_kv", config.n_kv_heads);
  add("attention.key_length", config.head_dim);
  add("attention.value_length", config.head_dim);
  add("rope.dimension_count", config.head_dim);
  add("vocab_size", config.vocab_size);
  writer.add_f32(prefix + "rope.freq_base", static_cast<float>(config.rope_theta));
  writer.add_f32(prefix + "attention.layer_norm_rms_epsilon", static_cast<float>(config.norm_epsilon));
  if (config.sliding_window) add("attention.sliding_window", *config.sliding_window);
}

}  // namespace fulcrum
