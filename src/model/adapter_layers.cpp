#include "model/adapter_layers.h"

#include <algorithm>

#include "base/error.h"
#include "model/tensor_layout.h"

namespace fulcrum {
namespace {

using enum LinearModule;

std::vector<float> in_row_order(const std::vector<float>& b, LinearModule module, const ModelConfig& config,
                                RopeLayout from, RopeLayout to) {
  if ((module != q_proj && module != k_proj) || from == to) return b;
  const std::int64_t rows = linear_shape(config, module)[0];
  OwnedTensor values = make_f32("", {rows, static_cast<std::int64_t>(b.size()) / rows});
  std::copy(b.begin(), b.end(), values.values.begin());
  const Tensor ordered = reorder_rows(values.tensor, config, from, to);
  return {ordered.f32().begin(), ordered.f32().end()};
}

// One pair for all parts; those that are not adapted have zeros.
StoredPair fuse(const std::vector<const LoraPair*>& pairs, const AdapterLayer& module, std::int64_t layer,
                const LoraAdapter& adapter, const ModelConfig& config, RopeLayout stored) {
  const Shape linear = linear_shape(config, module);
  StoredPair fused{layer, &module, 0, 1, {}, {}};
  for (const LoraPair* pair : pairs) {
    if (pair != nullptr) fused.rank += pair->rank;
  }
  fused.b.assign(static_cast<std::size_t>(linear[0] * fused.rank), 0);
  std::int64_t first_row = 0, first_column = 0;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const std::int64_t rows = linear_shape(config, module.parts[i])[0];
    if (const LoraPair* pair = pairs[i]) {
      const auto scale = static_cast<float>(adapter.scale(*pair));
      const auto b = in_row_order(pair->b, pair->module, config, config.rope_layout, stored);
      fused.a.insert(fused.a.end(), pair->a.begin(), pair->a.end());
      for (std::int64_t row = 0; row < rows; ++row) {
        for (std::int64_t r = 0; r < pair->rank; ++r) {
          fused.b[static_cast<std::size_t>((first_row + row) * fused.rank + first_column + r)] =
              scale * b[static_cast<std::size_t>(row * pair->rank + r)];
        }
      }
      first_column += pair->rank;
    }
    first_row += rows;
  }
  return fused;
}

}  // namespace

const std::vector<AdapterLayer>& adapter_layers(const ModelConfig& config) {
  static const std::vector<AdapterLayer> separate = {
      {"q_proj", "self_attn", "attn_q", {q_proj}},   {"k_proj", "self_attn", "attn_k", {k_proj}},
      {"v_proj", "self_attn", "attn_v", {v_proj}},   {"o_proj", "self_attn", "attn_output", {o_proj}},
      {"gate_proj", "mlp", "ffn_gate", {gate_proj}}, {"up_proj", "mlp", "ffn_up", {up_proj}},
      {"down_proj", "mlp", "ffn_down", {down_proj}}};
  static const std::vector<AdapterLayer> fused = {
      {"qkv_proj", "self_attn", "attn_qkv", {q_proj, k_proj, v_proj}},
      {"o_proj", "self_attn", "attn_output", {o_proj}},
      {"gate_up_proj", "mlp", "ffn_up", {gate_proj, up_proj}},
      {"down_proj", "mlp", "ffn_down", {down_proj}}};
  const Architecture& known = find_architecture(config.architecture);
  return known.projections == Architecture::Projections::fused ? fused : separate;
}

Shape linear_shape(const ModelConfig& config, const AdapterLayer& layer) {
  Shape shape = linear_shape(config, layer.parts.front());
  for (std::size_t i = 1; i < layer.parts.size(); ++i) shape[0] += linear_shape(config, layer.parts[i])[0];
  return shape;
}

std::vector<StoredPair> to_stored_pairs(const LoraAdapter& adapter, const ModelConfig& config,
                                        RopeLayout stored) {
  std::vector<StoredPair> result;
  for (std::int64_t layer = 0; layer < config.n_layers; ++layer) {
    for (const AdapterLayer& module : adapter_layers(config)) {
      std::vector<const LoraPair*> pairs;
      for (const LinearModule part : module.parts) pairs.push_back(adapter.find(layer, part));
      if (std::all_of(pairs.begin(), pairs.end(), [](const LoraPair* pair) { return pair == nullptr; }))
        continue;
      if (pairs.size() > 1) {
        result.push_back(fuse(pairs, module, layer, adapter, config, stored));
        continue;
      }
      const LoraPair& pair = *pairs.front();
      result.push_back({layer, &module, pair.rank, adapter.scale(pair), pair.a,
                        in_row_order(pair.b, pair.module, config, config.rope_layout, stored)});
    }
  }
  return result;
}

std::vector<LoraPair> from_stored_pair(const StoredPair& pair, double alpha, const ModelConfig& config,
                                       RopeLayout stored) {
  std::vector<LoraPair> result;
  auto row = pair.b.begin();
  for (const LinearModule part : pair.module->parts) {
    const auto end = row + linear_shape(config, part)[0] * pair.rank;
    LoraPair own{pair.layer, part, pair.rank, alpha, pair.a, {row, end}};
    own.b = in_row_order(own.b, part, config, stored, config.rope_layout);
    result.push_back(std::move(own));
    row = end;
  }
  return result;
}

}  // namespace fulcrum
