#include "tensor/normalisation.h"

#include <cmath>
#include <vector>

#include "tensor/parallel_rows.h"
#include "tensor/shape_check.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/normalisation.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace fulcrum {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// 1 / sqrt(mean(x^2) + epsilon)
float inverse_rms(const float* x, std::int64_t n, float epsilon) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  auto sums = hn::Zero(d);
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto v = hn::LoadU(d, x + i);
    sums = hn::MulAdd(v, v, sums);
  }
  float sum = hn::GetLane(hn::SumOfLanes(d, sums));
  for (; i < n; ++i) sum += x[i] * x[i];
  return 1.0f / std::sqrt(sum / static_cast<float>(n) + epsilon);
}

void rms_norm_row(const float* x, const float* weight, float epsilon, std::int64_t n, float* y) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const float inverse = inverse_rms(x, n, epsilon);
  const auto factor = hn::Set(d, inverse);
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    hn::StoreU(hn::Mul(hn::Mul(hn::LoadU(d, x + i), factor), hn::LoadU(d, weight + i)), d, y + i);
  }
  for (; i < n; ++i) y[i] = x[i] * inverse * weight[i];
}

// With r = 1/rms and g = dy * weight: dx = r * g - x * r^3 * mean(g x), d_weight = dy * x * r.
void rms_norm_backward_row(const float* dy, const float* x, const float* weight, float epsilon,
                           std::int64_t n, float* dx, float* d_weight) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const float inverse = inverse_rms(x, n, epsilon);
  auto dots = hn::Zero(d);
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto g = hn::Mul(hn::LoadU(d, dy + i), hn::LoadU(d, weight + i));
    dots = hn::MulAdd(g, hn::LoadU(d, x + i), dots);
  }
  float dot = hn::GetLane(hn::SumOfLanes(d, dots));
  for (; i < n; ++i) dot += dy[i] * weight[i] * x[i];
  const float pull = inverse * inverse * inverse * dot / static_cast<float>(n);

  const auto inverse_v = hn::Set(d, inverse);
  const auto pull_v = hn::Set(d, pull);
  for (i = 0; i + lanes <= n; i += lanes) {
    const auto grad = hn::LoadU(d, dy + i);
    const auto v = hn::LoadU(d, x + i);
    const auto g = hn::Mul(grad, hn::LoadU(d, weight + i));
    hn::StoreU(hn::MulAdd(hn::Mul(grad, v), inverse_v, hn::LoadU(d, d_weight + i)), d, d_weight + i);
    hn::StoreU(hn::NegMulAdd(v, pull_v, hn::Mul(g, inverse_v)), d, dx + i);
  }
  for (; i < n; ++i) {
    const float grad = dy[i], v = x[i];
    d_weight[i] += grad * v * inverse;
    dx[i] = grad * weight[i] * inverse - v * pull;
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace fulcrum
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace fulcrum {
namespace {

HWY_EXPORT(rms_norm_row);
HWY_EXPORT(rms_norm_backward_row);

}  // namespace

void rms_norm(ConstMatrix x, std::span<const float> weight, float epsilon, Matrix y) {
  check_shape("rms_norm", "y", y, x.rows, x.columns);
  check_size("rms_norm", "weight", weight.size(), x.columns);
  auto* row = &HWY_DYNAMIC_DISPATCH(rms_norm_row);
  parallel_row_blocks(x.rows, kRowBlock, x.columns, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t t = first; t < last; ++t) row(x.row(t), weight.data(), epsilon, x.columns, y.row(t));
  });
}

void rms_norm_backward(ConstMatrix dy, ConstMatrix x, std::span<const float> weight, float epsilon, Matrix dx,
                       std::span<float> d_weight) {
  check_shape("rms_norm_backward", "dy", dy, x.rows, x.columns);
  check_shape("rms_norm_backward", "dx", dx, x.rows, x.columns);
  check_size("rms_norm_backward", "weight", weight.size(), x.columns);
  check_size("rms_norm_backward", "d_weight", d_weight.size(), x.columns);
  // Blocks of rows sum their share of d_weight apart; the shares are then added in order, so that the result
  // does not depend on the number of threads.
  constexpr std::int64_t kBlock = 128;
  const std::int64_t blocks = (x.rows + kBlock - 1) / kBlock;
  thread_local std::vector<float> shares;
  shares.assign(static_cast<std::size_t>(blocks * x.columns), 0.0f);
  float* const first_share = shares.data();
  auto* row = &HWY_DYNAMIC_DISPATCH(rms_norm_backward_row);
  parallel_row_blocks(x.rows, kBlock, x.columns * 2, [&](std::int64_t first, std::int64_t last) {
    float* share = first_share + first / kBlock * x.columns;
    for (std::int64_t t = first; t < last; ++t) {
      row(dy.row(t), x.row(t), weight.data(), epsilon, x.columns, dx.row(t), share);
    }
  });
  for (std::int64_t block = 0; block < blocks; ++block) {
    const float* share = first_share + block * x.columns;
    for (std::int64_t i = 0; i < x.columns; ++i) d_weight[static_cast<std::size_t>(i)] += share[i];
  }
}

}  // namespace fulcrum

#endif  // HWY_ONCE
