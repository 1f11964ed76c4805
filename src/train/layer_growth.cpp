#include "train/layer_growth.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/error.h"

namespace fulcrum {
namespace {

void check_order(std::span<const std::int64_t> layers, std::int64_t n_layers) {
  std::int64_t last = -1;
  for (const std::int64_t layer : layers) {
    if (layer != last && layer != last + 1) {
      throw_error(ErrorCode::invalid_argument,
                  "growing a model: layer {} follows layer {}; each layer must stand once or more, in order",
                  layer, last);
    }
    last = layer;
  }
  if (last != n_layers - 1) {
    throw_error(ErrorCode::invalid_argument,
                "growing a model: the layers end at {}, and the file has {} (0 to {})", last, n_layers,
                n_layers - 1);
  }
}

// "blk.7.attn_q.weight" for the tensor of this name in another layer; other names as they are.
std::string in_layer(const std::string& name, const std::vector<std::int64_t>& layers, bool& silent) {
  silent = false;
  if (!name.starts_with("blk.")) return name;
  const std::size_t dot = name.find('.', 4);
  const std::size_t layer = std::stoul(name.substr(4, dot - 4));
  const std::string part = name.substr(dot);
  const bool copy = layer > 0 && layers[layer] == layers[layer - 1];
  silent = copy && (part == ".attn_output.weight" || part == ".ffn_down.weight");
  return "blk." + std::to_string(layers[layer]) + part;
}

}  // namespace

void load_grown(const ModelFile& source, std::span<const std::int64_t> layers, const ParameterLayout& layout,
                ParameterArray& array) {
  std::vector<std::int64_t> from(layers.begin(), layers.end());
  if (from.empty()) {
    for (std::int64_t i = 0; i < source.config.n_layers; ++i) from.push_back(i);
  }
  check_order(from, source.config.n_layers);
  const ParameterLayout source_layout = ParameterLayout::of_model(source.config);
  ParameterArray trained(source_layout);
  load_parameters(source.weights, source_layout, trained);
  const std::string last = "blk." + std::to_string(from.size() - 1) + ".attn_norm.weight";
  const std::string beyond = "blk." + std::to_string(from.size()) + ".attn_norm.weight";
  if (!layout.find(last) || layout.find(beyond)) {
    throw_error(ErrorCode::invalid_argument,
                "growing a model: {} layers are named, which is not its number of layers", from.size());
  }
  for (const ParameterSlot& slot : layout.slots()) {
    bool silent = false;
    const ParameterSlot* origin = source_layout.find(in_layer(slot.name, from, silent));
    if (!origin || origin->shape != slot.shape) {
      throw_error(ErrorCode::invalid_argument,
                  "starting from a trained model: its '{}' has another shape than the one to train",
                  slot.name);
    }
    const std::span<float> values = array.of(slot);
    if (silent)
      std::fill(values.begin(), values.end(), 0.0F);
    else
      std::ranges::copy(trained.of(*origin), values.begin());
  }
}

}  // namespace fulcrum
