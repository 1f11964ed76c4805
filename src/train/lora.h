// Low-rank adapters in training: y = x W^T + scale * (x A^T) B^T for any set of a model's linear layers, W
// frozen.
//
// A [rank, inputs] starts gaussian with standard deviation 1/sqrt(inputs), B [outputs, rank] zero, so that
// training starts at the base model exactly. scale = alpha / rank. Source: Hu et al. 2021 (LoRA). The file
// form is model/adapter.h.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "model/adapter.h"
#include "model/config.h"
#include "tensor/matmul.h"
#include "train/parameters.h"

namespace fulcrum {

struct LoraConfig {
  std::int64_t rank = 16;
  double alpha = 32;
  std::vector<LinearModule> modules;
  double scale() const { return alpha / static_cast<double>(rank); }
};
// Names to modules; all seven if `names` is empty. Error(invalid_argument) naming an unknown one and the
// known ones.
std::vector<LinearModule> parse_lora_modules(std::span<const std::string> names);

// Slots "blk.<layer>.<module>.lora_a" and ".lora_b".
ParameterLayout lora_layout(const ModelConfig& config, const LoraConfig& lora);
void initialize_lora(const ParameterLayout& layout, std::uint64_t seed, ParameterArray& array);

struct LoraMatrices {
  Matrix a;  // [rank, inputs]; data is null where the layer is not adapted
  Matrix b;  // [outputs, rank]
  explicit operator bool() const { return a.data != nullptr; }
};

// The adapters (or their gradients) of a whole model inside an array.
struct LoraView {
  std::int64_t rank = 0;
  float scale = 0;
  std::vector<std::array<LoraMatrices, kLinearModules.size()>> layers;
  const LoraMatrices& at(std::int64_t layer, LinearModule module) const {
    return layers[static_cast<std::size_t>(layer)][static_cast<std::size_t>(module)];
  }
};
LoraView view_lora(const ModelConfig& config, const LoraConfig& lora, const ParameterLayout& layout,
                   ParameterArray& array);

// What the adapter folder holds: a copy.
LoraAdapter export_lora(const ModelConfig& config, const LoraConfig& lora, const ParameterLayout& layout,
                        const ParameterArray& array);

// y [T, outputs] += scale * (x A^T) B^T. hidden [T, rank] keeps scale * x A^T for the backward.
void lora_forward(const LoraMatrices& pair, float scale, ConstMatrix x, Matrix hidden, Matrix y,
                  Precision precision);
// Adds to gradients.a and gradients.b, and to dx [T, inputs] what flows through the adapter. d_hidden [T,
// rank] is scratch.
void lora_backward(const LoraMatrices& pair, float scale, ConstMatrix dy, ConstMatrix x, ConstMatrix hidden,
                   Matrix d_hidden, const LoraMatrices& gradients, Matrix dx, Precision precision);

}  // namespace fulcrum
