// What the tensor floor's tests share: seeded arrays, the move between f32 matrices and f64 arrays, runs on
// every instruction set that the CPU has, and central differences.
#pragma once

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <random>
#include <span>
#include <vector>

#include "hwy/targets.h"
#include "tensor/ops_reference.h"
#include "tensor/tensor.h"

namespace fulcrum::testing {

using reference::Array;

// An f32 matrix that owns its memory; rows lie `gap` elements further apart than they need.
struct Floats {
  std::vector<float> values;
  std::int64_t rows = 0, columns = 0, stride = 0;

  Floats(std::int64_t row_count, std::int64_t column_count, std::int64_t gap = 0)
      : values(static_cast<std::size_t>(row_count * (column_count + gap)), 0.0f),
        rows(row_count),
        columns(column_count),
        stride(column_count + gap) {}
  Matrix matrix() { return {values.data(), rows, columns, stride}; }
  ConstMatrix view() const { return {values.data(), rows, columns, stride}; }
  std::span<float> span() { return values; }
};

inline Floats random_floats(std::int64_t rows, std::int64_t columns, std::uint32_t seed, float spread = 1.0f,
                            std::int64_t gap = 0) {
  Floats result(rows, columns, gap);
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(0.0f, spread);
  for (float& value : result.values) value = normal(generator);
  return result;
}

inline Array to_array(ConstMatrix matrix) {
  Array result(matrix.rows, matrix.columns);
  for (std::int64_t t = 0; t < matrix.rows; ++t) {
    for (std::int64_t i = 0; i < matrix.columns; ++i) result.at(t, i) = static_cast<double>(matrix.row(t)[i]);
  }
  return result;
}

inline Array random_array(std::int64_t rows, std::int64_t columns, std::uint32_t seed) {
  return to_array(random_floats(rows, columns, seed).view());
}

// Largest |found - expected|, which must stay below `tolerance` times the largest expected magnitude (at
// least 1).
inline void expect_close(ConstMatrix found, const Array& expected, double tolerance) {
  ASSERT_EQ(found.rows, expected.rows);
  ASSERT_EQ(found.columns, expected.columns);
  double magnitude = 1.0, difference = 0.0;
  for (std::int64_t t = 0; t < found.rows; ++t) {
    for (std::int64_t i = 0; i < found.columns; ++i) {
      const double value = static_cast<double>(found.row(t)[i]);
      ASSERT_TRUE(std::isfinite(value)) << "row " << t << ", column " << i;
      magnitude = std::max(magnitude, std::fabs(expected.at(t, i)));
      difference = std::max(difference, std::fabs(value - expected.at(t, i)));
    }
  }
  EXPECT_LE(difference, tolerance * magnitude);
}

inline void expect_same_bits(ConstMatrix a, ConstMatrix b) {
  ASSERT_EQ(a.rows, b.rows);
  ASSERT_EQ(a.columns, b.columns);
  for (std::int64_t t = 0; t < a.rows; ++t) {
    ASSERT_EQ(0, std::memcmp(a.row(t), b.row(t), static_cast<std::size_t>(a.columns) * sizeof(float)))
        << "row " << t;
  }
}

// Holds `gradient` against central differences of `loss` at each element of `at`.
inline void expect_gradient(Array at, const Array& gradient,
                            const std::function<double(const Array&)>& loss) {
  constexpr double kStep = 1e-5;
  ASSERT_EQ(at.values.size(), gradient.values.size());
  for (std::size_t i = 0; i < at.values.size(); ++i) {
    const double held = at.values[i];
    at.values[i] = held + kStep;
    const double above = loss(at);
    at.values[i] = held - kStep;
    const double below = loss(at);
    at.values[i] = held;
    const double slope = (above - below) / (2.0 * kStep);
    ASSERT_NEAR(slope, gradient.values[i], 1e-7 * std::max(1.0, std::fabs(slope))) << "element " << i;
  }
}

// Sum of the products of two arrays' elements: a scalar loss whose gradient with respect to `y` is `dy`.
inline double inner(const Array& y, const Array& dy) {
  double sum = 0;
  for (std::size_t i = 0; i < y.values.size(); ++i) sum += y.values[i] * dy.values[i];
  return sum;
}

// Runs `body` once on each instruction set for which kernels are built and which this CPU has.
inline void for_each_instruction_set(const std::function<void()>& body) {
  for (const std::int64_t target : {HWY_AVX3_DL, HWY_AVX3, HWY_AVX2, HWY_SCALAR}) {
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().DeInit();
    if (target != HWY_SCALAR && (hwy::SupportedTargets() & target) == 0) continue;
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().DeInit();
    SCOPED_TRACE(hwy::TargetName(target));
    body();
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().DeInit();
}

// Restores the number of threads.
class Threads {
 public:
  explicit Threads(int count) : before_(omp_get_max_threads()) { omp_set_num_threads(count); }
  ~Threads() { omp_set_num_threads(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int before_;
};

}  // namespace fulcrum::testing
