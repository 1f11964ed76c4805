#include "train/parameters.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/error.h"

namespace fulcrum {
namespace {

constexpr std::int64_t kAlignmentElements = 16;  // 64 bytes: one cache line, one AVX-512 register

// The order inside a layer: what shares an input adjoins.
struct LayerTensor {
  const char* name;
  Placement placement;
};
constexpr LayerTensor kLayerTensors[] = {
    {"attn_norm.weight", Placement::aligned},
    {"attn_q.weight", Placement::aligned},
    {"attn_k.weight", Placement::adjoining},
    {"attn_v.weight", Placement::adjoining},
    {"attn_q.bias", Placement::aligned},
    {"attn_k.bias", Placement::adjoining},
    {"attn_v.bias", Placement::adjoining},
    {"attn_q_norm.weight", Placement::aligned},
    {"attn_k_norm.weight", Placement::aligned},
    {"attn_output.weight", Placement::aligned},
    {"post_attention_norm.weight", Placement::aligned},
    {"post_ffw_norm.weight", Placement::aligned},
    {"ffn_norm.weight", Placement::aligned},
    {"ffn_gate.weight", Placement::aligned},
    {"ffn_up.weight", Placement::adjoining},
    {"ffn_down.weight", Placement::aligned},
};

ParameterKind kind_of(std::string_view name, const Shape& shape) {
  if (shape.size() < 2) return ParameterKind::vector;
  return name == "token_embd.weight" ? ParameterKind::embedding : ParameterKind::matrix;
}

Matrix matrix_at(ParameterArray& array, const ParameterSlot& slot, std::int64_t rows) {
  const std::int64_t columns = slot.shape.back();
  return {array.values().data() + slot.offset, rows, columns, columns};
}

}  // namespace

ParameterLayout ParameterLayout::of_model(const ModelConfig& config) {
  struct Named {
    std::string name;
    Shape shape;
  };
  std::vector<Named> named;
  ModelWeights weights;
  weights.layers.resize(static_cast<std::size_t>(config.n_layers));
  weights.visit(config, [&](const std::string& name, const Shape& shape, Tensor&) {
    named.push_back({name, shape});
  });

  ParameterLayout layout;
  std::size_t placed = 0;
  const auto place = [&](const std::string& name, Placement placement) {
    const auto found =
        std::find_if(named.begin(), named.end(), [&](const Named& n) { return n.name == name; });
    if (found == named.end()) return;
    layout.add(found->name, found->shape, kind_of(found->name, found->shape), placement);
    ++placed;
  };
  place("token_embd.weight", Placement::aligned);
  for (std::int64_t layer = 0; layer < config.n_layers; ++layer)
    for (const LayerTensor& tensor : kLayerTensors)
      place(fmt::format("blk.{}.{}", layer, tensor.name), tensor.placement);
  place("output_norm.weight", Placement::aligned);
  place("output.weight", Placement::aligned);
  if (placed != named.size())
    throw_error(ErrorCode::internal, "laying out the parameters of {}: {} of {} tensors have a place",
                config.name, placed, named.size());
  return layout;
}

void ParameterLayout::add(std::string name, Shape shape, ParameterKind kind, Placement placement) {
  if (placement == Placement::aligned)
    elements_ = (elements_ + kAlignmentElements - 1) / kAlignmentElements * kAlignmentElements;
  const std::int64_t elements = element_count(shape);
  slots_.push_back({std::move(name), std::move(shape), kind, elements_, elements});
  elements_ += elements;
}

const ParameterSlot* ParameterLayout::find(std::string_view name) const {
  const auto found = std::find_if(slots_.begin(), slots_.end(),
                                  [&](const ParameterSlot& slot) { return slot.name == name; });
  return found == slots_.end() ? nullptr : &*found;
}

const ParameterSlot& ParameterLayout::slot(std::string_view name) const {
  if (const ParameterSlot* found = find(name)) return *found;
  throw_error(ErrorCode::internal, "looking up a parameter: there is none named '{}'", name);
}

std::int64_t ParameterLayout::parameters() const {
  std::int64_t sum = 0;
  for (const ParameterSlot& slot : slots_) sum += slot.elements;
  return sum;
}

void ParameterArray::Free::operator()(float* data) const {
  ::operator delete[](data, std::align_val_t{64});
}

ParameterArray::ParameterArray(const ParameterLayout& layout) : elements_(layout.elements()) {
  data_.reset(new (std::align_val_t{64}) float[static_cast<std::size_t>(elements_)]);
  clear();
}

void ParameterArray::clear() {
  std::fill_n(data_.get(), elements_, 0.0F);
}

DecoderView view_decoder(const ModelConfig& config, const ParameterLayout& layout, ParameterArray& array) {
  const auto vector = [&](const std::string& name) -> std::span<float> {
    const ParameterSlot* slot = layout.find(name);
    return slot == nullptr ? std::span<float>() : array.of(*slot);
  };
  const auto matrix = [&](const std::string& name, std::int64_t rows) {
    return matrix_at(array, layout.slot(name), rows);
  };
  const std::int64_t qkv_rows = (config.n_heads + 2 * config.n_kv_heads) * config.head_dim;

  DecoderView view;
  view.token_embd = matrix("token_embd.weight", config.vocab_size);
  for (std::int64_t index = 0; index < config.n_layers; ++index) {
    const std::string prefix = fmt::format("blk.{}.", index);
    DecoderLayerView layer;
    layer.attn_norm = vector(prefix + "attn_norm.weight");
    layer.qkv = matrix(prefix + "attn_q.weight", qkv_rows);
    if (config.attention_bias) {
      const ParameterSlot& bias = layout.slot(prefix + "attn_q.bias");
      layer.qkv_bias = array.values().subspan(bias.offset, qkv_rows);
    }
    layer.q_norm = vector(prefix + "attn_q_norm.weight");
    layer.k_norm = vector(prefix + "attn_k_norm.weight");
    layer.attn_output = matrix(prefix + "attn_output.weight", config.d_model);
    layer.attn_post_norm = vector(prefix + "post_attention_norm.weight");
    layer.ffn_post_norm = vector(prefix + "post_ffw_norm.weight");
    layer.ffn_norm = vector(prefix + "ffn_norm.weight");
    layer.gate_up = matrix(prefix + "ffn_gate.weight", 2 * config.d_ff);
    layer.ffn_down = matrix(prefix + "ffn_down.weight", config.d_model);
    view.layers.push_back(layer);
  }
  view.output_norm = vector("output_norm.weight");
  view.output = config.tied_output ? view.token_embd : matrix("output.weight", config.vocab_size);
  return view;
}

void load_parameters(const ModelWeights& weights, const ParameterLayout& layout, ParameterArray& array) {
  for (const Tensor& tensor : weights.all()) {
    const ParameterSlot& slot = layout.slot(tensor.name);
    const Tensor decoded = to_f32(tensor);
    const std::span<const float> values = decoded.f32();
    if (static_cast<std::int64_t>(values.size()) != slot.elements)
      throw_error(ErrorCode::corrupt, "loading {}: {} elements expected, {} found", tensor.name,
                  slot.elements, values.size());
    std::copy(values.begin(), values.end(), array.of(slot).begin());
  }
}

ModelWeights save_parameters(const ModelConfig& config, const ParameterLayout& layout,
                             const ParameterArray& array, DType matrices) {
  ModelWeights weights;
  weights.layers.resize(static_cast<std::size_t>(config.n_layers));
  weights.visit(config, [&](const std::string& name, const Shape& shape, Tensor& tensor) {
    const ParameterSlot& slot = layout.slot(name);
    OwnedTensor copy = make_f32(name, shape);
    const std::span<const float> values = array.of(slot);
    std::copy(values.begin(), values.end(), copy.values.begin());
    tensor = slot.kind == ParameterKind::vector ? copy.tensor : convert(copy.tensor, matrices);
  });
  return weights;
}

}  // namespace fulcrum
