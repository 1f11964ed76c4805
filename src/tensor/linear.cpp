#include "tensor/linear.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "base/error.h"
#include "tensor/aligned_vector.h"
#include "tensor/parallel_rows.h"
#include "tensor/quantised_product.h"
#include "tensor/shape_check.h"
#include "tensor/stacked_rows.h"

#ifndef FULCRUM_TENSOR_LINEAR_CPP_ONCE_
#define FULCRUM_TENSOR_LINEAR_CPP_ONCE_

namespace fulcrum {

// Rows and panels of 32 outputs that one piece of work computes; its sums stand in a tile on the stack
// meanwhile.
inline constexpr std::int64_t kLinearRows = 64;
inline constexpr std::int64_t kLinearPanels = 4;

// Panel p holds outputs [32p, 32p+32), weights input by input: element (k, j) at (p*K + k)*32 + j. The last
// panel is filled up with zeros.
struct PackedLinear {
  std::int64_t inputs = 0, outputs = 0, panels = 0;
  DType dtype = DType::f32;
  UnfilledVector<std::byte> weights;
  AlignedVector<float> bias;  // [panels*32]
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

// Inputs of f32 weights that are multiplied at a time: a panel of 256 fills two thirds of a first-level
// cache.
constexpr std::int64_t kDirectInputs = 256;
// Inputs of other weights that are widened into a buffer at a time.
constexpr std::int64_t kWidenedInputs = 64;
// With fewer rows, widening in registers is cheaper than the way through the buffer, up to the more rows the
// more of them share a register tile (AVX-512: 10% faster at 32 rows, the same at 64). Either way gives the
// same f32.
constexpr std::int64_t kWidenedRows = panel_product_detail::kTileRows >= 8 ? 48 : 12;

constexpr std::int64_t kTileColumns = kLinearPanels * kPanelColumns;

// A piece of the product: rows of x from first_row on, panels from first_panel on, sums in a tile [rows,
// kTileColumns].
struct LinearPiece {
  ConstMatrix x;
  std::int64_t first_row, rows, first_panel, panels;
  float* sums;
};

template <typename Stored>
const Stored* stored_weights(const PackedLinear& layer, std::int64_t panel, std::int64_t input) {
  return reinterpret_cast<const Stored*>(layer.weights.data()) +
         (panel * layer.inputs + input) * kPanelColumns;
}

template <typename Stored>
PanelOperands<Stored> operands(const LinearPiece& piece, std::int64_t first, std::int64_t count) {
  PanelOperands<Stored> o;
  o.a = piece.x.row(piece.first_row) + first;
  o.a_row = piece.x.stride;
  o.c = piece.sums;
  o.c_row = kTileColumns;
  o.k = count;
  return o;
}

// Adds the products with weights read as they are stored.
template <typename Stored>
void add_direct(const PackedLinear& layer, const LinearPiece& piece) {
  for (std::int64_t first = 0; first < layer.inputs; first += kDirectInputs) {
    auto o = operands<Stored>(piece, first, std::min(kDirectInputs, layer.inputs - first));
    o.b = stored_weights<Stored>(layer, piece.first_panel, first);
    o.b_panel = layer.inputs * kPanelColumns;
    multiply_panels<SumFrom::held>(o, piece.rows, piece.panels);
  }
}

// Adds the products by way of a buffer of widened weights, which many rows then share.
template <typename Stored>
void add_widened(const PackedLinear& layer, const LinearPiece& piece) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  alignas(64) float widened[kWidenedInputs * kTileColumns];
  for (std::int64_t first = 0; first < layer.inputs; first += kWidenedInputs) {
    auto o = operands<float>(piece, first, std::min(kWidenedInputs, layer.inputs - first));
    o.b = widened;
    o.b_panel = kWidenedInputs * kPanelColumns;
    for (std::int64_t p = 0; p < piece.panels; ++p) {
      const Stored* from = stored_weights<Stored>(layer, piece.first_panel + p, first);
      float* to = widened + p * o.b_panel;
      for (std::int64_t i = 0; i < o.k * kPanelColumns; i += lanes) {
        hn::StoreU(panel_product_detail::widen(d, from + i), d, to + i);
      }
    }
    multiply_panels<SumFrom::held>(o, piece.rows, piece.panels);
  }
}

template <typename Stored>
void add_products(const PackedLinear& layer, const LinearPiece& piece) {
  if (std::is_same_v<Stored, float> || piece.rows < kWidenedRows) {
    add_direct<Stored>(layer, piece);
  } else {
    add_widened<Stored>(layer, piece);
  }
}

#if HWY_TARGET == HWY_SCALAR

std::int64_t pack_lines(const std::byte* const*, std::int64_t, std::byte*) {
  return 0;  // one value at a time is what the caller does with the rest
}

#else

// Turns 8 by 8 values: three times, the rows of the upper half are interleaved with those of the lower half.
void turn_square(const std::byte* const* rows, std::int64_t input, std::uint16_t* to) {
  const hn::FixedTag<std::uint16_t, 8> d;
  using Row = hn::Vec<decltype(d)>;
  const auto load = [&](int r) HWY_ATTR {
    return hn::LoadU(d, reinterpret_cast<const std::uint16_t*>(rows[r]) + input);
  };
  Row a0 = load(0), a1 = load(1), a2 = load(2), a3 = load(3), a4 = load(4), a5 = load(5), a6 = load(6),
      a7 = load(7);
  for (int round = 0; round < 3; ++round) {
    const Row b0 = hn::InterleaveLower(d, a0, a4), b1 = hn::InterleaveUpper(d, a0, a4);
    const Row b2 = hn::InterleaveLower(d, a1, a5), b3 = hn::InterleaveUpper(d, a1, a5);
    const Row b4 = hn::InterleaveLower(d, a2, a6), b5 = hn::InterleaveUpper(d, a2, a6);
    const Row b6 = hn::InterleaveLower(d, a3, a7), b7 = hn::InterleaveUpper(d, a3, a7);
    a0 = b0, a1 = b1, a2 = b2, a3 = b3, a4 = b4, a5 = b5, a6 = b6, a7 = b7;
  }
  hn::StoreU(a0, d, to);
  hn::StoreU(a1, d, to + kPanelColumns);
  hn::StoreU(a2, d, to + 2 * kPanelColumns);
  hn::StoreU(a3, d, to + 3 * kPanelColumns);
  hn::StoreU(a4, d, to + 4 * kPanelColumns);
  hn::StoreU(a5, d, to + 5 * kPanelColumns);
  hn::StoreU(a6, d, to + 6 * kPanelColumns);
  hn::StoreU(a7, d, to + 7 * kPanelColumns);
}

// A panel of 16-bit weights from its 32 rows, as many of the inputs as make whole cache lines of a row;
// returns how many. A line is used up before the next: rows are often a power of two apart and push each
// other out of the cache.
std::int64_t pack_lines(const std::byte* const* rows, std::int64_t inputs, std::byte* packed) {
  constexpr std::int64_t kSquare = 8, kLine = 32;
  auto* to = reinterpret_cast<std::uint16_t*>(packed);
  const std::int64_t whole = inputs / kLine * kLine;
  for (std::int64_t line = 0; line < whole; line += kLine) {
    for (std::int64_t row = 0; row < kPanelColumns; row += kSquare) {
      for (std::int64_t k = line; k < line + kLine; k += kSquare)
        turn_square(rows + row, k, to + k * kPanelColumns + row);
    }
  }
  return whole;
}

#endif

// y[rows, 32*panels of layer from first_panel] for at most kLinearRows rows and kLinearPanels panels.
void apply_linear(const PackedLinear& layer, ConstMatrix x, std::int64_t first_row, std::int64_t rows,
                  std::int64_t first_panel, std::int64_t panels, Matrix y) {
  alignas(64) float sums[kLinearRows * kTileColumns];
  const float* bias = layer.bias.data() + first_panel * kPanelColumns;
  for (std::int64_t r = 0; r < rows; ++r) std::copy_n(bias, panels * kPanelColumns, sums + r * kTileColumns);
  const LinearPiece piece{x, first_row, rows, first_panel, panels, sums};
  switch (layer.dtype) {
    case DType::f16:
      add_products<hwy::float16_t>(layer, piece);
      break;
    case DType::bf16:
      add_products<hwy::bfloat16_t>(layer, piece);
      break;
    default:
      add_products<float>(layer, piece);
      break;
  }

  const std::int64_t column = first_panel * kPanelColumns;
  const std::int64_t columns = std::min(panels * kPanelColumns, layer.outputs - column);
  for (std::int64_t r = 0; r < rows; ++r) {
    std::copy_n(sums + r * kTileColumns, columns, y.row(first_row + r) + column);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace fulcrum
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace fulcrum {
namespace {

HWY_EXPORT(apply_linear);
HWY_EXPORT(pack_lines);

constexpr std::int64_t kPanel = 32;

// Element by element in the order of the panels: 32 rows are read side by side and what is written is written
// once. Files give no promise of alignment, so values are copied as bytes.
template <typename T>
void pack_panel(const StackedRows& from, std::int64_t panel, PackedLinear& layer) {
  constexpr std::size_t kSize = sizeof(T);
  const auto rows = from.addresses<kPanel>(panel * kPanel);
  const std::int64_t outputs = std::min(kPanel, layer.outputs - panel * kPanel);
  std::byte* packed = layer.weights.data() + panel * kPanel * from.row_bytes();
  std::int64_t k = 0;
  if (kSize == sizeof(std::uint16_t) && outputs == kPanel)
    k = HWY_DYNAMIC_DISPATCH(pack_lines)(rows.data(), layer.inputs, packed);
  for (; k < layer.inputs; ++k) {
    std::byte* to = packed + k * kPanel * static_cast<std::int64_t>(kSize);
    for (std::int64_t j = 0; j < outputs; ++j, to += kSize)
      std::memcpy(to, rows[static_cast<std::size_t>(j)] + k * static_cast<std::int64_t>(kSize), kSize);
    std::memset(to, 0, static_cast<std::size_t>(kPanel - outputs) * kSize);
  }
}

template <typename T>
void pack_values(const StackedRows& from, PackedLinear& layer) {
  layer.weights.resize(
      static_cast<std::size_t>(element_count({layer.panels, kPanel, layer.inputs, sizeof(T)})));
  parallel_row_blocks(layer.panels, 1, from.row_bytes() * kPanel, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t panel = first; panel < last; ++panel) pack_panel<T>(from, panel, layer);
  });
}

// Returns how many outputs it has.
std::int64_t check_weight(const Tensor& weight, const Tensor& first) {
  if (weight.shape.size() != 2) {
    throw_error(ErrorCode::corrupt, "packing weight {}: expected two extents [outputs, inputs], found {}",
                weight.name, to_string(weight.shape));
  }
  const DType dtype = weight.dtype;
  if (dtype != DType::f32 && dtype != DType::f16 && dtype != DType::bf16 && !is_quantised(dtype)) {
    throw_error(ErrorCode::unsupported,
                "packing weight {}: a linear layer holds f32, f16, bf16 or a quantised type, not {}",
                weight.name, to_string(dtype));
  }
  if (dtype != first.dtype || weight.shape[1] != first.shape.at(1)) {
    throw_error(ErrorCode::internal, "packing weight {}: it has another type or width than {} beside it",
                weight.name, first.name);
  }
  element_count(weight.shape);
  const std::int64_t expected = row_bytes(dtype, weight.shape[1]) * weight.shape[0];
  if (static_cast<std::int64_t>(weight.bytes.size()) != expected) {
    throw_error(ErrorCode::corrupt, "packing weight {} {}: expected {} bytes of {}, found {}", weight.name,
                to_string(weight.shape), expected, to_string(dtype), weight.bytes.size());
  }
  return weight.shape[0];
}

}  // namespace

struct Linear::State : PackedLinear {
  QuantisedPanels quantised;  // in place of `weights` where the dtype is quantised
};

Linear Linear::pack(const Tensor& weight, const Tensor* bias) {
  return pack({&weight, 1}, bias);
}

Linear Linear::pack(std::span<const Tensor> parts, const Tensor* bias) {
  if (parts.empty()) throw_error(ErrorCode::internal, "packing a linear layer: there are no weights");
  const Tensor& weight = parts[0];
  auto state = std::make_shared<State>();
  for (const Tensor& part : parts) state->outputs += check_weight(part, weight);
  state->inputs = weight.shape[1];
  state->panels = (state->outputs + kPanel - 1) / kPanel;
  state->dtype = weight.dtype;
  const StackedRows rows(parts);
  if (is_quantised(weight.dtype)) {
    state->quantised = pack_quantised_panels(parts);
  } else if (weight.dtype == DType::f32) {
    pack_values<float>(rows, *state);
  } else {
    pack_values<std::uint16_t>(rows, *state);
  }
  state->bias.assign(static_cast<std::size_t>(state->panels * kPanel), 0.0f);
  if (bias != nullptr) {
    const auto values = bias->f32();
    if (static_cast<std::int64_t>(values.size()) != state->outputs) {
      throw_error(ErrorCode::corrupt,
                  "packing bias {}: expected {} values as weight {} has outputs, found {}", bias->name,
                  state->outputs, weight.name, values.size());
    }
    std::copy(values.begin(), values.end(), state->bias.begin());
  }
  Linear linear;
  linear.state_ = std::move(state);
  return linear;
}

std::int64_t Linear::inputs() const {
  return state_ ? state_->inputs : 0;
}
std::int64_t Linear::outputs() const {
  return state_ ? state_->outputs : 0;
}

void Linear::apply(ConstMatrix x, Matrix y) const {
  if (!state_) throw_error(ErrorCode::internal, "linear layer: applied before it was packed");
  const PackedLinear& layer = *state_;
  check_shape("linear layer", "x", x, x.rows, layer.inputs);
  check_shape("linear layer", "y", y, x.rows, layer.outputs);
  if (is_quantised(layer.dtype)) {
    multiply_quantised(x, state_->quantised, layer.bias, y);
    return;
  }
  const std::int64_t row_blocks = (x.rows + kLinearRows - 1) / kLinearRows;
  const std::int64_t column_blocks = (layer.panels + kLinearPanels - 1) / kLinearPanels;
  const std::int64_t pieces = row_blocks * column_blocks;
  auto* kernel = &HWY_DYNAMIC_DISPATCH(apply_linear);
#pragma omp parallel for schedule(static) if (pieces > 1 && \
                                              x.rows * layer.inputs * layer.outputs >= kParallelWork)
  for (std::int64_t piece = 0; piece < pieces; ++piece) {
    // Neighbouring pieces share a row block, so a thread keeps its rows of x in cache.
    const std::int64_t row = piece / column_blocks * kLinearRows;
    const std::int64_t panel = piece % column_blocks * kLinearPanels;
    kernel(layer, x, row, std::min(kLinearRows, x.rows - row), panel,
           std::min(kLinearPanels, layer.panels - panel), y);
  }
}

}  // namespace fulcrum

#endif  // HWY_ONCE
