// A model whose linear layers have an adapter added: W + scale * B A, so that it runs without one.
#pragma once

#include "model/adapter.h"
#include "model/config.h"
#include "model/weights.h"

namespace fulcrum {

// Adapted layers come out in f32, sums in f64; all others are shared with `weights`. Error(invalid_argument)
// for an adapter that does not fit.
ModelWeights merge_adapter(const ModelConfig& config, const ModelWeights& weights,
                           const LoraAdapter& adapter);

}  // namespace fulcrum
