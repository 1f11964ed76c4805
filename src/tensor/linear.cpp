#include "tensor/linear.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "tensor/aligned_vector.h"
#include "tensor/parallel_rows.h"
#include "tensor/shape_check.h"

#ifndef FULCRUM_TENSOR_LINEAR_CPP_ONCE_
#define FULCRUM_TENSOR_LINEAR_CPP_ONCE_

namespace fulcrum {

// Rows and panels of 32 outputs that one piece of work computes; its sums stand in a tile on the stack meanwhile.
inline constexpr std::int64_t kLinearRows = 64;
inline constexpr std::int64_t kLinearPanels = 4;

// Panel p holds outputs [32p, 32p+32), weights input by input: element (k, j) at (p*K + k)*32 + j. The last panel is
// filled up with zeros.
struct PackedLinear {
  std::int64_t inputs = 0, outputs = 0, panels = 0;
  DType dtype = DType::f32;
  AlignedVector<std::byte> weights;  // q8_0: the int8 values alone
  AlignedVector<float> scales;       // q8_0: [panels, K/32, 32]
  AlignedVector<float> bias;         // [panels*32]
};

}  // namespace fulcrum

#endif  // FULCRUM_TENSOR_LINEAR_CPP_ONCE_

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/linear.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "tensor/panel_product-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fulcrum {
namespace HWY_NAMESPACE {

// Inputs that are widened or multiplied at a time: f32 panels of 256 inputs fill half of a first-level cache, and so do
// four widened ones of 64.
constexpr std::int64_t kF32Inputs = 256;
constexpr std::int64_t kWidenedInputs = 64;

// Widens inputs [first, first + count) of panel p to f32 [count, 32].
void widen_panel(const PackedLinear& layer, std::int64_t panel, std::int64_t first, std::int64_t count, float* to) {
  const hn::ScalableTag<float> d;
  const hn::RebindToSigned<decltype(d)> di;
  const hn::RebindToUnsigned<decltype(d)> du;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const std::int64_t element = (panel * layer.inputs + first) * kPanelColumns;
  const std::int64_t values = count * kPanelColumns;
  if (layer.dtype == DType::bf16) {
    const hn::Rebind<std::uint16_t, decltype(d)> half;
    auto* from = reinterpret_cast<const std::uint16_t*>(layer.weights.data()) + element;
    for (std::int64_t i = 0; i < values; i += lanes) {
      const auto bits = hn::PromoteTo(du, hn::LoadU(half, from + i));
      hn::StoreU(hn::BitCast(d, hn::ShiftLeft<16>(bits)), d, to + i);
    }
  } else if (layer.dtype == DType::f16) {
    const hn::Rebind<hwy::float16_t, decltype(d)> half;
    auto* from = reinterpret_cast<const hwy::float16_t*>(layer.weights.data()) + element;
    for (std::int64_t i = 0; i < values; i += lanes) {
      hn::StoreU(hn::PromoteTo(d, hn::LoadU(half, from + i)), d, to + i);
    }
  } else {
    const hn::Rebind<std::int8_t, decltype(d)> quarter;
    auto* from = reinterpret_cast<const std::int8_t*>(layer.weights.data()) + element;
    const std::int64_t blocks = layer.inputs / 32;
    for (std::int64_t k = 0; k < count; ++k) {
      const float* scales = layer.scales.data() + (panel * blocks + (first + k) / 32) * kPanelColumns;
      for (std::int64_t j = 0; j < kPanelColumns; j += lanes) {
        const std::int64_t i = k * kPanelColumns + j;
        const auto whole = hn::ConvertTo(d, hn::PromoteTo(di, hn::LoadU(quarter, from + i)));
        hn::StoreU(hn::Mul(hn::LoadU(d, scales + j), whole), d, to + i);
      }
    }
  }
}

// y[rows, 32*panels of layer from first_panel] for at most kLinearRows rows and kLinearPanels panels.
void apply_linear(const PackedLinear& layer, ConstMatrix x, std::int64_t first_row, std::int64_t rows,
                  std::int64_t first_panel, std::int64_t panels, Matrix y) {
  constexpr std::int64_t kColumns = kLinearPanels * kPanelColumns;
  alignas(64) float sums[kLinearRows * kColumns];
  alignas(64) float widened[kWidenedInputs * kColumns];
  const float* bias = layer.bias.data() + first_panel * kPanelColumns;
  for (std::int64_t r = 0; r < rows; ++r) std::copy_n(bias, panels * kPanelColumns, sums + r * kColumns);

  const bool direct = layer.dtype == DType::f32;
  const std::int64_t step = direct ? kF32Inputs : kWidenedInputs;
  for (std::int64_t first = 0; first < layer.inputs; first += step) {
    PanelOperands o;
    o.k = std::min(step, layer.inputs - first);
    o.a = x.row(first_row) + first;
    o.a_row = x.stride;
    o.c = sums;
    o.c_row = kColumns;
    if (direct) {
      o.b = reinterpret_cast<const float*>(layer.weights.data()) +
            (first_panel * layer.inputs + first) * kPanelColumns;
      o.b_panel = layer.inputs * kPanelColumns;
    } else {
      for (std::int64_t p = 0; p < panels; ++p) {
        widen_panel(layer, first_panel + p, first, o.k, widened + p * kWidenedInputs * kPanelColumns);
      }
      o.b = widened;
      o.b_panel = kWidenedInputs * kPanelColumns;
    }
    multiply_panels<SumFrom::held>(o, rows, panels);
  }

  const std::int64_t column = first_panel * kPanelColumns;
  const std::int64_t columns = std::min(panels * kPanelColumns, layer.outputs - column);
  for (std::int64_t r = 0; r < rows; ++r) {
    std::copy_n(sums + r * kColumns, columns, y.row(first_row + r) + column);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace fulcrum
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace fulcrum {
namespace {

HWY_EXPORT(apply_linear);

constexpr std::int64_t kPanel = 32;

template <typename T>
void pack_values(const std::byte* from, const PackedLinear& layer, std::byte* to) {
  for (std::int64_t n = 0; n < layer.outputs; ++n) {
    std::byte* panel = to + (n / kPanel * layer.inputs * kPanel + n % kPanel) * static_cast<std::int64_t>(sizeof(T));
    for (std::int64_t k = 0; k < layer.inputs; ++k) {
      std::memcpy(panel + k * kPanel * static_cast<std::int64_t>(sizeof(T)),
                  from + (n * layer.inputs + k) * static_cast<std::int64_t>(sizeof(T)), sizeof(T));
    }
  }
}

void pack_q8_0(const std::byte* from, PackedLinear& layer) {
  const std::int64_t blocks = layer.inputs / 32, block_size = block_bytes(DType::q8_0);
  layer.scales.assign(static_cast<std::size_t>(layer.panels * blocks * kPanel), 0.0f);
  for (std::int64_t n = 0; n < layer.outputs; ++n) {
    const std::int64_t panel = n / kPanel, j = n % kPanel;
    for (std::int64_t b = 0; b < blocks; ++b) {
      const std::byte* block = from + (n * blocks + b) * block_size;
      std::uint16_t scale = 0;
      std::memcpy(&scale, block, sizeof(scale));
      layer.scales[static_cast<std::size_t>((panel * blocks + b) * kPanel + j)] = f16_to_f32(scale);
      for (std::int64_t i = 0; i < 32; ++i) {
        layer.weights[static_cast<std::size_t>((panel * layer.inputs + b * 32 + i) * kPanel + j)] = block[2 + i];
      }
    }
  }
}

}  // namespace

struct Linear::State : PackedLinear {};

Linear Linear::pack(const Tensor& weight, const Tensor* bias) {
  if (weight.shape.size() != 2) {
    throw_error(ErrorCode::corrupt, "packing weight {}: expected two extents [outputs, inputs], found {}", weight.name,
                to_string(weight.shape));
  }
  auto state = std::make_shared<State>();
  state->outputs = weight.shape[0];
  state->inputs = weight.shape[1];
  state->panels = (state->outputs + kPanel - 1) / kPanel;
  state->dtype = weight.dtype;
  element_count(weight.shape);
  const std::int64_t expected = row_bytes(weight.dtype, state->inputs) * state->outputs;
  if (static_cast<std::int64_t>(weight.bytes.size()) != expected) {
    throw_error(ErrorCode::corrupt, "packing weight {} {}: expected {} bytes of {}, found {}", weight.name,
                to_string(weight.shape), expected, to_string(weight.dtype), weight.bytes.size());
  }
  const std::int64_t slots = element_count({state->panels, state->inputs, kPanel});
  const std::int64_t slot_bytes = weight.dtype == DType::q8_0 ? 1 : block_bytes(weight.dtype);
  state->weights.assign(static_cast<std::size_t>(slots * slot_bytes), std::byte{0});
  switch (weight.dtype) {
    case DType::f32: pack_values<float>(weight.bytes.data(), *state, state->weights.data()); break;
    case DType::f16:
    case DType::bf16: pack_values<std::uint16_t>(weight.bytes.data(), *state, state->weights.data()); break;
    case DType::q8_0: pack_q8_0(weight.bytes.data(), *state); break;
    default:
      throw_error(ErrorCode::unsupported, "packing weight {}: a linear layer holds f32, f16, bf16 or q8_0, not {}",
                  weight.name, to_string(weight.dtype));
  }
  state->bias.assign(static_cast<std::size_t>(state->panels * kPanel), 0.0f);
  if (bias != nullptr) {
    const auto values = bias->f32();
    if (static_cast<std::int64_t>(values.size()) != state->outputs) {
      throw_error(ErrorCode::corrupt, "packing bias {}: expected {} values as weight {} has outputs, found {}",
                  bias->name, state->outputs, weight.name, values.size());
    }
    std::copy(values.begin(), values.end(), state->bias.begin());
  }
  Linear linear;
  linear.state_ = std::move(state);
  return linear;
}

std::int64_t Linear::inputs() const { return state_ ? state_->inputs : 0; }
std::int64_t Linear::outputs() const { return state_ ? state_->outputs : 0; }

void Linear::apply(ConstMatrix x, Matrix y) const {
  if (!state_) throw_error(ErrorCode::internal, "linear layer: applied before it was packed");
  const PackedLinear& layer = *state_;
  check_shape("linear layer", "x", x, x.rows, layer.inputs);
  check_shape("linear layer", "y", y, x.rows, layer.outputs);
  const std::int64_t row_blocks = (x.rows + kLinearRows - 1) / kLinearRows;
  const std::int64_t column_blocks = (layer.panels + kLinearPanels - 1) / kLinearPanels;
  const std::int64_t pieces = row_blocks * column_blocks;
  auto* kernel = &HWY_DYNAMIC_DISPATCH(apply_linear);
#pragma omp parallel for schedule(static) if (pieces > 1 && x.rows * layer.inputs * layer.outputs >= kParallelWork)
  for (std::int64_t piece = 0; piece < pieces; ++piece) {
    // Neighbouring pieces share a row block, so a thread keeps its rows of x in cache.
    const std::int64_t row = piece / column_blocks * kLinearRows;
    const std::int64_t panel = piece % column_blocks * kLinearPanels;
    kernel(layer, x, row, std::min(kLinearRows, x.rows - row), panel, std::min(kLinearPanels, layer.panels - panel),
           y);
  }
}

}  // namespace fulcrum

#endif  // HWY_ONCE
