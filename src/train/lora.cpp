#include "train/lora.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/error.h"
#include "base/random.h"

namespace fulcrum {
namespace {

std::string slot_name(std::int64_t layer, LinearModule module, char matrix) {
  return fmt::format("blk.{}.{}.lora_{}", layer, to_string(module), matrix);
}

void multiply(Matrix values, float factor) {
  for (std::int64_t t = 0; t < values.rows; ++t)
    for (std::int64_t i = 0; i < values.columns; ++i) values.row(t)[i] *= factor;
}

}  // namespace

std::vector<LinearModule> parse_lora_modules(std::span<const std::string> names) {
  if (names.empty()) return {kLinearModules.begin(), kLinearModules.end()};
  std::vector<LinearModule> modules;
  for (const std::string& name : names) {
    const std::optional<LinearModule> module = parse_linear_module(name);
    if (!module) {
      std::vector<std::string_view> known;
      for (const LinearModule each : kLinearModules) known.push_back(to_string(each));
      throw_error(ErrorCode::invalid_argument,
                  "choosing the layers to adapt: '{}' is not a linear layer; use some of {}", name,
                  fmt::join(known, ", "));
    }
    if (std::find(modules.begin(), modules.end(), *module) == modules.end()) modules.push_back(*module);
  }
  std::sort(modules.begin(), modules.end());
  return modules;
}

ParameterLayout lora_layout(const ModelConfig& config, const LoraConfig& lora) {
  ParameterLayout layout;
  for (std::int64_t layer = 0; layer < config.n_layers; ++layer)
    for (const LinearModule module : lora.modules) {
      const Shape shape = linear_shape(config, module);
      layout.add(slot_name(layer, module, 'a'), {lora.rank, shape[1]}, ParameterKind::matrix,
                 Placement::aligned);
      layout.add(slot_name(layer, module, 'b'), {shape[0], lora.rank}, ParameterKind::matrix,
                 Placement::aligned);
    }
  return layout;
}

void initialize_lora(const ParameterLayout& layout, std::uint64_t seed, ParameterArray& array) {
  array.clear();
  for (const ParameterSlot& slot : layout.slots()) {
    if (!slot.name.ends_with(".lora_a")) continue;
    Random random(seed, stream_of(slot.name));
    const double deviation = 1.0 / std::sqrt(static_cast<double>(slot.shape.back()));
    for (float& value : array.of(slot)) value = static_cast<float>(deviation * random.normal());
  }
}

LoraView view_lora(const ModelConfig& config, const LoraConfig& lora, const ParameterLayout& layout,
                   ParameterArray& array) {
  LoraView view;
  view.rank = lora.rank;
  view.scale = static_cast<float>(lora.scale());
  view.layers.resize(static_cast<std::size_t>(config.n_layers));
  const auto matrix = [&](const std::string& name) -> Matrix {
    const ParameterSlot& slot = layout.slot(name);
    return {array.of(slot).data(), slot.shape[0], slot.shape[1], slot.shape[1]};
  };
  for (std::int64_t layer = 0; layer < config.n_layers; ++layer)
    for (const LinearModule module : lora.modules)
      view.layers[static_cast<std::size_t>(layer)][static_cast<std::size_t>(module)] = {
          matrix(slot_name(layer, module, 'a')), matrix(slot_name(layer, module, 'b'))};
  return view;
}

LoraAdapter export_lora(const ModelConfig& config, const LoraConfig& lora, const ParameterLayout& layout,
                        const ParameterArray& array) {
  LoraAdapter adapter;
  adapter.rank = lora.rank;
  adapter.alpha = lora.alpha;
  adapter.base_model = config.name;
  const auto values = [&](std::int64_t layer, LinearModule module, char matrix) {
    const std::span<const float> all = array.of(layout.slot(slot_name(layer, module, matrix)));
    return std::vector<float>(all.begin(), all.end());
  };
  for (std::int64_t layer = 0; layer < config.n_layers; ++layer)
    for (const LinearModule module : lora.modules)
      adapter.pairs.push_back(
          {layer, module, lora.rank, lora.alpha, values(layer, module, 'a'), values(layer, module, 'b')});
  return adapter;
}

void lora_forward(const LoraMatrices& pair, float scale, ConstMatrix x, Matrix hidden, Matrix y,
                  Precision precision) {
  gemm_nt(x, pair.a, hidden, precision, Accumulate::overwrite);
  multiply(hidden, scale);
  gemm_nt(hidden, pair.b, y, precision, Accumulate::add);
}

void lora_backward(const LoraMatrices& pair, float scale, ConstMatrix dy, ConstMatrix x, ConstMatrix hidden,
                   Matrix d_hidden, const LoraMatrices& gradients, Matrix dx, Precision precision) {
  gemm_tn(dy, hidden, gradients.b, precision, Accumulate::add);
  gemm_nn(dy, pair.b, d_hidden, precision, Accumulate::overwrite);
  multiply(d_hidden, scale);
  gemm_tn(d_hidden, x, gradients.a, precision, Accumulate::add);
  gemm_nn(d_hidden, pair.a, dx, precision, Accumulate::add);
}

}  // namespace fulcrum
