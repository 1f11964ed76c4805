#include "tensor/scale_search.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace fulcrum {
namespace {

// Candidates lie a tenth of an integer step apart, to this many steps on either side of the extreme's own
// scale.
constexpr int kCandidates = 12;
constexpr float kStep = 0.1f;

// To the nearest integer of a range. Adding 1.5 * 2^23 leaves no room for a fraction, so the addition itself
// rounds.
float quantise(float value, float inverse, float low, float high) {
  constexpr float kNoFraction = 0x1.8p23f;
  return std::clamp(value * inverse, low, high) + kNoFraction - kNoFraction;
}

// Weighted sums of a regression of the values on their integers.
struct Regression {
  double w = 0, wq = 0, wqq = 0, wx = 0, wqx = 0;

  void add(double weight, double q, double x) {
    w += weight;
    wq += weight * q;
    wqq += weight * q * q;
    wx += weight * x;
    wqx += weight * q * x;
  }
  // The weighted squared error of scale * q - minimum, without the sum of w x^2, which no choice changes.
  double error(double scale, double minimum) const {
    return scale * scale * wqq - 2 * scale * (wqx + minimum * wq) + 2 * minimum * wx + minimum * minimum * w;
  }
};

struct AffineFit {
  ScaleAndMinimum best;
  double error = 0;
};

// Least squares for the integers that `inverse` and `minimum` give; the minimum stays on its side of 0.
AffineFit fit_affine(std::span<const float> values, std::span<const float> weights, int most, float inverse,
                     float minimum) {
  Regression sums;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const float q = quantise(values[i] + minimum, inverse, 0, static_cast<float>(most));
    sums.add(static_cast<double>(weights[i]), static_cast<double>(q), static_cast<double>(values[i]));
  }
  const double determinant = sums.w * sums.wqq - sums.wq * sums.wq;
  double scale = 0, offset = 0;
  if (determinant > 0) {
    scale = (sums.w * sums.wqx - sums.wq * sums.wx) / determinant;
    offset = (sums.wq * sums.wqx - sums.wqq * sums.wx) / determinant;
  }
  if (determinant <= 0 || offset < 0) {
    offset = 0;
    scale = sums.wqq > 0 ? sums.wqx / sums.wqq : 0;
  }
  return {{static_cast<float>(scale), static_cast<float>(offset)}, sums.error(scale, offset)};
}

}  // namespace

float search_scale(std::span<const float> values, std::span<const float> weights, int most) {
  float extreme = 0;
  for (const float value : values) {
    if (std::fabs(value) > std::fabs(extreme)) extreme = value;
  }
  if (extreme == 0) return 0;
  const auto low = static_cast<float>(-most), high = static_cast<float>(most - 1);
  double best_gain = -1;
  float best = 0;
  for (int candidate = -kCandidates; candidate <= kCandidates; ++candidate) {
    // The side with one more integer goes to the extreme.
    const float inverse = -(static_cast<float>(most) + kStep * static_cast<float>(candidate)) / extreme;
    double wqx = 0, wqq = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto q = static_cast<double>(quantise(values[i], inverse, low, high));
      const auto weight = static_cast<double>(weights[i]);
      wqx += weight * q * static_cast<double>(values[i]);
      wqq += weight * q * q;
    }
    // The weighted squared error at the best scale is sum(w x^2) - wqx^2 / wqq.
    if (wqq > 0 && wqx * wqx / wqq > best_gain) {
      best_gain = wqx * wqx / wqq;
      best = static_cast<float>(wqx / wqq);
    }
  }
  return best;
}

ScaleAndMinimum search_scale_and_minimum(std::span<const float> values, std::span<const float> weights,
                                         int most) {
  const auto [least, largest] = std::minmax_element(values.begin(), values.end());
  const float minimum = std::max(0.0f, -*least);
  const float width = *largest + minimum;
  if (!(width > 0)) return {0, minimum};
  // Without steps the values are all -minimum.
  AffineFit best{{0, minimum}, 0};
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double rest = static_cast<double>(values[i]) + static_cast<double>(minimum);
    best.error += static_cast<double>(weights[i]) *
                  (rest * rest - static_cast<double>(values[i]) * static_cast<double>(values[i]));
  }
  for (int candidate = -kCandidates; candidate <= kCandidates; ++candidate) {
    float inverse = (static_cast<float>(most) + kStep * static_cast<float>(candidate)) / width;
    float offset = minimum;
    // The second round quantises with what the first one found.
    for (int round = 0; round < 2; ++round) {
      const AffineFit fit = fit_affine(values, weights, most, inverse, offset);
      if (fit.best.scale <= 0) break;
      if (fit.error < best.error) best = fit;
      inverse = 1.0f / fit.best.scale;
      offset = fit.best.minimum;
    }
  }
  return best.best;
}

}  // namespace fulcrum
