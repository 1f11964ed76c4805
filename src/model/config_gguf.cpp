// The keys of GGUF's metadata that say what a model is. Source: the ggml project's format description and the
// keys that its converters write.
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "formats/gguf.h"
#include "formats/gguf_writer.h"
#include "model/config.h"

namespace fulcrum {
namespace {

// The keys below an architecture's name, "llama.block_count".
class Keys {
 public:
  Keys(const GgufFile& file, const std::string& architecture) : file_(file), prefix_(architecture + ".") {}

  std::optional<std::int64_t> integer(std::string_view key) const { return file_.integer(name(key)); }
  std::optional<double> number(std::string_view key) const { return file_.number(name(key)); }
  std::optional<std::string> text(std::string_view key) const { return file_.text(name(key)); }

  std::int64_t required_integer(std::string_view key) const {
    if (const auto value = integer(key)) return *value;
    missing(key);
  }
  double required_number(std::string_view key) const {
    if (const auto value = number(key)) return *value;
    missing(key);
  }
  // A number that a model may have or not; 0 is how some writers say not.
  std::optional<double> number_unless_zero(std::string_view key) const {
    const auto value = number(key);
    return value && *value != 0 ? value : std::nullopt;
  }

  template <typename Value>
  [[noreturn]] void refuse(std::string_view key, const Value& value, std::string_view why) const {
    throw_error(ErrorCode::unsupported, "reading {}: '{}' is {}: {}", file_.name(), name(key), value, why);
  }

  const GgufFile& file() const { return file_; }
  std::string name(std::string_view key) const { return prefix_ + std::string(key); }

 private:
  [[noreturn]] void missing(std::string_view key) const {
    throw_error(ErrorCode::corrupt, "reading {}: the key '{}' is missing", file_.name(), name(key));
  }

  const GgufFile& file_;
  std::string prefix_;
};

std::int64_t read_vocab_size(const Keys& keys) {
  const GgufFile& file = keys.file();
  if (const Tensor* embedding = file.find_tensor("token_embd.weight");
      embedding != nullptr && !embedding->shape.empty()) {
    return embedding->shape.front();
  }
  if (const auto size = keys.integer("vocab_size")) return *size;
  if (const GgufValue* tokens = file.find("tokenizer.ggml.tokens")) {
    if (const auto* items = std::get_if<GgufArray>(&tokens->value))
      return static_cast<std::int64_t>(items->count);
  }
  throw_error(ErrorCode::corrupt,
              "reading {}: nothing says how large the vocabulary is (no token_embd.weight, no '{}')",
              file.name(), keys.name("vocab_size"));
}

std::int64_t read_head_dim(const Keys& keys, const ModelConfig& config) {
  if (const auto head_dim = keys.integer("attention.key_length")) return *head_dim;
  if (config.n_heads < 1 || config.d_model % config.n_heads != 0) {
    throw_error(ErrorCode::corrupt, "reading {}: '{}' is {}, not a multiple of '{}', which is {}",
                keys.file().name(), keys.name("embedding_length"), config.d_model,
                keys.name("attention.head_count"), config.n_heads);
  }
  return config.d_model / config.n_heads;
}

std::vector<float> read_divisors(const Tensor& tensor) {
  const Tensor decoded = to_f32(tensor);
  return {decoded.f32().begin(), decoded.f32().end()};
}

RopeScaling read_rope_scaling(const Keys& keys, std::int64_t context_tokens) {
  RopeScaling scaling;
  const std::string type = keys.text("rope.scaling.type").value_or("none");
  const Tensor* given = keys.file().find_tensor("rope_freqs.weight");
  const Tensor* short_factors = keys.file().find_tensor("rope_factors_short.weight");
  const Tensor* long_factors = keys.file().find_tensor("rope_factors_long.weight");
  scaling.factor = keys.number_unless_zero("rope.scaling.factor").value_or(1);
  scaling.original_context_tokens =
      keys.integer("rope.scaling.original_context_length").value_or(context_tokens);
  scaling.attention_factor = keys.number_unless_zero("rope.scaling.attn_factor");
  if (short_factors != nullptr && long_factors != nullptr) {
    scaling.kind = RopeScalingKind::longrope;
    scaling.extended_context_tokens = context_tokens;
    scaling.divisors = read_divisors(*short_factors);
    scaling.long_divisors = read_divisors(*long_factors);
  } else if (given != nullptr) {
    if (type != "none") keys.refuse("rope.scaling.type", type, "and rope_freqs.weight scales RoPE as well");
    return {.kind = RopeScalingKind::given, .divisors = read_divisors(*given)};
  } else if (type == "linear") {
    return {.kind = RopeScalingKind::linear, .factor = scaling.factor};
  } else if (type == "yarn") {
    scaling.kind = RopeScalingKind::yarn;
    scaling.beta_fast = keys.number("rope.scaling.yarn_beta_fast").value_or(scaling.beta_fast);
    scaling.beta_slow = keys.number("rope.scaling.yarn_beta_slow").value_or(scaling.beta_slow);
  } else if (type != "none") {
    keys.refuse("rope.scaling.type", type, "RoPE scaling of the types linear and yarn is supported");
  } else {
    return {};
  }
  return scaling;
}

// Keys that change what a block computes in a way this engine does not: better no answer than a wrong one.
void refuse_variants(const Keys& keys, const ModelConfig& config) {
  if (const auto experts = keys.integer("expert_count"); experts.value_or(0) > 0) {
    keys.refuse("expert_count", *experts, "mixtures of experts are not supported");
  }
  if (const auto width = keys.integer("attention.value_length");
      width.value_or(config.head_dim) != config.head_dim) {
    keys.refuse("attention.value_length", *width,
                fmt::format("values as wide as keys ({}) are needed", config.head_dim));
  }
}

// What gemma's files leave to the reader of their architecture.
void read_gemma(const Keys& keys, ModelConfig& config) {
  config.embedding_scale = std::sqrt(static_cast<double>(config.d_model));
  config.attention_soft_cap = keys.number_unless_zero("attn_logit_softcapping");
  config.logit_soft_cap = keys.number_unless_zero("final_logit_softcapping");
  if (config.architecture == "gemma3")
    config.window_rope_theta = keys.number("rope.freq_base_swa").value_or(10000);
  // The largest models of the families scale by d_model / n_heads in place of the head's width.
  const bool largest = (config.architecture == "gemma2" && config.n_layers == 46) ||
                       (config.architecture == "gemma3" && config.n_layers == 62);
  if (largest && !config.attention_scale)
    config.attention_scale =
        1 / std::sqrt(static_cast<double>(config.d_model) / static_cast<double>(config.n_heads));
}

void write_rope_scaling(const RopeScaling& scaling, const std::string& prefix, std::int64_t rotary_dim,
                        double theta, GgufWriter& writer) {
  const auto add_divisors = [&](std::string name, const std::vector<float>& divisors) {
    OwnedTensor tensor = make_f32(std::move(name), {static_cast<std::int64_t>(divisors.size())});
    std::copy(divisors.begin(), divisors.end(), tensor.values.begin());
    writer.add(tensor.tensor);
  };
  switch (scaling.kind) {
    case RopeScalingKind::none:
      return;
    case RopeScalingKind::llama3:
    case RopeScalingKind::given:
      return add_divisors("rope_freqs.weight", frequency_divisors(rotary_dim, theta, scaling));
    case RopeScalingKind::longrope:
      add_divisors("rope_factors_long.weight", scaling.long_divisors);
      add_divisors("rope_factors_short.weight", scaling.divisors);
      break;
    case RopeScalingKind::linear:
    case RopeScalingKind::yarn:
      writer.add(prefix + "rope.scaling.type", to_string(scaling.kind));
      writer.add_f32(prefix + "rope.scaling.factor", static_cast<float>(scaling.factor));
      break;
  }
  if (scaling.kind == RopeScalingKind::linear) return;
  writer.add_u32(prefix + "rope.scaling.original_context_length",
                 static_cast<std::uint32_t>(scaling.original_context_tokens));
  const double magnitude = scaled_frequencies({}, rotary_dim, rotary_dim, theta, scaling).magnitude;
  if (scaling.attention_factor || scaling.kind == RopeScalingKind::longrope)
    writer.add_f32(prefix + "rope.scaling.attn_factor", static_cast<float>(magnitude));
  if (scaling.kind == RopeScalingKind::yarn) {
    writer.add_f32(prefix + "rope.scaling.yarn_beta_fast", static_cast<float>(scaling.beta_fast));
    writer.add_f32(prefix + "rope.scaling.yarn_beta_slow", static_cast<float>(scaling.beta_slow));
  }
}

}  // namespace

ModelConfig read_config(const GgufFile& file) {
  const auto architecture = file.text("general.architecture");
  if (!architecture) {
    throw_error(ErrorCode::corrupt, "reading {}: the key 'general.architecture' is missing", file.name());
  }
  return with_context(fmt::format("reading {}", file.name()), [&] {
    const Architecture& known = find_architecture(*architecture);
    const Keys keys(file, *architecture);
    const auto stored = [&](Architecture::Part part, std::string_view tensor) {
      return part == Architecture::Part::always ||
             (part == Architecture::Part::as_stored && file.find_tensor(tensor) != nullptr);
    };
    ModelConfig config = architecture_defaults(*architecture);
    config.name = file.text("general.name").value_or("");
    config.n_layers = keys.required_integer("block_count");
    config.d_model = keys.required_integer("embedding_length");
    config.d_ff = keys.required_integer("feed_forward_length");
    config.n_heads = keys.required_integer("attention.head_count");
    config.n_kv_heads = keys.integer("attention.head_count_kv").value_or(config.n_heads);
    config.head_dim = read_head_dim(keys, config);
    config.vocab_size = read_vocab_size(keys);
    config.context_tokens = keys.required_integer("context_length");
    config.rope_theta = keys.number("rope.freq_base").value_or(10000.0);
    if (const auto rotated = keys.integer("rope.dimension_count");
        rotated.value_or(config.head_dim) != config.head_dim)
      config.rotary_dim = rotated;
    config.rope_scaling = read_rope_scaling(keys, config.context_tokens);
    if (config.rope_scaling.kind == RopeScalingKind::longrope)
      config.context_tokens = std::min(config.context_tokens, config.rope_scaling.original_context_tokens);
    config.norm_epsilon = keys.required_number("attention.layer_norm_rms_epsilon");
    config.tied_output = file.find_tensor("output.weight") == nullptr;
    config.attention_bias = stored(known.attention_bias, "blk.0.attn_q.bias");
    config.query_key_norm = stored(known.query_key_norm, "blk.0.attn_q_norm.weight");
    config.attention_scale = keys.number_unless_zero("attention.scale");
    if (const auto window = keys.integer("attention.sliding_window"); window && *window != 0) {
      config.sliding_window = static_cast<std::int32_t>(std::clamp<std::int64_t>(*window, -1, INT32_MAX));
    }
    if (const auto interval = keys.integer("attention.sliding_window_pattern")) {
      config.full_attention_interval = interval;
      if (*interval == 0) config.full_attention_interval.reset();
    }
    if (architecture->starts_with("gemma")) read_gemma(keys, config);
    refuse_variants(keys, config);
    config.check();
    return config;
  });
}

void write_config(const ModelConfig& config, GgufWriter& writer) {
  config.check();
  const std::string prefix = config.architecture + ".";
  const auto add = [&](std::string_view key, std::int64_t value) {
    writer.add_u32(prefix + std::string(key), static_cast<std::uint32_t>(value));
  };
  const auto add_number = [&](std::string_view key, const std::optional<double>& value) {
    if (value) writer.add_f32(prefix + std::string(key), static_cast<float>(*value));
  };
  const std::int64_t rotated = config.rotary_dim.value_or(config.head_dim);
  const bool is_longrope = config.rope_scaling.kind == RopeScalingKind::longrope;
  writer.add("general.architecture", config.architecture);
  writer.add("general.name", config.name);
  add("block_count", config.n_layers);
  add("context_length", is_longrope ? config.rope_scaling.extended_context_tokens : config.context_tokens);
  add("embedding_length", config.d_model);
  add("feed_forward_length", config.d_ff);
  add("attention.head_count", config.n_heads);
  add("attention.head_count_kv", config.n_kv_heads);
  add("attention.key_length", config.head_dim);
  add("attention.value_length", config.head_dim);
  add("rope.dimension_count", rotated);
  add("vocab_size", config.vocab_size);
  add_number("rope.freq_base", config.rope_theta);
  add_number("rope.freq_base_swa", config.window_rope_theta);
  add_number("attention.layer_norm_rms_epsilon", config.norm_epsilon);
  add_number("attention.scale", config.attention_scale);
  add_number("attn_logit_softcapping", config.attention_soft_cap);
  add_number("final_logit_softcapping", config.logit_soft_cap);
  if (config.sliding_window) add("attention.sliding_window", *config.sliding_window);
  if (config.full_attention_interval != find_architecture(config.architecture).full_attention_interval)
    add("attention.sliding_window_pattern", config.full_attention_interval.value_or(0));
  write_rope_scaling(config.rope_scaling, prefix, rotated, config.rope_theta, writer);
}

}  // namespace fulcrum
