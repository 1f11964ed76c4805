#include "train/optimizer.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/random.h"

namespace fulcrum {
namespace {

ParameterLayout small_layout() {
  ParameterLayout layout;
  layout.add("matrix", {6, 5}, ParameterKind::matrix, Placement::aligned);
  layout.add("gains", {7}, ParameterKind::vector, Placement::aligned);
  layout.add("embedding", {4, 3}, ParameterKind::embedding, Placement::aligned);
  return layout;
}

void fill(ParameterArray& array, const ParameterLayout& layout, std::uint64_t seed, double scale) {
  for (const ParameterSlot& slot : layout.slots()) {
    Random random(seed, stream_of(slot.name));
    for (float& value : array.of(slot)) value = static_cast<float>(scale * random.normal());
  }
}

TEST(Optimizer, AdamwFollowsTheFormulaInF64) {
  const ParameterLayout layout = small_layout();
  ParameterArray weights(layout), gradients(layout);
  fill(weights, layout, 1, 1.0);
  OptimizerConfig config;
  config.clip_norm = std::numeric_limits<double>::infinity();
  Optimizer optimizer(layout, config);

  std::vector<double> w(weights.values().begin(), weights.values().end()), m(w.size()), v(w.size());
  for (int step = 1; step <= 5; ++step) {
    fill(gradients, layout, 10 + static_cast<std::uint64_t>(step), 0.3);
    const double rate = 0.01 * step;
    for (const ParameterSlot& slot : layout.slots())
      for (std::int64_t e = slot.offset; e < slot.offset + slot.elements; ++e) {
        const auto i = static_cast<std::size_t>(e);
        const double g = gradients.values()[i];
        m[i] = 0.9 * m[i] + 0.1 * g;
        v[i] = 0.95 * v[i] + 0.05 * g * g;
        const double decay = slot.kind == ParameterKind::matrix ? 0.1 : 0.0;
        w[i] -= rate * decay * w[i];
        w[i] -=
            rate * (m[i] / (1 - std::pow(0.9, step))) / (std::sqrt(v[i] / (1 - std::pow(0.95, step))) + 1e-8);
      }
    optimizer.step(weights, gradients, rate);
  }
  for (std::size_t i = 0; i < w.size(); ++i) ASSERT_NEAR(weights.values()[i], w[i], 2e-6);
}

TEST(Optimizer, ClipsTheNormOverAllParametersAndReturnsTheNormBefore) {
  const ParameterLayout layout = small_layout();
  ParameterArray weights(layout), gradients(layout);
  fill(gradients, layout, 3, 5.0);
  const double before = std::sqrt(sum_of_squares(gradients.values()));
  Optimizer optimizer(layout, OptimizerConfig{});
  EXPECT_DOUBLE_EQ(optimizer.step(weights, gradients, 0.0), before);
  EXPECT_NEAR(std::sqrt(sum_of_squares(gradients.values())), 1.0, 1e-5);
}

TEST(Optimizer, AGradientThatIsNoNumberChangesNothing) {
  const ParameterLayout layout = small_layout();
  ParameterArray weights(layout), gradients(layout);
  fill(weights, layout, 1, 1.0);
  const std::vector<float> before(weights.values().begin(), weights.values().end());
  gradients.values()[3] = std::numeric_limits<float>::quiet_NaN();
  Optimizer optimizer(layout, OptimizerConfig{});
  EXPECT_THROW(optimizer.step(weights, gradients, 0.1), Error);
  EXPECT_EQ(optimizer.steps_done(), 0);
  EXPECT_TRUE(std::equal(before.begin(), before.end(), weights.values().begin()));
}

TEST(Optimizer, MuonStepsAreNearlyOrthogonalAndOfTheSizeOfAdamws) {
  ParameterLayout layout;
  layout.add("matrix", {24, 40}, ParameterKind::matrix, Placement::aligned);
  ParameterArray weights(layout), gradients(layout);
  fill(gradients, layout, 5, 1e-3);
  OptimizerConfig config;
  config.kind = OptimizerKind::muon;
  config.weight_decay = 0;
  Optimizer optimizer(layout, config);
  optimizer.step(weights, gradients, 0.01);
  const double root_mean_square = std::sqrt(sum_of_squares(weights.values()) / (24.0 * 40.0));
  EXPECT_NEAR(root_mean_square, 0.01 * 0.2, 0.01 * 0.2 * 0.25);
}

TEST(Optimizer, BitsDoNotDependOnTheNumberOfThreads) {
  const int threads = omp_get_max_threads();
  const ParameterLayout layout = small_layout();
  std::vector<std::vector<float>> results;
  for (const OptimizerKind kind : {OptimizerKind::adamw, OptimizerKind::muon})
    for (const int count : {1, 3}) {
      omp_set_num_threads(count);
      ParameterArray weights(layout), gradients(layout);
      fill(weights, layout, 1, 1.0);
      fill(gradients, layout, 2, 1.0);
      OptimizerConfig config;
      config.kind = kind;
      Optimizer(layout, config).step(weights, gradients, 0.1);
      results.emplace_back(weights.values().begin(), weights.values().end());
    }
  omp_set_num_threads(threads);
  EXPECT_EQ(results[0], results[1]);
  EXPECT_EQ(results[2], results[3]);
  EXPECT_NE(results[0], results[2]);
}

TEST(Orthogonalize, BringsEverySingularValueNearOne) {
  for (const auto& [rows, columns] : {std::pair<std::int64_t, std::int64_t>{8, 20}, {20, 8}, {12, 12}}) {
    Random random(9);
    std::vector<float> x(static_cast<std::size_t>(rows * columns)), y(x.size());
    for (float& value : x) value = static_cast<float>(random.normal());
    orthogonalize({x.data(), rows, columns, columns}, {y.data(), rows, columns, columns});
    // The Gram matrix over the shorter side: diagonal near 1 (singular values squared), the rest near 0.
    const bool wide = rows <= columns;
    const std::int64_t small = std::min(rows, columns), large = std::max(rows, columns);
    const auto at = [&](std::int64_t s, std::int64_t l) {
      return y[static_cast<std::size_t>(wide ? s * columns + l : l * columns + s)];
    };
    for (std::int64_t a = 0; a < small; ++a)
      for (std::int64_t b = 0; b < small; ++b) {
        double dot = 0;
        for (std::int64_t l = 0; l < large; ++l) dot += static_cast<double>(at(a, l)) * at(b, l);
        EXPECT_NEAR(dot, a == b ? 0.9 : 0.0, 0.6) << rows << "x" << columns << " " << a << "," << b;
      }
  }
}

}  // namespace
}  // namespace fulcrum
