#include "model/adapter.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "base/error.h"
#include "base/json.h"
#include "formats/safetensors.h"
#include "model/adapter_layers.h"
#include "model/gguf_adapter.h"

namespace fulcrum {
namespace {

constexpr std::string_view kConfigFile = "adapter_config.json", kWeightsFile = "adapter_model.safetensors";
constexpr std::string_view kTensorPrefix = "base_model.model.";
constexpr std::int64_t kMaxRank = 65536;

// A linear layer's names and its place: PEFT's module, the weights, the shape.
struct ModuleInfo {
  LinearModule module;
  std::string_view name;
  Tensor LayerWeights::*weight;
  Shape (*shape)(const ModelConfig&);
};
using C = ModelConfig;
using L = LayerWeights;
Shape key_value_shape(const C& c) {
  return {c.n_kv_heads * c.head_dim, c.d_model};
}
Shape widening_shape(const C& c) {
  return {c.d_ff, c.d_model};
}
const ModuleInfo kModules[] = {
    {LinearModule::q_proj, "q_proj", &L::attn_q,
     [](const C& c) {
       return Shape{c.n_heads * c.head_dim, c.d_model};
     }},
    {LinearModule::k_proj, "k_proj", &L::attn_k, key_value_shape},
    {LinearModule::v_proj, "v_proj", &L::attn_v, key_value_shape},
    {LinearModule::o_proj, "o_proj", &L::attn_output,
     [](const C& c) {
       return Shape{c.d_model, c.n_heads * c.head_dim};
     }},
    {LinearModule::gate_proj, "gate_proj", &L::ffn_gate, widening_shape},
    {LinearModule::up_proj, "up_proj", &L::ffn_up, widening_shape},
    {LinearModule::down_proj, "down_proj", &L::ffn_down,
     [](const C& c) {
       return Shape{c.d_model, c.d_ff};
     }},
};

const ModuleInfo& info(LinearModule module) {
  return kModules[static_cast<std::size_t>(module)];
}

// "model.layers.3.self_attn.q_proj", as Hugging Face names it.
std::string module_path(std::int64_t layer, const AdapterLayer& module) {
  return fmt::format("model.layers.{}.{}.{}", layer, module.block, module.peft);
}

// adapter_config.json, as far as it decides what is computed.
struct PeftConfig {
  std::int64_t rank = 8;  // PEFT's defaults
  double alpha = 8;
  LoraScaling scaling = LoraScaling::classic;
  std::string base_model;
  std::vector<std::pair<std::string, double>> rank_pattern, alpha_pattern;
};

bool is_set(const Json& config, std::string_view key) {
  const auto found = config.find(key);
  if (found == config.end() || found->is_null()) return false;
  if (found->is_boolean()) return found->get<bool>();
  if (found->is_structured() || found->is_string()) return !found->empty() && *found != "";
  return true;
}

void refuse_variants(const Json& config, const std::string& file) {
  constexpr std::pair<std::string_view, std::string_view> kVariants[] = {
      {"use_dora", "DoRA also scales the base weights' columns"},
      {"modules_to_save", "the adapter carries whole layers of its own"},
      {"lora_bias", "the adapter's matrices have biases"},
      {"fan_in_fan_out", "the base's weights are transposed"},
      {"layer_replication", "the base's layers are repeated"},
      {"trainable_token_indices", "the adapter changes embeddings"},
      {"target_parameters", "the adapter changes parameters that are no linear layers"},
      {"use_qalora", "QA-LoRA pools its inputs"},
      {"use_bdlora", "block-diagonal LoRA has other matrices"},
      {"alora_invocation_tokens", "an activated LoRA begins in the middle of a text"},
  };
  for (const auto& [key, why] : kVariants) {
    if (is_set(config, key)) {
      throw_error(ErrorCode::unsupported, "reading {}: '{}' is set: {}; only plain LoRA is read", file, key,
                  why);
    }
  }
  if (const std::string bias = config.value("bias", "none"); bias != "none") {
    throw_error(ErrorCode::unsupported,
                "reading {}: 'bias' is \"{}\": the adapter changes biases; only \"none\" is read", file,
                bias);
  }
}

// PEFT takes the keys as regular expressions over the end of a module's path. Those in use are plain names; a
// real expression is refused, because one that comes from a file can be made to run for ever.
std::vector<std::pair<std::string, double>> read_pattern(const Json& config, const char* key,
                                                         const std::string& file) {
  std::vector<std::pair<std::string, double>> patterns;
  if (!is_set(config, key)) return patterns;
  for (const auto& [name, value] : config.at(key).items()) {
    const bool plain = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
             c == '.' || c == '-';
    });
    if (!plain) {
      throw_error(ErrorCode::unsupported,
                  "reading {}: '{}' in '{}' is a regular expression; write out the modules' names", file,
                  name, key);
    }
    patterns.emplace_back(name, value.get<double>());
  }
  return patterns;
}

double pattern_value(const std::vector<std::pair<std::string, double>>& patterns, const std::string& module,
                     double otherwise) {
  for (const auto& [name, value] : patterns) {
    if (module == name || module.ends_with("." + name)) return value;
  }
  return otherwise;
}

PeftConfig read_peft_config(const Path& path) {
  const std::string file = path.string();
  const Json json = read_json(path);
  if (!json.is_object()) throw_error(ErrorCode::corrupt, "reading {}: this is not a JSON object", file);
  try {
    if (const std::string type = json.value("peft_type", ""); type != "LORA") {
      throw_error(ErrorCode::unsupported, "reading {}: 'peft_type' is \"{}\"; \"LORA\" is read", file, type);
    }
    refuse_variants(json, file);
    PeftConfig config;
    config.rank = json.value("r", config.rank);
    config.alpha = json.value("lora_alpha", config.alpha);
    config.scaling = is_set(json, "use_rslora") ? LoraScaling::rank_stabilised : LoraScaling::classic;
    if (is_set(json, "base_model_name_or_path"))
      config.base_model = json.at("base_model_name_or_path").get<std::string>();
    config.rank_pattern = read_pattern(json, "rank_pattern", file);
    config.alpha_pattern = read_pattern(json, "alpha_pattern", file);
    if (config.rank < 1 || config.rank > kMaxRank || !std::isfinite(config.alpha)) {
      throw_error(ErrorCode::corrupt, "reading {}: r = {} with lora_alpha = {} is no LoRA", file, config.rank,
                  config.alpha);
    }
    return config;
  } catch (const Json::exception& failure) {
    throw_error(ErrorCode::corrupt, "reading {}: a key has a value of the wrong type: {}", file,
                failure.what());
  }
}

struct TensorPlace {
  std::int64_t layer;
  const AdapterLayer* module;
  bool is_a;
};

// "base_model.model.model.layers.3.self_attn.q_proj.lora_A.weight" taken apart; nullopt if it is anything
// else.
std::optional<TensorPlace> parse_tensor_name(std::string_view name, const ModelConfig& config) {
  constexpr std::string_view kLayers = "base_model.model.model.layers.";
  if (!name.starts_with(kLayers)) return std::nullopt;
  std::int64_t layer = 0;
  const auto number = std::from_chars(name.data() + kLayers.size(), name.data() + name.size(), layer);
  if (number.ec != std::errc() || layer < 0) return std::nullopt;
  for (const AdapterLayer& known : adapter_layers(config)) {
    const std::string path = fmt::format("{}{}", kTensorPrefix, module_path(layer, known));
    for (const bool is_a : {true, false}) {
      if (name == path + (is_a ? ".lora_A.weight" : ".lora_B.weight"))
        return TensorPlace{layer, &known, is_a};
    }
  }
  return std::nullopt;
}

std::string module_names(const ModelConfig& config) {
  std::string names;
  for (const AdapterLayer& known : adapter_layers(config))
    names += fmt::format("{}{}", names.empty() ? "" : ", ", known.peft);
  return names;
}

std::vector<float> read_values(const Tensor& tensor, const std::string& file) {
  const DType dtype = tensor.dtype;
  if (dtype != DType::f32 && dtype != DType::f16 && dtype != DType::bf16) {
    throw_error(ErrorCode::unsupported,
                "reading {}: the tensor '{}' is of type {}; f32, f16 or bf16 is needed", file, tensor.name,
                to_string(dtype));
  }
  const Tensor decoded = to_f32(tensor);
  const auto values = decoded.f32();
  if (const std::int64_t at = find_not_finite(values); at >= 0) {
    throw_error(ErrorCode::corrupt, "reading {}: the tensor '{}' holds NaN or infinity at element {}", file,
                tensor.name, at);
  }
  return {values.begin(), values.end()};
}

struct Halves {
  const Tensor *a = nullptr, *b = nullptr;
};

std::vector<LoraPair> read_pair(std::int64_t layer, const AdapterLayer& module, const Halves& halves,
                                const PeftConfig& peft, const ModelConfig& config, const std::string& file) {
  const std::string path = module_path(layer, module);
  if (halves.a == nullptr || halves.b == nullptr) {
    throw_error(ErrorCode::corrupt, "reading {}: '{}' has lora_{} and no lora_{}", file, path,
                halves.a ? "A" : "B", halves.a ? "B" : "A");
  }
  const double rank = pattern_value(peft.rank_pattern, path, static_cast<double>(peft.rank));
  if (!(rank >= 1 && rank <= static_cast<double>(kMaxRank))) {
    throw_error(ErrorCode::corrupt, "reading {}: rank_pattern gives '{}' the rank {}", file, path, rank);
  }
  StoredPair pair{layer, &module, static_cast<std::int64_t>(rank), 0, {}, {}};
  const Shape linear = linear_shape(config, module);
  const Shape a = {pair.rank, linear[1]}, b = {linear[0], pair.rank};
  for (const auto& [tensor, shape] : {std::pair(halves.a, a), std::pair(halves.b, b)}) {
    if (tensor->shape != shape) {
      throw_error(ErrorCode::corrupt,
                  "reading {}: the tensor '{}' has the shape {} where {} is needed; this adapter belongs to "
                  "another base model or another rank",
                  file, tensor->name, to_string(tensor->shape), to_string(shape));
    }
  }
  pair.a = read_values(*halves.a, file);
  pair.b = read_values(*halves.b, file);
  return from_stored_pair(pair, pattern_value(peft.alpha_pattern, path, peft.alpha), config,
                          RopeLayout::split_halves);
}

void check_pair(const LoraPair& pair, const ModelConfig& config) {
  const Shape linear = linear_shape(config, pair.module);
  const bool fits = pair.layer >= 0 && pair.layer < config.n_layers && pair.rank >= 1 &&
                    static_cast<std::int64_t>(pair.a.size()) == pair.rank * linear[1] &&
                    static_cast<std::int64_t>(pair.b.size()) == pair.rank * linear[0];
  if (!fits) {
    throw_error(ErrorCode::invalid_argument,
                "writing an adapter: {} of layer {} with rank {} does not fit {} of the model",
                to_string(pair.module), pair.layer, pair.rank, to_string(linear));
  }
  for (const std::vector<float>* values : {&pair.a, &pair.b}) {
    if (const std::int64_t at = find_not_finite(*values); at >= 0) {
      throw_error(ErrorCode::corrupt,
                  "writing an adapter: {} of layer {} holds NaN or infinity at element {} of {}; training "
                  "diverged",
                  to_string(pair.module), pair.layer, at, values == &pair.a ? "A" : "B");
    }
  }
}

// The alpha that gives a pair its scale.
double alpha_of(const StoredPair& pair, LoraScaling scaling) {
  const auto r = static_cast<double>(pair.rank);
  return pair.scale * (scaling == LoraScaling::rank_stabilised ? std::sqrt(r) : r);
}

// Bare module names where every layer has them, paths otherwise; PEFT matches either against the end of a
// path.
Json target_modules(const std::vector<StoredPair>& pairs, const ModelConfig& config) {
  std::map<const AdapterLayer*, std::int64_t> layers;
  for (const StoredPair& pair : pairs) ++layers[pair.module];
  const bool everywhere = std::all_of(layers.begin(), layers.end(),
                                      [&](const auto& entry) { return entry.second == config.n_layers; });
  Json names = Json::array();
  if (everywhere) {
    for (const auto& entry : layers) names.push_back(entry.first->peft);
  } else {
    for (const StoredPair& pair : pairs) names.push_back(module_path(pair.layer, *pair.module));
  }
  return names;
}

Json to_json_number(double value) {
  return value == std::floor(value) && std::fabs(value) < 1e15 ? Json(static_cast<std::int64_t>(value))
                                                               : Json(value);
}

// The keys that every version of PEFT knows.
Json peft_config(const LoraAdapter& adapter, const std::vector<StoredPair>& pairs,
                 const ModelConfig& config) {
  Json rank_pattern = Json::object(), alpha_pattern = Json::object();
  for (const StoredPair& pair : pairs) {
    const std::string path = module_path(pair.layer, *pair.module);
    const double alpha = alpha_of(pair, adapter.scaling);
    if (pair.rank != adapter.rank) rank_pattern[path] = pair.rank;
    if (std::abs(alpha - adapter.alpha) > 1e-9 * std::abs(alpha)) alpha_pattern[path] = to_json_number(alpha);
  }
  return Json{{"peft_type", "LORA"},
              {"task_type", "CAUSAL_LM"},
              {"base_model_name_or_path", adapter.base_model},
              {"inference_mode", true},
              {"r", adapter.rank},
              {"lora_alpha", to_json_number(adapter.alpha)},
              {"lora_dropout", 0.0},
              {"bias", "none"},
              {"target_modules", target_modules(pairs, config)},
              {"modules_to_save", nullptr},
              {"fan_in_fan_out", false},
              {"init_lora_weights", true},
              {"use_rslora", adapter.scaling == LoraScaling::rank_stabilised},
              {"rank_pattern", std::move(rank_pattern)},
              {"alpha_pattern", std::move(alpha_pattern)}};
}

Tensor make_tensor(std::string name, Shape shape, const std::vector<float>& values) {
  OwnedTensor tensor = make_f32(std::move(name), std::move(shape));
  std::copy(values.begin(), values.end(), tensor.values.begin());
  return tensor.tensor;
}

}  // namespace

std::string_view to_string(LinearModule module) {
  return info(module).name;
}

std::optional<LinearModule> parse_linear_module(std::string_view name) {
  for (const ModuleInfo& known : kModules) {
    if (known.name == name) return known.module;
  }
  return std::nullopt;
}

Shape linear_shape(const ModelConfig& config, LinearModule module) {
  return info(module).shape(config);
}

const Tensor& linear_weight(const LayerWeights& layer, LinearModule module) {
  return layer.*info(module).weight;
}

Tensor& linear_weight(LayerWeights& layer, LinearModule module) {
  return layer.*info(module).weight;
}

double LoraAdapter::scale(const LoraPair& pair) const {
  const auto r = static_cast<double>(pair.rank);
  return pair.alpha / (scaling == LoraScaling::rank_stabilised ? std::sqrt(r) : r);
}

const LoraPair* LoraAdapter::find(std::int64_t layer, LinearModule module) const {
  const auto found = std::find_if(pairs.begin(), pairs.end(), [&](const LoraPair& pair) {
    return pair.layer == layer && pair.module == module;
  });
  return found == pairs.end() ? nullptr : &*found;
}

std::int64_t LoraAdapter::parameters() const {
  std::int64_t count = 0;
  for (const LoraPair& pair : pairs) count += static_cast<std::int64_t>(pair.a.size() + pair.b.size());
  return count;
}

LoraAdapter read_adapter(const Path& folder, const ModelConfig& config) {
  if (is_gguf_file(folder)) return read_gguf_adapter(folder, config);
  const PeftConfig peft = read_peft_config(folder / kConfigFile);
  const std::string file = (folder / kWeightsFile).string();
  const SafetensorsFile weights = SafetensorsFile::open(folder / kWeightsFile);
  std::map<std::pair<std::int64_t, const AdapterLayer*>, Halves> found;
  for (const Tensor& tensor : weights.tensors) {
    const auto place = parse_tensor_name(tensor.name, config);
    if (!place) {
      throw_error(ErrorCode::unsupported, "reading {}: the tensor '{}' is no lora_A or lora_B of {}", file,
                  tensor.name, module_names(config));
    }
    if (place->layer >= config.n_layers) {
      throw_error(ErrorCode::unsupported,
                  "reading {}: the tensor '{}' is for a layer that the model, with {}, lacks", file,
                  tensor.name, config.n_layers);
    }
    Halves& halves = found[{place->layer, place->module}];
    (place->is_a ? halves.a : halves.b) = &tensor;
  }
  if (found.empty()) throw_error(ErrorCode::corrupt, "reading {}: there are no tensors in it", file);
  LoraAdapter adapter;
  adapter.rank = peft.rank;
  adapter.alpha = peft.alpha;
  adapter.scaling = peft.scaling;
  adapter.base_model = peft.base_model;
  for (const auto& [place, halves] : found) {
    for (LoraPair& pair : read_pair(place.first, *place.second, halves, peft, config, file))
      adapter.pairs.push_back(std::move(pair));
  }
  return adapter;
}

void check_adapter(const LoraAdapter& adapter, const ModelConfig& config) {
  if (adapter.pairs.empty()) throw_error(ErrorCode::invalid_argument, "writing an adapter: it is empty");
  for (const LoraPair& pair : adapter.pairs) check_pair(pair, config);
}

void write_adapter(const LoraAdapter& adapter, const ModelConfig& config, const Path& folder) {
  check_adapter(adapter, config);
  const std::vector<StoredPair> pairs = to_stored_pairs(adapter, config, RopeLayout::split_halves);
  std::vector<Tensor> tensors;
  for (const StoredPair& pair : pairs) {
    const Shape linear = linear_shape(config, *pair.module);
    const std::string path = fmt::format("{}{}", kTensorPrefix, module_path(pair.layer, *pair.module));
    tensors.push_back(make_tensor(path + ".lora_A.weight", {pair.rank, linear[1]}, pair.a));
    tensors.push_back(make_tensor(path + ".lora_B.weight", {linear[0], pair.rank}, pair.b));
  }
  write_folder_atomic(folder, [&](const Path& temporary) {
    write_file_atomic(temporary / kConfigFile, to_text(peft_config(adapter, pairs, config)));
    write_safetensors(tensors, {{"format", "pt"}}, temporary / kWeightsFile);
  });
}

}  // namespace fulcrum
