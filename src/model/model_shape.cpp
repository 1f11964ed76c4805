#include "model/model_shape.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

#include "base/error.h"
#include "model/tiny_model.h"

namespace fulcrum {
namespace {

struct NamedShape {
  std::string_view name;
  ModelShape shape;
};
constexpr std::array<NamedShape, 3> kNamed = {{{"8.9M", {6, 256, 8, 4, 768, 8192}},
                                               {"163M", {30, 576, 9, 3, 1536, 49152}},
                                               {"1.1B", {16, 2048, 32, 8, 8192, 32000}}}};

constexpr std::array<std::pair<std::string_view, std::int64_t ModelShape::*>, 6> kKeys = {
    {{"layers", &ModelShape::layers},
     {"width", &ModelShape::width},
     {"heads", &ModelShape::heads},
     {"kv_heads", &ModelShape::kv_heads},
     {"ff", &ModelShape::ff},
     {"vocabulary", &ModelShape::vocabulary}}};

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
  throw_error(ErrorCode::invalid_argument,
              "reading the shape '{}': {}; write 8.9M, 163M, 1.1B or "
              "layers=30,width=576,heads=9,kv_heads=3,ff=1536,vocabulary=49152",
              text, why);
}

}  // namespace

ModelShape parse_model_shape(std::string_view text) {
  for (const NamedShape& named : kNamed)
    if (named.name == text) return named.shape;
  ModelShape shape;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view part = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    const std::string_view key = part.substr(0, part.find('='));
    const std::string_view digits = part.substr(std::min(key.size() + 1, part.size()));
    std::int64_t value = 0;
    const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (failure != std::errc() || end != digits.data() + digits.size() || value <= 0)
      refuse(text, fmt::format("'{}' is not a positive number with its name", part));
    bool known = false;
    for (const auto& [name, member] : kKeys) {
      if (name != key) continue;
      shape.*member = value;
      known = true;
    }
    if (!known) refuse(text, fmt::format("'{}' is not a number that a shape has", key));
  }
  for (const auto& [name, member] : kKeys)
    if (shape.*member == 0) refuse(text, fmt::format("{} is missing", name));
  return shape;
}

ModelFile make_random_model(const ModelShape& shape, std::int64_t context_tokens, std::uint64_t seed) {
  TinyModelOptions options;
  options.architecture = "llama";
  options.n_layers = shape.layers;
  options.d_model = shape.width;
  options.n_heads = shape.heads;
  options.n_kv_heads = shape.kv_heads;
  options.head_dim = shape.width / shape.heads;
  options.d_ff = shape.ff;
  options.context_tokens = context_tokens;
  options.tied_output = false;
  ModelFile model;
  model.vocabulary = make_tiny_vocabulary();
  const auto present = static_cast<std::int64_t>(model.vocabulary.tokens.size());
  if (shape.vocabulary < present)
    throw_error(ErrorCode::invalid_argument,
                "making a model of random weights: {} tokens, at least {} are needed", shape.vocabulary,
                present);
  constexpr std::int32_t kNormal = 1;
  for (std::int64_t i = present; i < shape.vocabulary; ++i) {
    model.vocabulary.tokens.push_back(fmt::format("\u2581#{}#", i));
    model.vocabulary.scores.push_back(static_cast<float>(-i));
    model.vocabulary.types.push_back(kNormal);
  }
  model.config = make_tiny_config(options, shape.vocabulary);
  // The usual deviation of an untrained model; greedy choices are near ties, which a speed does not mind.
  model.weights = random_weights(model.config, seed, 0.02);
  model.name = "random";
  return model;
}

double flop_per_token(const ModelConfig& config, std::int64_t past_tokens) {
  const auto width = static_cast<double>(config.d_model);
  const double heads = static_cast<double>(config.n_heads * config.head_dim),
               kv_heads = static_cast<double>(config.n_kv_heads * config.head_dim);
  const double matrices = width * (2 * heads + 2 * kv_heads + 3 * static_cast<double>(config.d_ff));
  const double attention = 2 * heads * static_cast<double>(past_tokens);
  return 2 * (static_cast<double>(config.n_layers) * (matrices + attention) +
              width * static_cast<double>(config.vocab_size));
}

}  // namespace fulcrum
