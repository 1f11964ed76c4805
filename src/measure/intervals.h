// Intervals for one arm: a share of successes, a mean of scores, any statistic of a sample of items; and
// quantiles.
//
// All are two-sided at kConfidenceLevel. An interval is never narrower than the sample can show: where a
// bootstrap sees no variation at all (every item has the same score), the Wilson interval of that share takes
// over. Sources: Wilson 1927; Clopper & Pearson 1934; Efron & Tibshirani 1993 (bootstrap, BCa); Hesterberg
// 2015 (the expanded percentile interval, which repairs the bootstrap's too narrow spread in small samples);
// Miller 2024, arXiv 2411.00640 (clustered standard errors).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace fulcrum {

inline constexpr double kConfidenceLevel = 0.95;
inline constexpr int kBootstrapResamples = 2000;

struct Interval {
  double low = 0, high = 0;
  bool operator==(const Interval&) const = default;
};

// A figure as it is shown: never without its interval and the number of items behind it.
struct Estimate {
  double estimate = 0, low = 0, high = 0;
  std::int64_t n = 0;
  bool operator==(const Estimate&) const = default;
};

// successes of trials; trials = 0 gives [0, 1]. `successes` may be fractional (a mean of scores times n).
Interval wilson_interval(double successes, std::int64_t trials);
// Exact, conservative.
Interval clopper_pearson_interval(std::int64_t successes, std::int64_t trials);

// A statistic of the items whose indices are given (with repetitions); called once with 0, 1, ..., n - 1 as
// well.
using Statistic = std::function<double(std::span<const std::uint32_t> indices)>;

enum class BootstrapKind { percentile, expanded_percentile, bias_corrected };

// The resample `draw` of n indices: a pure function of (seed, draw), the same for every arm, so that arms
// stay paired.
void resample_indices(std::uint64_t seed, int draw, std::span<std::uint32_t> indices);

Interval bootstrap_interval(std::int64_t n, const Statistic& statistic, BootstrapKind kind,
                            std::uint64_t seed, int resamples = kBootstrapResamples);

// The mean of scores in [0, 1]: Wilson when every score is 0 or 1, the expanded percentile bootstrap
// otherwise.
Estimate estimate_mean(std::span<const double> scores, std::uint64_t seed);
// The mean of unbounded values such as seconds or differences: Student's t; n < 2 gives an infinite interval.
Estimate estimate_mean_unbounded(std::span<const double> values);

double mean(std::span<const double> values);
// Standard error of the mean of independent values; 0 for fewer than two.
double standard_error(std::span<const double> values);
// Standard error of the mean when items of one cluster (same conversation, document, author) depend on each
// other: sqrt(sum over clusters of (sum of deviations)^2) / n. Equal to the plain one but for n / (n - 1)
// when all differ.
double clustered_standard_error(std::span<const double> values, std::span<const std::int64_t> clusters);

// Linear interpolation between order statistics (Hyndman & Fan 1996, type 7: the default of NumPy and R).
// values need not be sorted and must not be empty; probability in [0, 1].
double quantile(std::span<const double> values, double probability);

}  // namespace fulcrum
