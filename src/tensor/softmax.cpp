#include "tensor/softmax.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "tensor/parallel_rows.h"
#include "tensor/shape_check.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/softmax.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "tensor/exponential-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fulcrum {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

float largest(const float* values, std::int64_t n) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  float result = values[0];
  std::int64_t i = 0;
  if (n >= lanes) {
    auto maxima = hn::LoadU(d, values);
    for (i = lanes; i + lanes <= n; i += lanes) maxima = hn::Max(maxima, hn::LoadU(d, values + i));
    result = hn::GetLane(hn::MaxOfLanes(d, maxima));
  }
  for (; i < n; ++i) result = std::max(result, values[i]);
  return result;
}

// The first place of a value that is `value`; n if there is none.
std::int64_t first_equal(const float* values, std::int64_t n, float value) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto value_v = hn::Set(d, value);
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    if (!hn::AllFalse(d, hn::Eq(hn::LoadU(d, values + i), value_v))) break;
  }
  for (; i < n; ++i) {
    if (values[i] == value) break;
  }
  return i;
}

// Sum of exp(value - shift). The exponentials are written to `to` unless that is null.
double sum_of_exponentials(const float* values, std::int64_t n, float shift, float* to) {
  const hn::ScalableTag<float> d;
  const hn::CappedTag<float, 1> single;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto shift_v = hn::Set(d, shift);
  // f32 sums of so many values keep six digits; the blocks' sums are added in f64.
  constexpr std::int64_t kBlock = 256;
  double sum = 0;
  std::int64_t i = 0;
  while (i + 2 * lanes <= n) {
    const std::int64_t end = std::min(n, i + kBlock);
    auto even = hn::Zero(d), odd = hn::Zero(d);
    for (; i + 2 * lanes <= end; i += 2 * lanes) {
      const auto a = exponential(d, hn::Sub(hn::LoadU(d, values + i), shift_v));
      const auto b = exponential(d, hn::Sub(hn::LoadU(d, values + i + lanes), shift_v));
      even = hn::Add(even, a);
      odd = hn::Add(odd, b);
      if (to != nullptr) {
        hn::StoreU(a, d, to + i);
        hn::StoreU(b, d, to + i + lanes);
      }
    }
    sum += static_cast<double>(hn::GetLane(hn::SumOfLanes(d, hn::Add(even, odd))));
  }
  for (; i < n; ++i) {
    const float e = hn::GetLane(exponential(single, hn::Set(single, values[i] - shift)));
    sum += static_cast<double>(e);
    if (to != nullptr) to[i] = e;
  }
  return sum;
}

void multiply_row(float* values, std::int64_t n, float factor) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto factor_v = hn::Set(d, factor);
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(hn::Mul(hn::LoadU(d, values + i), factor_v), d, values + i);
  for (; i < n; ++i) values[i] *= factor;
}

}  // namespace HWY_NAMESPACE
}  // namespace fulcrum
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace fulcrum {
namespace {

HWY_EXPORT(largest);
HWY_EXPORT(first_equal);
HWY_EXPORT(sum_of_exponentials);
HWY_EXPORT(multiply_row);

std::int64_t row_length(std::span<const float> values) {
  if (values.empty()) throw_error(ErrorCode::internal, "softmax: the row holds no values");
  return static_cast<std::int64_t>(values.size());
}

}  // namespace

double softmax(std::span<float> values) {
  const std::int64_t n = row_length(values);
  const float shift = HWY_DYNAMIC_DISPATCH(largest)(values.data(), n);
  const double sum = HWY_DYNAMIC_DISPATCH(sum_of_exponentials)(values.data(), n, shift, values.data());
  HWY_DYNAMIC_DISPATCH(multiply_row)(values.data(), n, static_cast<float>(1.0 / sum));
  return static_cast<double>(shift) + std::log(sum);
}

double log_sum_exp(std::span<const float> values) {
  const std::int64_t n = row_length(values);
  const float shift = HWY_DYNAMIC_DISPATCH(largest)(values.data(), n);
  const double sum = HWY_DYNAMIC_DISPATCH(sum_of_exponentials)(values.data(), n, shift, nullptr);
  return static_cast<double>(shift) + std::log(sum);
}

std::int64_t index_of_largest(std::span<const float> values) {
  const std::int64_t n = row_length(values);
  const float value = HWY_DYNAMIC_DISPATCH(largest)(values.data(), n);
  const std::int64_t index = HWY_DYNAMIC_DISPATCH(first_equal)(values.data(), n, value);
  return index < n ? index : 0;
}

double cross_entropy(Matrix logits, std::span<const std::int32_t> targets, std::span<const float> weights,
                     double sum_of_weights, double scale) {
  check_size("cross_entropy", "targets", targets.size(), logits.rows);
  check_size("cross_entropy", "weights", weights.size(), logits.rows);
  for (std::size_t t = 0; t < targets.size(); ++t) {
    if (weights[t] != 0.0f && (targets[t] < 0 || targets[t] >= logits.columns)) {
      throw_error(ErrorCode::invalid_argument,
                  "cross_entropy: target {} lies outside of the vocabulary of {}", targets[t],
                  logits.columns);
    }
  }
  if (!(sum_of_weights > 0)) {
    throw_error(ErrorCode::invalid_argument,
                "cross_entropy: the sum of weights is {}; at least one token must be learnt", sum_of_weights);
  }
  const std::int64_t n = logits.columns;
  auto* maximum = &HWY_DYNAMIC_DISPATCH(largest);
  auto* exponentials = &HWY_DYNAMIC_DISPATCH(sum_of_exponentials);
  auto* multiply = &HWY_DYNAMIC_DISPATCH(multiply_row);
  // Losses are kept by row and added in order: the sum must not depend on the number of threads.
  std::vector<double> losses(targets.size(), 0.0);
  constexpr std::int64_t kWorkPerLogit = 16;
  parallel_row_blocks(logits.rows, kRowBlock, n * kWorkPerLogit, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t t = first; t < last; ++t) {
      const auto i = static_cast<std::size_t>(t);
      float* row = logits.row(t);
      if (weights[i] == 0.0f) {
        std::fill_n(row, n, 0.0f);
        continue;
      }
      const double weight = static_cast<double>(weights[i]);
      const double factor = weight * scale / sum_of_weights;
      const float shift = maximum(row, n);
      const double target_logit = static_cast<double>(row[targets[i]]);
      const double sum = exponentials(row, n, shift, row);
      losses[i] = weight * (static_cast<double>(shift) + std::log(sum) - target_logit);
      multiply(row, n, static_cast<float>(factor / sum));
      row[targets[i]] -= static_cast<float>(factor);
    }
  });
  double total = 0;
  for (const double loss : losses) total += loss;
  return total;
}

}  // namespace fulcrum

#endif  // HWY_ONCE
