// The readable twin of train/backpropagation.h's forward: a decoder in f64, one operation after the other.
//
// Against it the fast gradients are held by central differences. Not for production.
#pragma once

#include <map>
#include <string>

#include "model/config.h"
#include "tensor/ops_reference.h"
#include "train/backpropagation.h"
#include "train/parameters.h"

namespace fulcrum::reference {

// Every tensor by its GGUF name; vectors are [1, N].
using Weights = std::map<std::string, Array>;
Weights copy_weights(const ParameterLayout& layout, const ParameterArray& array);

// Sum of weight * -log p(target), every logit computed.
double decoder_loss(const ModelConfig& config, const Weights& weights, const TrainingRows& rows);

}  // namespace fulcrum::reference
