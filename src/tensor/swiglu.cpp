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

template <class D>
HWY_INLINE void swiglu_lanes(D d, const float* gate, const float* up, float* y) {
  const auto g = hn::LoadU(d, gate);
  hn::StoreU(hn::Mul(hn::Mul(g, sigmoid(d, g)), hn::LoadU(d, up)), d, y);
}

void swiglu_row(const float* gate, const float* up, std::int64_t n, float* y) {
  const hn::ScalableTag<float> d;
  const hn::CappedTag<float, 1> single;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) swiglu_lanes(d, gate + i, up + i, y + i);
  for (; i < n; ++i) swiglu_lanes(single, gate + i, up + i, y + i);
}

template <class D>
HWY_INLINE void backward_lanes(D d, const float* dy, const float* gate, const float* up, float* d_gate,
                               float* d_up) {
  const auto grad = hn::LoadU(d, dy);
  const auto g = hn::LoadU(d, gate);
  const auto u = hn::LoadU(d, up);
  const auto s = sigmoid(d, g);
  const auto silu = hn::Mul(g, s);
  // silu'(g) = s + g s (1 - s) = s + silu (1 - s)
  const auto slope = hn::MulAdd(silu, hn::Sub(hn::Set(d, 1.0f), s), s);
  hn::StoreU(hn::Mul(hn::Mul(grad, u), slope), d, d_gate);
  hn::StoreU(hn::Mul(grad, silu), d, d_up);
}

void swiglu_backward_row(const float* dy, const float* gate, const float* up, std::int64_t n, float* d_gate,
                         float* d_up) {
  const hn::ScalableTag<float> d;
  const hn::CappedTag<float, 1> single;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) backward_lanes(d, dy + i, gate + i, up + i, d_gate + i, d_up + i);
  for (; i < n; ++i) backward_lanes(single, dy + i, gate + i, up + i, d_gate + i, d_up + i);
}

}  // namespace HWY_NAMESPACE
}  // namespace fulcrum
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace fulcrum {
namespace {

HWY_EXPORT(swiglu_row);
HWY_EXPORT(swiglu_backward_row);

// An exponential costs about as much as so many multiply-adds.
constexpr std::int64_t kExpWork = 16;

}  // namespace

void swiglu(ConstMatrix gate, ConstMatrix up, Matrix y) {
  check_shape("swiglu", "up", up, gate.rows, gate.columns);
  check_shape("swiglu", "y", y, gate.rows, gate.columns);
  auto* row = &HWY_DYNAMIC_DISPATCH(swiglu_row);
  parallel_row_blocks(y.rows, kRowBlock, y.columns * kExpWork, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t t = first; t < last; ++t) row(gate.row(t), up.row(t), y.columns, y.row(t));
  });
}

void swiglu_backward(ConstMatrix dy, ConstMatrix gate, ConstMatrix up, Matrix d_gate, Matrix d_up) {
  check_shape("swiglu_backward", "gate", gate, dy.rows, dy.columns);
  check_shape("swiglu_backward", "up", up, dy.rows, dy.columns);
  check_shape("swiglu_backward", "d_gate", d_gate, dy.rows, dy.columns);
  check_shape("swiglu_backward", "d_up", d_up, dy.rows, dy.columns);
  auto* row = &HWY_DYNAMIC_DISPATCH(swiglu_backward_row);
  parallel_row_blocks(dy.rows, kRowBlock, dy.columns * kExpWork, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t t = first; t < last; ++t) {
      row(dy.row(t), gate.row(t), up.row(t), dy.columns, d_gate.row(t), d_up.row(t));
    }
  });
}

}  // namespace fulcrum

#endif  // HWY_ONCE
