// The keys of a Hugging Face config.json that say what a model is. Source: the configuration classes of the
// `transformers` library, whose defaults hold where a key is absent.
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/json.h"
#include "model/config.h"

namespace fulcrum {
namespace {

constexpr double kDefaultNormEpsilon = 1e-6, kDefaultRopeTheta = 10000, kDefaultGemma3RopeTheta = 1e6;
constexpr std::int64_t kDefaultGemmaHeadDim = 256, kDefaultQwen3HeadDim = 128, kDefaultWindow = 4096;
constexpr double kDefaultAttentionCap = 50, kDefaultLogitCap = 30;  // gemma2

// One object of config.json. An absent key and a null are the same.
class Keys {
 public:
  Keys(const Json& object, std::string_view file) : object_(object), file_(file) {
    if (!object.is_object())
      throw_error(ErrorCode::corrupt, "reading {}: an object is needed and {} stands there", file_,
                  object.type_name());
  }

  const Json* find(const char* key) const {
    const auto found = object_.find(key);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
  }

  std::optional<std::int64_t> integer(const char* key) const {
    const Json* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_number_integer()) wrong_type(key, *value, "an integer");
    return value->get<std::int64_t>();
  }
  std::optional<double> number(const char* key) const {
    const Json* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_number()) wrong_type(key, *value, "a number");
    return value->get<double>();
  }
  bool flag(const char* key, bool otherwise) const {
    const Json* value = find(key);
    if (value == nullptr) return otherwise;
    if (!value->is_boolean()) wrong_type(key, *value, "true or false");
    return value->get<bool>();
  }
  std::optional<std::string> text(const char* key) const {
    const Json* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_string()) wrong_type(key, *value, "a string");
    return value->get<std::string>();
  }
  std::vector<float> numbers(const char* key) const {
    const Json* value = find(key);
    std::vector<float> result;
    if (value == nullptr) return result;
    if (!value->is_array()) wrong_type(key, *value, "an array of numbers");
    for (const Json& item : *value) {
      if (!item.is_number()) wrong_type(key, item, "a number in the array");
      result.push_back(item.get<float>());
    }
    return result;
  }
  std::int64_t required_integer(const char* key) const {
    if (const auto value = integer(key)) return *value;
    throw_error(ErrorCode::corrupt, "reading {}: the key '{}' is missing", file_, key);
  }

  [[noreturn]] void refuse(const char* key, std::string_view why) const {
    throw_error(ErrorCode::unsupported, "reading {}: '{}' is {}: {}", file_, key, object_.at(key).dump(),
                why);
  }
  const std::string& file() const { return file_; }

 private:
  [[noreturn]] void wrong_type(const char* key, const Json& value, std::string_view needed) const {
    throw_error(ErrorCode::corrupt, "reading {}: '{}' is of the type {} where {} is needed", file_, key,
                value.type_name(), needed);
  }

  const Json& object_;
  std::string file_;
};

// "rope_scaling" as older files have it, or "rope_parameters", which has the base in it too.
struct RopeKeys {
  double theta;
  RopeScaling scaling;
};

RopeKeys read_rope(const Json* object, double theta, const Keys& config, std::int64_t context_tokens) {
  RopeKeys rope{theta, {}};
  if (object == nullptr) return rope;
  const Keys keys(*object, config.file());
  rope.theta = keys.number("rope_theta").value_or(theta);
  const char* type_key = keys.find("rope_type") != nullptr ? "rope_type" : "type";
  const std::string type = keys.text(type_key).value_or("default");
  RopeScaling& scaling = rope.scaling;
  scaling.factor = keys.number("factor").value_or(1);
  const std::optional<std::int64_t> original = keys.integer("original_max_position_embeddings");
  scaling.original_context_tokens = original.value_or(context_tokens);
  if (type == "default") return {rope.theta, {}};
  if (type == "linear") {
    scaling = {.kind = RopeScalingKind::linear, .factor = scaling.factor};
  } else if (type == "llama3") {
    scaling.kind = RopeScalingKind::llama3;
    scaling.low_frequency_factor = keys.number("low_freq_factor").value_or(scaling.low_frequency_factor);
    scaling.high_frequency_factor = keys.number("high_freq_factor").value_or(scaling.high_frequency_factor);
  } else if (type == "yarn") {
    if (keys.find("mscale") != nullptr) keys.refuse("mscale", "YaRN with this key is not supported");
    if (!keys.flag("truncate", true)) keys.refuse("truncate", "YaRN with this key is not supported");
    scaling.kind = RopeScalingKind::yarn;
    scaling.attention_factor = keys.number("attention_factor");
    scaling.beta_fast = keys.number("beta_fast").value_or(scaling.beta_fast);
    scaling.beta_slow = keys.number("beta_slow").value_or(scaling.beta_slow);
  } else if (type == "longrope" || type == "su") {
    scaling.kind = RopeScalingKind::longrope;
    scaling.factor = 1;
    scaling.attention_factor = keys.number("attention_factor");
    scaling.divisors = keys.numbers("short_factor");
    scaling.long_divisors = keys.numbers("long_factor");
    scaling.original_context_tokens =
        config.integer("original_max_position_embeddings").value_or(scaling.original_context_tokens);
    scaling.extended_context_tokens = context_tokens;
  } else {
    keys.refuse(type_key, "RoPE scaling of the types linear, llama3, yarn and longrope is supported");
  }
  return rope;
}

// Which layers have a window, written out layer by layer: an interval, or none of them.
void read_layer_types(const Keys& keys, ModelConfig& config) {
  const Json* types = keys.find("layer_types");
  if (types == nullptr || !types->is_array()) return;
  std::int64_t full = 0;
  for (const Json& type : *types) full += type == "full_attention" ? 1 : 0;
  if (full == static_cast<std::int64_t>(types->size())) {
    config.sliding_window.reset();
    return;
  }
  config.full_attention_interval.reset();
  for (std::size_t i = 0; i < types->size() && full > 0; ++i) {
    if (types->at(i) != "full_attention") continue;
    config.full_attention_interval = static_cast<std::int64_t>(i) + 1;
    break;
  }
  for (std::size_t i = 0; i < types->size(); ++i) {
    const bool window = config.has_window(static_cast<std::int64_t>(i));
    if (types->at(i) != (window ? "sliding_attention" : "full_attention"))
      keys.refuse("layer_types", "layers with a window and without one must take regular turns");
  }
}

void read_window(const Keys& keys, const std::string& type, ModelConfig& config) {
  const bool is_gemma = type == "gemma2" || type == "gemma3_text";
  const bool has_default = is_gemma || (type == "mistral" && !keys.find("sliding_window"));
  std::optional<std::int64_t> window = keys.integer("sliding_window");
  if (!window && has_default) window = kDefaultWindow;
  if (type.starts_with("qwen") && !keys.flag("use_sliding_window", false)) window.reset();
  if (type == "llama" || type == "gemma") window.reset();  // not looked at by these
  if (!window) return;
  config.sliding_window = static_cast<std::int32_t>(std::clamp<std::int64_t>(*window, -1, INT32_MAX));
  if (type.starts_with("qwen") && keys.find("layer_types") == nullptr) {
    const std::int64_t first = keys.integer("max_window_layers").value_or(28);
    if (first > 0 && first < config.n_layers)
      keys.refuse("max_window_layers", "layers with a window and without one must take regular turns");
    if (first >= config.n_layers) config.sliding_window.reset();
  }
  if (const auto interval = keys.integer("sliding_window_pattern"); interval && type == "gemma3_text")
    config.full_attention_interval = interval;
  read_layer_types(keys, config);
}

void read_gemma(const Keys& keys, const std::string& type, ModelConfig& config) {
  // The embeddings' scale has the weights' precision in the reference: nothing is lost in f32.
  config.embedding_scale = std::sqrt(static_cast<double>(config.d_model));
  if (type == "gemma") return;
  const double scaled_by = keys.number("query_pre_attn_scalar").value_or(kDefaultGemmaHeadDim);
  if (scaled_by != static_cast<double>(config.head_dim)) config.attention_scale = 1 / std::sqrt(scaled_by);
  const bool is_gemma2 = type == "gemma2";
  const auto cap = [&](const char* key, double otherwise) -> std::optional<double> {
    if (const auto value = keys.number(key)) return value;
    const bool given = is_gemma2 && keys.find(key) == nullptr;
    return given ? std::optional(otherwise) : std::nullopt;
  };
  config.attention_soft_cap = cap("attn_logit_softcapping", kDefaultAttentionCap);
  config.logit_soft_cap = cap("final_logit_softcapping", kDefaultLogitCap);
  if (!is_gemma2) config.window_rope_theta = keys.number("rope_local_base_freq").value_or(10000);
}

void refuse_variants(const Keys& keys, const ModelConfig& config) {
  for (const char* key : {"num_experts", "num_local_experts", "n_routed_experts"}) {
    if (keys.integer(key).value_or(0) > 0) keys.refuse(key, "mixtures of experts are not supported");
  }
  for (const char* key : {"mlp_bias", "use_bidirectional_attention", "attention_k_eq_v"}) {
    if (keys.flag(key, false)) keys.refuse(key, "this is not supported");
  }
  if (keys.find("quantization_config") != nullptr)
    keys.refuse("quantization_config", "open the unquantised model, or a GGUF of it");
  if (config.architecture != "qwen2" && keys.flag("attention_bias", false))
    keys.refuse("attention_bias", "attention whose output has a bias is not supported");
  const bool is_gemma = config.gated_unit == GatedUnit::geglu;
  const char* key = is_gemma ? "hidden_activation" : "hidden_act";
  const std::string expected = is_gemma ? "gelu_pytorch_tanh" : "silu";
  if (keys.text(key).value_or(expected) != expected)
    keys.refuse(key, fmt::format("{} is supported in this architecture", expected));
}

Json rope_scaling_keys(const ModelConfig& config) {
  const RopeScaling& s = config.rope_scaling;
  Json keys = {{"rope_type", to_string(s.kind)}};
  if (s.kind != RopeScalingKind::longrope) keys["factor"] = s.factor;
  if (s.attention_factor) keys["attention_factor"] = *s.attention_factor;
  if (s.kind == RopeScalingKind::llama3) {
    keys["low_freq_factor"] = s.low_frequency_factor;
    keys["high_freq_factor"] = s.high_frequency_factor;
  }
  if (s.kind == RopeScalingKind::yarn) {
    keys["beta_fast"] = s.beta_fast;
    keys["beta_slow"] = s.beta_slow;
  }
  if (s.kind == RopeScalingKind::llama3 || s.kind == RopeScalingKind::yarn)
    keys["original_max_position_embeddings"] = s.original_context_tokens;
  if (s.kind == RopeScalingKind::longrope) {
    keys["short_factor"] = s.divisors;
    keys["long_factor"] = s.long_divisors;
  }
  return keys;
}

// The published Llama 3.x models name their scaling by these numbers in config.json, and by the divisors that
// come of them in GGUF.
RopeScaling named_scaling(const ModelConfig& config) {
  if (config.rope_scaling.kind != RopeScalingKind::given) return config.rope_scaling;
  const std::vector<float>& divisors = config.rope_scaling.divisors;
  RopeScaling llama3{.kind = RopeScalingKind::llama3, .factor = 1, .original_context_tokens = 8192};
  for (const float divisor : divisors) llama3.factor = std::max(llama3.factor, static_cast<double>(divisor));
  const auto formula =
      frequency_divisors(config.rotary_dim.value_or(config.head_dim), config.rope_theta, llama3);
  const bool same = std::equal(formula.begin(), formula.end(), divisors.begin(), divisors.end(),
                               [](float a, float b) { return std::abs(a - b) <= 1e-4F * b; });
  if (!same) {
    throw_error(ErrorCode::unsupported,
                "writing config.json of '{}': its RoPE frequencies are scaled one by one, which Hugging Face "
                "has no key for",
                config.name);
  }
  return llama3;
}

}  // namespace

ModelConfig read_huggingface_config(const Json& json, std::string_view file) {
  const Keys keys(json, file);
  const std::string type = keys.text("model_type").value_or("");
  if (type.empty()) throw_error(ErrorCode::corrupt, "reading {}: the key 'model_type' is missing", file);
  return with_context(fmt::format("reading {}", file), [&] {
    const Architecture& known = find_huggingface_type(type);
    ModelConfig config = architecture_defaults(known.name);
    const bool is_gemma = config.gated_unit == GatedUnit::geglu;
    config.name = keys.text("_name_or_path").value_or("");
    config.n_layers = keys.required_integer("num_hidden_layers");
    config.d_model = keys.required_integer("hidden_size");
    config.d_ff = keys.required_integer("intermediate_size");
    config.n_heads = keys.required_integer("num_attention_heads");
    config.n_kv_heads = keys.integer("num_key_value_heads").value_or(config.n_heads);
    config.vocab_size = keys.required_integer("vocab_size");
    config.context_tokens = keys.required_integer("max_position_embeddings");
    const std::int64_t even_split = config.n_heads > 0 ? config.d_model / config.n_heads : 0;
    config.head_dim = keys.integer("head_dim")
                          .value_or(is_gemma          ? kDefaultGemmaHeadDim
                                    : type == "qwen3" ? kDefaultQwen3HeadDim
                                                      : even_split);
    config.rope_layout = RopeLayout::split_halves;
    if (const double part = keys.number("partial_rotary_factor").value_or(1); part != 1)
      config.rotary_dim = static_cast<std::int64_t>(static_cast<double>(config.head_dim) * part);
    config.norm_epsilon = keys.number("rms_norm_eps").value_or(kDefaultNormEpsilon);
    config.tied_output = keys.flag("tie_word_embeddings", is_gemma);
    config.attention_bias = known.attention_bias == Architecture::Part::always;

    const double theta = type == "gemma3_text" ? kDefaultGemma3RopeTheta : kDefaultRopeTheta;
    const Json* parameters = keys.find("rope_parameters");
    const bool by_layer_type =
        parameters != nullptr && parameters->is_object() && parameters->contains("full_attention");
    const Json* scaling = parameters == nullptr ? keys.find("rope_scaling")
                          : by_layer_type       ? &parameters->at("full_attention")
                                                : parameters;
    const RopeKeys rope =
        read_rope(scaling, keys.number("rope_theta").value_or(theta), keys, config.context_tokens);
    config.rope_theta = rope.theta;
    config.rope_scaling = rope.scaling;
    if (rope.scaling.kind == RopeScalingKind::longrope)
      config.context_tokens = std::min(config.context_tokens, rope.scaling.original_context_tokens);

    if (is_gemma) read_gemma(keys, type, config);
    if (by_layer_type && parameters->contains("sliding_attention"))
      config.window_rope_theta = Keys(parameters->at("sliding_attention"), file).number("rope_theta");
    read_window(keys, type, config);
    refuse_variants(keys, config);
    config.check();
    return config;
  });
}

Json huggingface_config(const ModelConfig& config, std::string_view dtype) {
  config.check();
  const bool is_mistral = config.architecture == "llama" && config.sliding_window;
  const Architecture& known =
      is_mistral ? find_huggingface_type("mistral") : find_architecture(config.architecture);
  const bool is_gemma = config.gated_unit == GatedUnit::geglu;
  const bool is_longrope = config.rope_scaling.kind == RopeScalingKind::longrope;
  Json json = {{"architectures", {known.huggingface_class}},
               {"model_type", known.huggingface_type},
               {"torch_dtype", dtype},
               {"num_hidden_layers", config.n_layers},
               {"hidden_size", config.d_model},
               {"intermediate_size", config.d_ff},
               {"num_attention_heads", config.n_heads},
               {"num_key_value_heads", config.n_kv_heads},
               {"head_dim", config.head_dim},
               {"vocab_size", config.vocab_size},
               {"max_position_embeddings",
                is_longrope ? config.rope_scaling.extended_context_tokens : config.context_tokens},
               {"rms_norm_eps", config.norm_epsilon},
               {"rope_theta", config.rope_theta},
               {"tie_word_embeddings", config.tied_output},
               {is_gemma ? "hidden_activation" : "hidden_act", is_gemma ? "gelu_pytorch_tanh" : "silu"}};
  if (config.attention_bias && config.architecture != "qwen2") {
    throw_error(
        ErrorCode::unsupported,
        "writing config.json of '{}': a {} model with biases on q, k and v alone has no spelling there",
        config.name, config.architecture);
  }
  if (config.rope_scaling.kind != RopeScalingKind::none) {
    ModelConfig named = config;
    named.rope_scaling = named_scaling(config);
    json["rope_scaling"] = rope_scaling_keys(named);
  }
  if (is_longrope) json["original_max_position_embeddings"] = config.rope_scaling.original_context_tokens;
  if (config.rotary_dim) {
    json["partial_rotary_factor"] =
        static_cast<double>(*config.rotary_dim) / static_cast<double>(config.head_dim);
  }
  if (config.sliding_window) {
    json["sliding_window"] = *config.sliding_window;
    Json types = Json::array();
    for (std::int64_t layer = 0; layer < config.n_layers; ++layer)
      types.push_back(config.has_window(layer) ? "sliding_attention" : "full_attention");
    if (known.huggingface_type != "mistral" && known.huggingface_type != "phi3") json["layer_types"] = types;
    if (config.architecture.starts_with("qwen")) {
      json["use_sliding_window"] = true;
      json["max_window_layers"] = 0;
    }
  }
  if (config.post_norms) {
    const double width = static_cast<double>(config.head_dim);
    json["query_pre_attn_scalar"] =
        config.attention_scale ? 1 / (*config.attention_scale * *config.attention_scale) : width;
    json["attn_logit_softcapping"] = config.attention_soft_cap ? Json(*config.attention_soft_cap) : Json();
    json["final_logit_softcapping"] = config.logit_soft_cap ? Json(*config.logit_soft_cap) : Json();
  }
  if (config.window_rope_theta) json["rope_local_base_freq"] = *config.window_rope_theta;
  return json;
}

}  // namespace fulcrum
