#include "model/encoder.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "base/error.h"
#include "base/json.h"
#include "model/huggingface_folder.h"
#include "tensor/encoder_ops.h"

namespace fulcrum {
namespace {

constexpr std::string_view kModelType = "bert";

struct Bound {
  std::string_view field;
  std::int64_t value, most;
};

// Tensors by name; each is taken with the shape that it must have.
class Tensors {
 public:
  explicit Tensors(const std::vector<Tensor>& tensors) {
    for (const Tensor& tensor : tensors) {
      constexpr std::string_view kPrefix = "bert.";
      std::string_view name = tensor.name;
      if (name.starts_with(kPrefix)) name.remove_prefix(kPrefix.size());
      by_name_.emplace(name, &tensor);
    }
  }

  Tensor take(const std::string& name, const Shape& shape) const {
    const auto found = by_name_.find(name);
    if (found == by_name_.end())
      throw_error(ErrorCode::corrupt, "the tensor '{}' {} is missing", name, to_string(shape));
    const Tensor& tensor = *found->second;
    if (tensor.shape != shape) {
      throw_error(ErrorCode::corrupt, "the tensor '{}' has the shape {} where the configuration needs {}",
                  name, to_string(tensor.shape), to_string(shape));
    }
    const Tensor decoded = to_f32(tensor);
    if (const std::int64_t at = find_not_finite(decoded.f32()); at >= 0)
      throw_error(ErrorCode::corrupt, "the tensor '{}' holds NaN or infinity at element {}", name, at);
    return decoded;
  }

  std::vector<float> values(const std::string& name, std::int64_t length) const {
    const Tensor tensor = take(name, {length});
    return {tensor.f32().begin(), tensor.f32().end()};
  }

  Linear linear(const std::string& name, std::int64_t outputs, std::int64_t inputs) const {
    const Tensor bias = take(name + ".bias", {outputs});
    return Linear::pack(take(name + ".weight", {outputs, inputs}), &bias);
  }

 private:
  std::unordered_map<std::string_view, const Tensor*> by_name_;
};

struct Buffer {
  std::vector<float> values;
  Matrix view;
  Buffer(std::int64_t rows, std::int64_t columns)
      : values(static_cast<std::size_t>(rows * columns)), view{values.data(), rows, columns, columns} {}
};

void add_rows(ConstMatrix x, Matrix y) {
  for (std::int64_t t = 0; t < y.rows; ++t) {
    for (std::int64_t i = 0; i < y.columns; ++i) y.row(t)[i] += x.row(t)[i];
  }
}

std::vector<float> pooled(ConstMatrix x, const EncoderConfig& config) {
  const std::int64_t rows = config.pooling == Pooling::mean ? x.rows : 1;
  std::vector<double> sums(static_cast<std::size_t>(x.columns), 0.0);
  for (std::int64_t t = 0; t < rows; ++t) {
    for (std::int64_t i = 0; i < x.columns; ++i)
      sums[static_cast<std::size_t>(i)] += static_cast<double>(x.row(t)[i]);
  }
  double divisor = static_cast<double>(rows);
  if (config.vector_length == VectorLength::one) {
    double square = 0;
    for (const double sum : sums) square += sum * sum;
    divisor = std::max(std::sqrt(square), 1e-12);
  }
  std::vector<float> result;
  for (const double sum : sums) result.push_back(static_cast<float>(sum / divisor));
  return result;
}

// The longest text that the encoder was trained for: MiniLM has positions for 512 tokens and is used with
// 256.
std::int64_t read_text_tokens(const Path& file, std::int64_t context_tokens) {
  const Json json = read_json(file);
  const Json limit = json.is_object() ? json.value("max_seq_length", Json()) : Json();
  if (limit.is_null()) return context_tokens;
  if (!limit.is_number_integer() || limit.get<std::int64_t>() < 3) {
    throw_error(ErrorCode::corrupt, "reading {}: 'max_seq_length' is {}; a number of at least 3 is needed",
                file.string(), to_text(limit));
  }
  return std::min(limit.get<std::int64_t>(), context_tokens);
}

}  // namespace

void EncoderConfig::check() const {
  const Bound bounds[] = {
      {"num_hidden_layers", n_layers, 1024},  {"hidden_size", d_model, 1 << 16},
      {"num_attention_heads", n_heads, 1024}, {"intermediate_size", d_ff, 1 << 20},
      {"vocab_size", vocab_size, 1 << 24},    {"max_position_embeddings", context_tokens, 1 << 20},
      {"type_vocab_size", token_types, 1024}};
  for (const Bound& bound : bounds) {
    if (bound.value < 1 || bound.value > bound.most) {
      throw_error(ErrorCode::corrupt, "the encoder '{}' cannot be: {} is {}; 1 to {} is allowed", name,
                  bound.field, bound.value, bound.most);
    }
  }
  if (d_model % n_heads != 0) {
    throw_error(ErrorCode::corrupt,
                "the encoder '{}' cannot be: hidden_size is {}, not a multiple of {} heads", name, d_model,
                n_heads);
  }
}

EncoderConfig read_encoder_config(const Json& json, std::string_view file) {
  if (!json.is_object()) throw_error(ErrorCode::corrupt, "reading {}: this is not a JSON object", file);
  const auto refuse = [&](const char* key, std::string_view needed) {
    if (const std::string found = json.value(key, std::string(needed)); found != needed) {
      throw_error(ErrorCode::unsupported, "reading {}: '{}' is \"{}\"; \"{}\" is supported", file, key, found,
                  needed);
    }
  };
  try {
    refuse("model_type", kModelType);
    refuse("hidden_act", "gelu");
    refuse("position_embedding_type", "absolute");
    EncoderConfig config;
    config.n_layers = json.at("num_hidden_layers").get<std::int64_t>();
    config.d_model = json.at("hidden_size").get<std::int64_t>();
    config.n_heads = json.at("num_attention_heads").get<std::int64_t>();
    config.d_ff = json.at("intermediate_size").get<std::int64_t>();
    config.vocab_size = json.at("vocab_size").get<std::int64_t>();
    config.context_tokens = json.at("max_position_embeddings").get<std::int64_t>();
    config.text_tokens = config.context_tokens;
    config.token_types = json.value("type_vocab_size", std::int64_t{2});
    config.norm_epsilon = json.value("layer_norm_eps", config.norm_epsilon);
    config.check();
    return config;
  } catch (const Json::exception& failure) {
    throw_error(ErrorCode::corrupt, "reading {}: a key is missing or of the wrong type: {}", file,
                failure.what());
  }
}

Encoder::Encoder(const EncoderConfig& config, const std::vector<Tensor>& stored) : config_(config) {
  config_.check();
  const Tensors tensors(stored);
  const std::int64_t width = config_.d_model;
  const auto norm = [&](const std::string& name) {
    return Norm{tensors.values(name + ".weight", width), tensors.values(name + ".bias", width)};
  };
  words_ = tensors.take("embeddings.word_embeddings.weight", {config_.vocab_size, width});
  positions_ = tensors.take("embeddings.position_embeddings.weight", {config_.context_tokens, width});
  token_types_ = tensors.take("embeddings.token_type_embeddings.weight", {config_.token_types, width});
  embedding_norm_ = norm("embeddings.LayerNorm");
  for (std::int64_t index = 0; index < config_.n_layers; ++index) {
    const std::string prefix = fmt::format("encoder.layer.{}.", index);
    const auto square = [&](std::string_view name) {
      return tensors.linear(fmt::format("{}attention.{}", prefix, name), width, width);
    };
    layers_.push_back({square("self.query"), square("self.key"), square("self.value"), square("output.dense"),
                       tensors.linear(prefix + "intermediate.dense", config_.d_ff, width),
                       tensors.linear(prefix + "output.dense", width, config_.d_ff),
                       norm(prefix + "attention.output.LayerNorm"), norm(prefix + "output.LayerNorm")});
  }
}

std::vector<float> Encoder::encode(std::span<const std::int32_t> tokens) const {
  const auto count = static_cast<std::int64_t>(tokens.size());
  const std::int64_t width = config_.d_model;
  if (count == 0) throw_error(ErrorCode::invalid_argument, "embedding a text: it has no tokens");
  if (count > config_.context_tokens) {
    throw_error(ErrorCode::too_large, "embedding a text: {} tokens do not fit a context of {}", count,
                config_.context_tokens);
  }
  Buffer x(count, width), q(count, width), k(count, width), v(count, width), attended(count, width),
      hidden(count, config_.d_ff);
  for (std::int64_t t = 0; t < count; ++t) {
    const std::int32_t token = tokens[static_cast<std::size_t>(t)];
    if (token < 0 || token >= config_.vocab_size) {
      throw_error(ErrorCode::invalid_argument, "embedding a text: token {} is outside the vocabulary of {}",
                  token, config_.vocab_size);
    }
    const float* word = words_.f32().data() + token * width;
    const float* position = positions_.f32().data() + t * width;
    const float* type = token_types_.f32().data();
    for (std::int64_t i = 0; i < width; ++i) x.view.row(t)[i] = word[i] + position[i] + type[i];
  }
  const auto normalise = [&](const Norm& norm) {
    layer_norm(x.view, norm.weight, norm.bias, config_.norm_epsilon, x.view);
  };
  normalise(embedding_norm_);
  for (const Layer& layer : layers_) {
    layer.q.apply(x.view, q.view);
    layer.k.apply(x.view, k.view);
    layer.v.apply(x.view, v.view);
    attention_over_all(q.view, k.view, v.view, config_.n_heads, attended.view);
    layer.output.apply(attended.view, q.view);
    add_rows(q.view, x.view);
    normalise(layer.attention_norm);
    layer.up.apply(x.view, hidden.view);
    gelu(hidden.view);
    layer.down.apply(hidden.view, q.view);
    add_rows(q.view, x.view);
    normalise(layer.output_norm);
  }
  return pooled(x.view, config_);
}

bool is_encoder_folder(const Path& folder) {
  if (!is_huggingface_folder(folder)) return false;
  const Json config = read_json(folder / "config.json");
  return config.is_object() && config.contains("model_type") && config["model_type"] == kModelType;
}

Encoder load_encoder(const Path& folder) {
  const Path file = folder / "config.json", pooling = folder / "1_Pooling/config.json",
             modules = folder / "modules.json", sentences = folder / "sentence_bert_config.json";
  EncoderConfig config = read_encoder_config(read_json(file), file.string());
  config.name = folder.filename().string();
  if (std::filesystem::exists(sentences))
    config.text_tokens = read_text_tokens(sentences, config.context_tokens);
  if (std::filesystem::exists(pooling)) {
    const Json json = read_json(pooling);
    const auto is_set = [&](const char* key) {
      return json.is_object() && json.contains(key) && json[key] == true;
    };
    if (is_set("pooling_mode_cls_token")) {
      config.pooling = Pooling::first_token;
    } else if (!is_set("pooling_mode_mean_tokens")) {
      throw_error(ErrorCode::unsupported,
                  "reading {}: neither the mean nor the first token is pooled; these two are supported",
                  pooling.string());
    }
  }
  if (std::filesystem::exists(modules)) {
    config.vector_length = VectorLength::as_pooled;
    for (const Json& module : read_json(modules)) {
      const std::string type = module.is_object() ? module.value("type", "") : "";
      if (type.ends_with(".Normalize")) config.vector_length = VectorLength::one;
      if (type.ends_with(".Dense"))
        throw_error(ErrorCode::unsupported, "reading {}: a dense layer behind the pooling is not supported",
                    modules.string());
    }
  }
  return with_context(fmt::format("reading {}", folder.string()),
                      [&] { return Encoder(config, read_folder_tensors(folder).tensors); });
}

}  // namespace fulcrum
