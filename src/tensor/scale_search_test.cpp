#include "tensor/scale_search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace fulcrum {
namespace {

std::vector<float> normal_values(std::size_t count, std::uint32_t seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float& value : values) value = normal(generator);
  return values;
}

double symmetric_error(const std::vector<float>& values, double scale, int most) {
  double error = 0;
  for (const float value : values) {
    const double q = std::clamp(std::nearbyint(static_cast<double>(value) / scale), -1.0 * most, most - 1.0);
    error += std::pow(static_cast<double>(value) - scale * q, 2);
  }
  return error;
}

double affine_error(const std::vector<float>& values, ScaleAndMinimum fit, int most) {
  double error = 0;
  for (const float value : values) {
    const double q =
        std::clamp(std::nearbyint(static_cast<double>((value + fit.minimum) / fit.scale)), 0.0, 1.0 * most);
    error += std::pow(
        static_cast<double>(value) - (static_cast<double>(fit.scale) * q - static_cast<double>(fit.minimum)),
        2);
  }
  return error;
}

TEST(ScaleSearch, ExactMultiplesAreFoundExactly) {
  std::vector<float> values(32), ones(32, 1.0f);
  for (std::size_t i = 0; i < 32; ++i) values[i] = -0.25f * static_cast<float>(static_cast<int>(i % 16) - 8);
  EXPECT_EQ(search_scale(values, ones, 8), -0.25f);
  for (std::size_t i = 0; i < 32; ++i) values[i] = 0.5f * static_cast<float>(i % 16) - 3.0f;
  const auto [scale, minimum] = search_scale_and_minimum(values, ones, 15);
  EXPECT_EQ(scale, 0.5f);
  EXPECT_EQ(minimum, 3.0f);
}

// A sweep of ten thousand scales over a factor of four finds next to nothing better.
TEST(ScaleSearch, IsCloseToTheBestOfAFineSweep) {
  const std::vector<float> ones(32, 1.0f);
  double found = 0, best = 0;
  for (std::uint32_t seed = 0; seed < 50; ++seed) {
    const auto values = normal_values(32, seed);
    const double scale = static_cast<double>(search_scale(values, ones, 8));
    found += symmetric_error(values, scale, 8);
    double least = INFINITY;
    for (int i = 0; i < 10000; ++i) {
      const double candidate = std::fabs(scale) * std::exp2(i / 5000.0 - 1.0);
      least =
          std::min({least, symmetric_error(values, candidate, 8), symmetric_error(values, -candidate, 8)});
    }
    best += least;
  }
  EXPECT_LT(found, 1.05 * best);
}

TEST(ScaleSearch, AMinimumBeatsTheExtremesAlone) {
  const std::vector<float> ones(32, 1.0f);
  double found = 0, plain = 0;
  for (std::uint32_t seed = 0; seed < 50; ++seed) {
    const auto values = normal_values(32, seed);
    const auto fit = search_scale_and_minimum(values, ones, 15);
    EXPECT_GT(fit.scale, 0.0f);
    EXPECT_GE(fit.minimum, 0.0f);
    found += affine_error(values, fit, 15);
    const auto [least, largest] = std::minmax_element(values.begin(), values.end());
    plain += affine_error(values, {(*largest - *least) / 15.0f, -*least}, 15);
  }
  EXPECT_LT(found, 0.9 * plain);
}

TEST(ScaleSearch, TheWeightiestValueIsServedFirst) {
  auto values = normal_values(32, 3);
  std::vector<float> weights(32, 1e-6f);
  weights[7] = 1.0f;
  const float scale = search_scale(values, weights, 8);
  EXPECT_NEAR(values[7], scale * std::nearbyint(values[7] / scale), 1e-3f);
}

TEST(ScaleSearch, ZerosAndConstants) {
  const std::vector<float> zeros(16, 0.0f), ones(16, 1.0f), negative(16, -2.0f);
  EXPECT_EQ(search_scale(zeros, ones, 32), 0.0f);
  EXPECT_EQ(search_scale_and_minimum(zeros, ones, 15).scale, 0.0f);
  const auto below = search_scale_and_minimum(negative, ones, 15);
  EXPECT_EQ(below.scale, 0.0f);
  EXPECT_EQ(below.minimum, 2.0f);
  const auto above = search_scale_and_minimum(ones, ones, 15);
  EXPECT_EQ(above.minimum, 0.0f);
  EXPECT_NEAR(above.scale * std::nearbyint(1.0f / above.scale), 1.0f, 1e-6f);
}

}  // namespace
}  // namespace fulcrum
