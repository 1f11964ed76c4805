// LoRA adapters (Hu et al. 2021): a linear layer's output becomes W x + scale * B (A x), W frozen.
//
// Stored as PEFT folders: adapter_config.json and adapter_model.safetensors, in Hugging Face's row order, or
// as GGUF files (model/gguf_adapter.h). In memory the rows of B for q and k follow the model's own order
// (ModelConfig::rope_layout): reading and writing permute them where it is another. Not here: training them
// (train/), applying them (model/transformer.h), merging them (model/merged_weights.h), DoRA, adapted
// embeddings.
//
// Letters: r rank, [out, in] the shape of the adapted linear layer.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "model/config.h"
#include "model/weights.h"

namespace fulcrum {

// The linear layers of a block, by PEFT's (Hugging Face's) module names.
enum class LinearModule { q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj };
inline constexpr std::array kLinearModules = {
    LinearModule::q_proj,    LinearModule::k_proj,  LinearModule::v_proj,   LinearModule::o_proj,
    LinearModule::gate_proj, LinearModule::up_proj, LinearModule::down_proj};
std::string_view to_string(LinearModule module);  // "q_proj"
std::optional<LinearModule> parse_linear_module(std::string_view name);
// [out, in]
Shape linear_shape(const ModelConfig& config, LinearModule module);
const Tensor& linear_weight(const LayerWeights& layer, LinearModule module);
Tensor& linear_weight(LayerWeights& layer, LinearModule module);

// One adapted layer. scale is alpha / r, or alpha / sqrt(r) with rank-stabilised LoRA.
struct LoraPair {
  std::int64_t layer = 0;
  LinearModule module = LinearModule::q_proj;
  std::int64_t rank = 0;
  double alpha = 0;
  std::vector<float> a;  // [r, in]
  std::vector<float> b;  // [out, r]
};

enum class LoraScaling { classic, rank_stabilised };

struct LoraAdapter {
  std::int64_t rank = 16;  // the default; a pair may have its own (rank_pattern)
  double alpha = 32;       // the same (alpha_pattern)
  LoraScaling scaling = LoraScaling::classic;
  std::string base_model;       // base_model_name_or_path
  std::vector<LoraPair> pairs;  // by layer, then module

  double scale(const LoraPair& pair) const;
  const LoraPair* find(std::int64_t layer, LinearModule module) const;
  std::int64_t parameters() const;
};

// Error not_found (folder or file), corrupt (shapes, missing halves, NaN: the tensor is named), unsupported
// (DoRA, modules_to_save, biases, another peft_type, a module or layer that the model lacks: named with the
// reason). A GGUF file is read as one.
LoraAdapter read_adapter(const Path& folder_or_gguf, const ModelConfig& config);

// Error invalid_argument (empty, a pair that does not fit the model) or corrupt (NaN: training diverged).
void check_adapter(const LoraAdapter& adapter, const ModelConfig& config);

// Writes the folder atomically, tensors as f32.
void write_adapter(const LoraAdapter& adapter, const ModelConfig& config, const Path& folder);

}  // namespace fulcrum
