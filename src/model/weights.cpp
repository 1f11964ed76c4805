#include "model/weights.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <unordered_map>

#include "base/error.h"
#include "base/hash.h"
#include "base/random.h"
#include "tensor/quantised_blocks.h"

namespace fulcrum {
namespace {

bool always(const ModelConfig&) {
  return true;
}
bool has_bias(const ModelConfig& config) {
  return config.attention_bias;
}
bool has_query_key_norm(const ModelConfig& config) {
  return config.query_key_norm;
}
bool has_post_norms(const ModelConfig& config) {
  return config.post_norms;
}
std::int64_t query_width(const ModelConfig& c) {
  return c.n_heads * c.head_dim;
}
std::int64_t key_width(const ModelConfig& c) {
  return c.n_kv_heads * c.head_dim;
}

// The tensors of a block in file order: GGUF's name behind "blk.N.", where it is kept, its shape, and whether
// it is.
struct LayerSlot {
  std::string_view name;
  Tensor LayerWeights::*member;
  Shape (*shape)(const ModelConfig&);
  bool (*present)(const ModelConfig&);
};
using L = LayerWeights;
using C = ModelConfig;
const LayerSlot kLayerSlots[] = {
    {"attn_norm.weight", &L::attn_norm, [](const C& c) { return Shape{c.d_model}; }, always},
    {"attn_q.weight", &L::attn_q,
     [](const C& c) {
       return Shape{query_width(c), c.d_model};
     },
     always},
    {"attn_k.weight", &L::attn_k,
     [](const C& c) {
       return Shape{key_width(c), c.d_model};
     },
     always},
    {"attn_v.weight", &L::attn_v,
     [](const C& c) {
       return Shape{key_width(c), c.d_model};
     },
     always},
    {"attn_q.bias", &L::attn_q_bias, [](const C& c) { return Shape{query_width(c)}; }, has_bias},
    {"attn_k.bias", &L::attn_k_bias, [](const C& c) { return Shape{key_width(c)}; }, has_bias},
    {"attn_v.bias", &L::attn_v_bias, [](const C& c) { return Shape{key_width(c)}; }, has_bias},
    {"attn_q_norm.weight", &L::attn_q_norm, [](const C& c) { return Shape{c.head_dim}; }, has_query_key_norm},
    {"attn_k_norm.weight", &L::attn_k_norm, [](const C& c) { return Shape{c.head_dim}; }, has_query_key_norm},
    {"attn_output.weight", &L::attn_output,
     [](const C& c) {
       return Shape{c.d_model, query_width(c)};
     },
     always},
    {"post_attention_norm.weight", &L::attn_post_norm, [](const C& c) { return Shape{c.d_model}; },
     has_post_norms},
    {"ffn_norm.weight", &L::ffn_norm, [](const C& c) { return Shape{c.d_model}; }, always},
    {"ffn_gate.weight", &L::ffn_gate,
     [](const C& c) {
       return Shape{c.d_ff, c.d_model};
     },
     always},
    {"ffn_up.weight", &L::ffn_up,
     [](const C& c) {
       return Shape{c.d_ff, c.d_model};
     },
     always},
    {"ffn_down.weight", &L::ffn_down,
     [](const C& c) {
       return Shape{c.d_model, c.d_ff};
     },
     always},
    {"post_ffw_norm.weight", &L::ffn_post_norm, [](const C& c) { return Shape{c.d_model}; }, has_post_norms},
};

std::uint16_t half_at(const Tensor& tensor, std::int64_t byte) {
  std::uint16_t bits;
  std::memcpy(&bits, tensor.bytes.data() + byte, sizeof(bits));
  return bits;
}

// Index of the first element that is not finite, -1 if there is none. Of a quantised type the first of its
// block.
std::int64_t find_not_finite_element(const Tensor& tensor) {
  if (tensor.dtype == DType::f32) return find_not_finite(tensor.f32());
  if (is_quantised(tensor.dtype)) {
    const std::int64_t block = find_not_finite_block(tensor.dtype, tensor.bytes);
    return block < 0 ? -1 : block * block_elements(tensor.dtype);
  }
  const std::uint16_t exponent = tensor.dtype == DType::bf16 ? 0x7f80 : 0x7c00;
  const auto elements = static_cast<std::int64_t>(tensor.bytes.size() / sizeof(std::uint16_t));
  // A stretch at a time without a way out in between, so that many values are looked at at once.
  constexpr std::int64_t kStretch = 4096;
  for (std::int64_t first = 0; first < elements; first += kStretch) {
    const std::int64_t last = std::min(elements, first + kStretch);
    std::uint16_t found = 0;
    for (std::int64_t i = first; i < last; ++i)
      found |= static_cast<std::uint16_t>((half_at(tensor, 2 * i) & exponent) == exponent);
    if (found == 0) continue;
    for (std::int64_t i = first; i < last; ++i) {
      if ((half_at(tensor, 2 * i) & exponent) == exponent) return i;
    }
  }
  return -1;
}

void check_tensor(const Tensor& tensor, const Shape& shape) {
  if (tensor.shape != shape) {
    throw_error(ErrorCode::corrupt, "the tensor '{}' has the shape {} where the configuration needs {}",
                tensor.name, to_string(tensor.shape), to_string(shape));
  }
  const DType dtype = tensor.dtype;
  if (dtype != DType::f32 && dtype != DType::f16 && dtype != DType::bf16 && !is_quantised(dtype)) {
    throw_error(ErrorCode::unsupported,
                "the tensor '{}' is of type {}; f32, f16, bf16 or a quantised type is needed", tensor.name,
                to_string(dtype));
  }
}

// Reads all of the weights: by all threads, because the first answer waits for it.
void check_finite(const std::vector<const Tensor*>& tensors) {
  std::vector<std::int64_t> found(tensors.size(), -1);
#pragma omp parallel for schedule(dynamic)
  for (std::size_t i = 0; i < tensors.size(); ++i) found[i] = find_not_finite_element(*tensors[i]);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (found[i] < 0) continue;
    throw_error(ErrorCode::corrupt,
                "the tensor '{}' holds NaN or infinity at element {}; the weights are damaged or their "
                "training diverged",
                tensors[i]->name, found[i]);
  }
}

}  // namespace

std::vector<Tensor> ModelWeights::all() const {
  std::vector<Tensor> tensors;
  const auto add = [&](std::string name, const Tensor& tensor) {
    if (tensor.bytes.empty()) return;
    tensors.push_back(tensor);
    tensors.back().name = std::move(name);
  };
  add("token_embd.weight", token_embd);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    for (const LayerSlot& slot : kLayerSlots)
      add(fmt::format("blk.{}.{}", i, slot.name), layers[i].*slot.member);
  }
  add("output_norm.weight", output_norm);
  add("output.weight", output);
  return tensors;
}

void ModelWeights::visit(
    const ModelConfig& config,
    const std::function<void(const std::string& name, const Shape& shape, Tensor&)>& visitor) {
  if (layers.size() != static_cast<std::size_t>(config.n_layers)) {
    throw_error(ErrorCode::internal, "weights of {} layers are visited with a configuration of {}",
                layers.size(), config.n_layers);
  }
  visitor("token_embd.weight", {config.vocab_size, config.d_model}, token_embd);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    for (const LayerSlot& slot : kLayerSlots) {
      if (slot.present(config)) {
        visitor(fmt::format("blk.{}.{}", i, slot.name), slot.shape(config), layers[i].*slot.member);
      }
    }
  }
  visitor("output_norm.weight", {config.d_model}, output_norm);
  if (!config.tied_output) visitor("output.weight", {config.vocab_size, config.d_model}, output);
}

ModelWeights assemble_weights(const ModelConfig& config, const std::vector<Tensor>& tensors) {
  std::unordered_map<std::string_view, const Tensor*> by_name;
  for (const Tensor& tensor : tensors) by_name.emplace(tensor.name, &tensor);
  std::vector<const Tensor*> taken;
  ModelWeights weights;
  weights.layers.resize(static_cast<std::size_t>(config.n_layers));
  weights.visit(config, [&](const std::string& name, const Shape& shape, Tensor& tensor) {
    const auto found = by_name.find(name);
    if (found == by_name.end()) {
      throw_error(ErrorCode::corrupt, "the tensor '{}' {} is missing", name, to_string(shape));
    }
    check_tensor(*found->second, shape);
    taken.push_back(found->second);
    tensor = *found->second;
    by_name.erase(found);
  });
  check_finite(taken);
  // A tensor without a place here would have changed the result in the engine that wrote it.
  for (const Tensor& tensor : tensors) {
    if (by_name.contains(tensor.name)) {
      throw_error(ErrorCode::unsupported, "the tensor '{}' {} has no place in a {} model of this engine",
                  tensor.name, to_string(tensor.shape), config.architecture);
    }
  }
  return weights;
}

ModelWeights random_weights(const ModelConfig& config, std::uint64_t seed, double deviation) {
  config.check();
  ModelWeights weights;
  weights.layers.resize(static_cast<std::size_t>(config.n_layers));
  const double into_residual = deviation / std::sqrt(2.0 * static_cast<double>(config.n_layers));
  weights.visit(config, [&](const std::string& name, const Shape& shape, Tensor& tensor) {
    OwnedTensor fresh = make_f32(name, shape);
    if (shape.size() == 2) {
      const bool residual = name.ends_with("attn_output.weight") || name.ends_with("ffn_down.weight");
      Random random(seed, stream_of(name));
      for (float& value : fresh.values)
        value = static_cast<float>(random.normal() * (residual ? into_residual : deviation));
    } else if (name.ends_with("norm.weight")) {
      for (float& value : fresh.values) value = 1.0F;
    }
    tensor = std::move(fresh.tensor);
  });
  return weights;
}

std::string weights_sha256(const ModelWeights& weights) {
  Sha256 digest;
  for (const Tensor& tensor : weights.all()) {
    digest.update(fmt::format("{} {} {}\n", tensor.name, to_string(tensor.dtype), to_string(tensor.shape)));
    digest.update(tensor.bytes);
  }
  return digest.finish();
}

}  // namespace fulcrum
