#include "tensor/swiglu.h"

#include "tensor/parallel_rows.h"
#include "tensor/shape_check.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/swiglu.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "tensor/exponential-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fulcrum {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

template <class D>
HWY_INLINE hn::Vec<D> sigmoid(D d, hn::Vec<D> x) {
  const auto one = hn::Set(d, 1.0f);
  return hn::Div(one, hn::Add(one, exponential(d, hn::Neg(x))));
}

template <class V>
struct ValueAndSlope {
  V value, slope;
};

struct Silu {
  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE V value(D d, V g) {
    return hn::Mul(g, sigmoid(d, g));
  }
  // silu'(g) = s + g s (1 - s) = s + silu (1 - s)
  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE ValueAndSlope<V> with_slope(D d, V g) {
    const V s = sigmoid(d, g), silu = hn::Mul(g, s);
    return {silu, hn::MulAdd(silu, hn::Sub(hn::Set(d, 1.0f), s), s)};
  }
};

// 0.5 g (1 + tanh u) = g sigmoid(2u) with 2u = a g + b g^3.
struct Gelu {
  static constexpr float kA = 1.5957691216057308f;  // 2 sqrt(2/pi)
  static constexpr float kB = kA * 0.044715f;
  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE V twice_u(D d, V g) {
    return hn::Mul(g, hn::MulAdd(hn::Mul(g, g), hn::Set(d, kB), hn::Set(d, kA)));
  }
  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE V value(D d, V g) {
    return hn::Mul(g, sigmoid(d, twice_u(d, g)));
  }
  // gelu'(g) = s + gelu (1 - s) (2u)'
  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE ValueAndSlope<V> with_slope(D d, V g) {
    const V s = sigmoid(d, twice_u(d, g)), gelu = hn::Mul(g, s);
    const V inner = hn::MulAdd(hn::Mul(g, g), hn::Set(d, 3 * kB), hn::Set(d, kA));
    return {gelu, hn::MulAdd(hn::Mul(gelu, inner), hn::Sub(hn::Set(d, 1.0f), s), s)};
  }
};

template <class Unit, class D>
HWY_INLINE void gate_lanes(D d, const float* gate, const float* up, float* y) {
  hn::StoreU(hn::Mul(Unit::value(d, hn::LoadU(d, gate)), hn::LoadU(d, up)), d, y);
}

template <class Unit>
void gate_row(const float* gate, const float* up, std::int64_t n, float* y) {
  const hn::ScalableTag<float> d;
  const hn::CappedTag<float, 1> single;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) gate_lanes<Unit>(d, gate + i, up + i, y + i);
  for (; i < n; ++i) gate_lanes<Unit>(single, gate + i, up + i, y + i);
}

template <class Unit, class D>
HWY_INLINE void backward_lanes(D d, const float* dy, const float* gate, const float* up, float* d_gate,
                               float* d_up) {
  const auto grad = hn::LoadU(d, dy);
  const auto u = hn::LoadU(d, up);
  const auto f = Unit::with_slope(d, hn::LoadU(d, gate));
  hn::StoreU(hn::Mul(hn::Mul(grad, u), f.slope), d, d_gate);
  hn::StoreU(hn::Mul(grad, f.value), d, d_up);
}

template <class Unit>
void gate_backward_row(const float* dy, const float* gate, const float* up, std::int64_t n, float* d_gate,
                       float* d_up) {
  const hn::ScalableTag<float> d;
  const hn::CappedTag<float, 1> single;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) backward_lanes<Unit>(d, dy + i, gate + i, up + i, d_gate + i, d_up + i);
  for (; i < n; ++i) backward_lanes<Unit>(single, dy + i, gate + i, up + i, d_gate + i, d_up + i);
}

void swiglu_row(const float* gate, const float* up, std::int64_t n, float* y) {
  gate_row<Silu>(gate, up, n, y);
}
void geglu_row(const float* gate, const float* up, std::int64_t n, float* y) {
  gate_row<Gelu>(gate, up, n, y);
}
void swiglu_backward_row(const float* dy, const float* gate, const float* up, std::int64_t n, float* d_gate,
                         float* d_up) {
  gate_backward_row<Silu>(dy, gate, up, n, d_gate, d_up);
}
void geglu_backward_row(const float* dy, const float* gate, const float* up, std::int64_t n, float* d_gate,
                        float* d_up) {
  gate_backward_row<Gelu>(dy, gate, up, n, d_gate, d_up);
}

}  // namespace HWY_NAMESPACE
}  // namespace fulcrum
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace fulcrum {
namespace {

HWY_EXPORT(swiglu_row);
HWY_EXPORT(geglu_row);
HWY_EXPORT(swiglu_backward_row);
HWY_EXPORT(geglu_backward_row);

// An exponential costs about as much as so many multiply-adds.
constexpr std::int64_t kExpWork = 16;

using GateRow = void (*)(const float* gate, const float* up, std::int64_t n, float* y);
using GateBackwardRow = void (*)(const float* dy, const float* gate, const float* up, std::int64_t n,
                                 float* d_gate, float* d_up);

void gate_rows(std::string_view operation, GateRow row, ConstMatrix gate, ConstMatrix up, Matrix y) {
  check_shape(operation, "up", up, gate.rows, gate.columns);
  check_shape(operation, "y", y, gate.rows, gate.columns);
  parallel_row_blocks(y.rows, kRowBlock, y.columns * kExpWork, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t t = first; t < last; ++t) row(gate.row(t), up.row(t), y.columns, y.row(t));
  });
}

void gate_backward_rows(std::string_view operation, GateBackwardRow row, ConstMatrix dy, ConstMatrix gate,
                        ConstMatrix up, Matrix d_gate, Matrix d_up) {
  check_shape(operation, "gate", gate, dy.rows, dy.columns);
  check_shape(operation, "up", up, dy.rows, dy.columns);
  check_shape(operation, "d_gate", d_gate, dy.rows, dy.columns);
  check_shape(operation, "d_up", d_up, dy.rows, dy.columns);
  parallel_row_blocks(dy.rows, kRowBlock, dy.columns * kExpWork, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t t = first; t < last; ++t) {
      row(dy.row(t), gate.row(t), up.row(t), dy.columns, d_gate.row(t), d_up.row(t));
    }
  });
}

}  // namespace

void swiglu(ConstMatrix gate, ConstMatrix up, Matrix y) {
  gate_rows("swiglu", &HWY_DYNAMIC_DISPATCH(swiglu_row), gate, up, y);
}

void geglu(ConstMatrix gate, ConstMatrix up, Matrix y) {
  gate_rows("geglu", &HWY_DYNAMIC_DISPATCH(geglu_row), gate, up, y);
}

void swiglu_backward(ConstMatrix dy, ConstMatrix gate, ConstMatrix up, Matrix d_gate, Matrix d_up) {
  gate_backward_rows("swiglu_backward", &HWY_DYNAMIC_DISPATCH(swiglu_backward_row), dy, gate, up, d_gate,
                     d_up);
}

void geglu_backward(ConstMatrix dy, ConstMatrix gate, ConstMatrix up, Matrix d_gate, Matrix d_up) {
  gate_backward_rows("geglu_backward", &HWY_DYNAMIC_DISPATCH(geglu_backward_row), dy, gate, up, d_gate, d_up);
}

}  // namespace fulcrum

#endif  // HWY_ONCE
