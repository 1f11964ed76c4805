#include "model/merged_weights.h"

#include <algorithm>
#include <vector>

namespace fulcrum {
namespace {

Tensor merged(const Tensor& weight, const LoraPair& pair, double scale) {
  const Tensor decoded = to_f32(weight);
  OwnedTensor result = make_f32(weight.name, weight.shape);
  const std::int64_t outputs = weight.shape.at(0), inputs = weight.shape.at(1);
#pragma omp parallel for schedule(static)
  for (std::int64_t row = 0; row < outputs; ++row) {
    const auto base =
        decoded.f32().subspan(static_cast<std::size_t>(row * inputs), static_cast<std::size_t>(inputs));
    std::vector<double> sums(base.begin(), base.end());
    for (std::int64_t r = 0; r < pair.rank; ++r) {
      const double factor =
          scale * static_cast<double>(pair.b[static_cast<std::size_t>(row * pair.rank + r)]);
      const float* a = pair.a.data() + r * inputs;
      for (std::int64_t i = 0; i < inputs; ++i)
        sums[static_cast<std::size_t>(i)] += factor * static_cast<double>(a[i]);
    }
    std::transform(sums.begin(), sums.end(), result.values.begin() + row * inputs,
                   [](double sum) { return static_cast<float>(sum); });
  }
  return result.tensor;
}

}  // namespace

ModelWeights merge_adapter(const ModelConfig& config, const ModelWeights& weights,
                           const LoraAdapter& adapter) {
  check_adapter(adapter, config);
  ModelWeights result = weights;
  for (const LoraPair& pair : adapter.pairs) {
    Tensor& weight = linear_weight(result.layers.at(static_cast<std::size_t>(pair.layer)), pair.module);
    weight = merged(weight, pair, adapter.scale(pair));
  }
  return result;
}

}  // namespace fulcrum
