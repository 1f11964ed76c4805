#include "model/tensor_layout.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>
#include <unordered_set>

#include "base/error.h"

namespace fulcrum {
namespace {

// What a block's tensors are called behind "blk.N." and behind "model.layers.N.".
struct BlockName {
  std::string_view ours, huggingface;
};
constexpr BlockName kBlockNames[] = {{"attn_norm", "input_layernorm"},
                                     {"attn_q", "self_attn.q_proj"},
                                     {"attn_k", "self_attn.k_proj"},
                                     {"attn_v", "self_attn.v_proj"},
                                     {"attn_q_norm", "self_attn.q_norm"},
                                     {"attn_k_norm", "self_attn.k_norm"},
                                     {"attn_output", "self_attn.o_proj"},
                                     {"attn_qkv", "self_attn.qkv_proj"},
                                     {"post_attention_norm", "post_attention_layernorm"},
                                     {"post_ffw_norm", "post_feedforward_layernorm"},
                                     {"ffn_gate", "mlp.gate_proj"},
                                     {"ffn_up", "mlp.up_proj"},
                                     {"ffn_gate_up", "mlp.gate_up_proj"},
                                     {"ffn_down", "mlp.down_proj"}};

// Tensors that hold what the configuration says already.
bool is_computed(std::string_view name) {
  return name == "rope_freqs.weight" || name == "rope_factors_long.weight" ||
         name == "rope_factors_short.weight" || name.ends_with("rotary_emb.inv_freq");
}

// Projections that a file may keep one below the other as one tensor.
struct Fusion {
  std::string_view gguf, ours;  // the fused tensor's name in GGUF, and here
  std::vector<std::string_view> parts;
};
const std::vector<Fusion>& fusions() {
  static const std::vector<Fusion> all = {{"attn_qkv", "attn_qkv", {"attn_q", "attn_k", "attn_v"}},
                                          {"ffn_up", "ffn_gate_up", {"ffn_gate", "ffn_up"}}};
  return all;
}

std::string block_name(std::int64_t layer, std::string_view part) {
  return fmt::format("blk.{}.{}.weight", layer, part);
}

bool is_fused(const ModelConfig& config) {
  return find_architecture(config.architecture).projections == Architecture::Projections::fused;
}

std::int64_t rows_of_part(const ModelConfig& config, std::string_view part) {
  if (part == "attn_q") return config.n_heads * config.head_dim;
  if (part.starts_with("attn_")) return config.n_kv_heads * config.head_dim;
  return config.d_ff;
}

Tensor cut_rows(const Tensor& tensor, std::int64_t first, std::int64_t rows, std::string name) {
  Tensor part = tensor;
  const std::size_t row = tensor.bytes.size() / static_cast<std::size_t>(tensor.shape[0]);
  part.name = std::move(name);
  part.shape[0] = rows;
  part.bytes =
      tensor.bytes.subspan(static_cast<std::size_t>(first) * row, static_cast<std::size_t>(rows) * row);
  return part;
}

std::vector<Tensor> cut_apart(const Tensor& fused, const Fusion& fusion, std::int64_t layer,
                              const ModelConfig& config) {
  std::int64_t rows = 0;
  for (const std::string_view part : fusion.parts) rows += rows_of_part(config, part);
  if (fused.shape.size() != 2 || fused.shape[0] != rows) {
    throw_error(ErrorCode::corrupt, "the tensor '{}' has the shape {} where {} rows are needed", fused.name,
                to_string(fused.shape), rows);
  }
  std::vector<Tensor> parts;
  std::int64_t first = 0;
  for (const std::string_view part : fusion.parts) {
    const std::int64_t count = rows_of_part(config, part);
    parts.push_back(cut_rows(fused, first, count, block_name(layer, part)));
    first += count;
  }
  return parts;
}

// f32 where the parts have several types.
Tensor stack(std::vector<Tensor> parts, std::string name) {
  const bool one_type = std::all_of(parts.begin(), parts.end(),
                                    [&](const Tensor& part) { return part.dtype == parts[0].dtype; });
  auto bytes = std::make_shared<std::vector<std::byte>>();
  for (Tensor& part : parts) {
    if (!one_type) part = to_f32(part);
    bytes->insert(bytes->end(), part.bytes.begin(), part.bytes.end());
  }
  Tensor whole{std::move(name), parts[0].dtype, {0, parts[0].shape.at(1)}, *bytes, bytes};
  for (const Tensor& part : parts) whole.shape[0] += part.shape.at(0);
  return whole;
}

// Names in memory, in file order, with projections fused where the architecture's files have them so.
std::vector<Tensor> fused_tensors(const ModelConfig& config, const ModelWeights& weights) {
  std::vector<Tensor> tensors = weights.all();
  if (!is_fused(config)) return tensors;
  std::unordered_map<std::string, Tensor> by_name;
  for (const Tensor& tensor : tensors) by_name.emplace(tensor.name, tensor);
  std::vector<Tensor> result;
  for (const Tensor& tensor : tensors) {
    bool is_part = false;
    for (const Fusion& fusion : fusions()) {
      for (const std::string_view part : fusion.parts) {
        const std::string suffix = fmt::format(".{}.weight", part);
        if (!tensor.name.ends_with(suffix)) continue;
        is_part = true;
        if (part != fusion.parts.front()) continue;
        const std::string prefix = tensor.name.substr(0, tensor.name.size() - suffix.size());
        std::vector<Tensor> parts;
        for (const std::string_view each : fusion.parts)
          parts.push_back(by_name.at(fmt::format("{}.{}.weight", prefix, each)));
        result.push_back(stack(parts, fmt::format("{}.{}.weight", prefix, fusion.ours)));
      }
    }
    if (!is_part) result.push_back(tensor);
  }
  return result;
}

// gains of norms plus `shift`.
Tensor shifted(const Tensor& gains, float shift) {
  const Tensor decoded = to_f32(gains);
  OwnedTensor result = make_f32(gains.name, gains.shape);
  std::transform(decoded.f32().begin(), decoded.f32().end(), result.values.begin(),
                 [&](float gain) { return gain + shift; });
  return result.tensor;
}

bool is_gain(const Tensor& tensor) {
  return tensor.name.ends_with("norm.weight");
}

bool has_shifted_gains(const ModelConfig& config) {
  return find_architecture(config.architecture).huggingface_gains == Architecture::NormGains::plus_one;
}

}  // namespace

bool has_row_order(std::string_view name) {
  return name.starts_with("blk.") &&
         (name.find(".attn_q.") != std::string_view::npos || name.find(".attn_k.") != std::string_view::npos);
}

Tensor reorder_rows(const Tensor& rows, const ModelConfig& config, RopeLayout from, RopeLayout to) {
  if (from == to || rows.shape.empty() || rows.shape[0] == 0) return rows;
  const std::size_t row = rows.bytes.size() / static_cast<std::size_t>(rows.shape[0]);
  const std::int64_t half = config.rotary_dim.value_or(config.head_dim) / 2;
  auto bytes = std::make_shared<std::vector<std::byte>>(rows.bytes.begin(), rows.bytes.end());
  for (std::int64_t head = 0; head + config.head_dim <= rows.shape[0]; head += config.head_dim) {
    for (std::int64_t pair = 0; pair < half; ++pair) {
      for (const std::int64_t side : {0, 1}) {
        std::int64_t source = head + 2 * pair + side, target = head + side * half + pair;
        if (from == RopeLayout::split_halves) std::swap(source, target);
        std::memcpy(bytes->data() + static_cast<std::size_t>(target) * row,
                    rows.bytes.data() + static_cast<std::size_t>(source) * row, row);
      }
    }
  }
  Tensor result = rows;
  result.bytes = *bytes;
  result.owner = std::move(bytes);
  return result;
}

std::string huggingface_name(std::string_view name, const ModelConfig& config) {
  if (name == "token_embd.weight") return "model.embed_tokens.weight";
  if (name == "output_norm.weight") return "model.norm.weight";
  if (name == "output.weight") return "lm_head.weight";
  const std::size_t layer_end = name.find('.', 4), part_end = name.rfind('.');
  if (name.starts_with("blk.") && layer_end != std::string_view::npos && part_end > layer_end) {
    const std::string_view layer = name.substr(4, layer_end - 4);
    const std::string_view part = name.substr(layer_end + 1, part_end - layer_end - 1);
    const std::string_view kind = name.substr(part_end);
    if (part == "ffn_norm") {
      return fmt::format("model.layers.{}.{}{}", layer,
                         config.post_norms ? "pre_feedforward_layernorm" : "post_attention_layernorm", kind);
    }
    for (const BlockName& known : kBlockNames) {
      if (known.ours == part) return fmt::format("model.layers.{}.{}{}", layer, known.huggingface, kind);
    }
  }
  throw_error(ErrorCode::internal, "naming a tensor for Hugging Face: '{}' is not known", name);
}

std::vector<Tensor> from_gguf_tensors(const ModelConfig& config, const std::vector<Tensor>& stored) {
  const RopeLayout layout = find_architecture(config.architecture).gguf_rope_layout;
  std::unordered_map<std::string, std::pair<const Fusion*, std::int64_t>> fused;
  if (is_fused(config)) {
    for (std::int64_t layer = 0; layer < config.n_layers; ++layer) {
      for (const Fusion& fusion : fusions()) fused[block_name(layer, fusion.gguf)] = {&fusion, layer};
    }
  }
  std::vector<Tensor> tensors;
  for (const Tensor& tensor : stored) {
    if (is_computed(tensor.name)) continue;
    if (const auto found = fused.find(tensor.name); found != fused.end()) {
      for (Tensor& part : cut_apart(tensor, *found->second.first, found->second.second, config))
        tensors.push_back(std::move(part));
    } else {
      tensors.push_back(has_row_order(tensor.name) ? reorder_rows(tensor, config, layout, config.rope_layout)
                                                   : tensor);
    }
  }
  return tensors;
}

std::vector<Tensor> gguf_tensors(const ModelConfig& config, const ModelWeights& weights) {
  const RopeLayout layout = find_architecture(config.architecture).gguf_rope_layout;
  std::vector<Tensor> tensors;
  for (Tensor& tensor : fused_tensors(config, weights)) {
    if (has_row_order(tensor.name)) tensor = reorder_rows(tensor, config, config.rope_layout, layout);
    for (const Fusion& fusion : fusions()) {
      const std::string suffix = fmt::format(".{}.weight", fusion.ours);
      if (tensor.name.ends_with(suffix))
        tensor.name = fmt::format("{}.{}.weight", tensor.name.substr(0, tensor.name.size() - suffix.size()),
                                  fusion.gguf);
    }
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

std::vector<Tensor> from_huggingface_tensors(const ModelConfig& config, const std::vector<Tensor>& stored) {
  std::unordered_map<std::string_view, const Tensor*> by_name;
  for (const Tensor& tensor : stored) {
    if (!is_computed(tensor.name)) by_name.emplace(tensor.name, &tensor);
  }
  std::vector<Tensor> tensors;
  const auto take = [&](const std::string& name) -> const Tensor& {
    const std::string theirs = huggingface_name(name, config);
    const auto found = by_name.find(theirs);
    if (found == by_name.end()) throw_error(ErrorCode::corrupt, "the tensor '{}' is missing", theirs);
    const Tensor& tensor = *found->second;
    by_name.erase(found);
    return tensor;
  };
  if (is_fused(config)) {
    for (std::int64_t layer = 0; layer < config.n_layers; ++layer) {
      for (const Fusion& fusion : fusions()) {
        for (Tensor& part : cut_apart(take(block_name(layer, fusion.ours)), fusion, layer, config))
          tensors.push_back(std::move(part));
      }
    }
  }
  std::unordered_set<std::string> there;
  for (const Tensor& part : tensors) there.insert(part.name);
  ModelWeights names;
  names.layers.resize(static_cast<std::size_t>(config.n_layers));
  names.visit(config, [&](const std::string& name, const Shape&, Tensor&) {
    if (there.contains(name)) return;
    Tensor tensor = take(name);
    tensor.name = name;
    if (has_row_order(name))
      tensor = reorder_rows(tensor, config, RopeLayout::split_halves, config.rope_layout);
    if (is_gain(tensor) && has_shifted_gains(config)) tensor = shifted(tensor, 1);
    tensors.push_back(std::move(tensor));
  });
  // The head of a tied model is the embedding, which some files hold twice.
  if (config.tied_output) by_name.erase("lm_head.weight");
  for (const Tensor& tensor : stored) {
    if (by_name.contains(tensor.name)) {
      throw_error(ErrorCode::unsupported, "the tensor '{}' {} has no place in a {} model of this engine",
                  tensor.name, to_string(tensor.shape), config.architecture);
    }
  }
  return tensors;
}

std::vector<Tensor> huggingface_tensors(const ModelConfig& config, const ModelWeights& weights, DType dtype) {
  std::vector<Tensor> tensors;
  for (Tensor& tensor : fused_tensors(config, weights)) {
    if (has_row_order(tensor.name))
      tensor = reorder_rows(tensor, config, config.rope_layout, RopeLayout::split_halves);
    if (is_gain(tensor) && has_shifted_gains(config)) tensor = shifted(tensor, -1);
    const std::string name = huggingface_name(tensor.name, config);
    if (tensor.dtype != dtype) tensor = convert(to_f32(tensor), dtype);
    tensor.name = name;
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

}  // namespace fulcrum
