#include "measure/intervals.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "base/random.h"
#include "measure/distributions.h"

namespace fulcrum {

namespace {

constexpr double kTail = 0.5 * (1.0 - kConfidenceLevel);

double sorted_quantile(std::span<const double> sorted, double probability) {
  const double position = probability * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  const double share = position - static_cast<double>(below);
  return sorted[below] + share * (sorted[above] - sorted[below]);
}

// The two tail probabilities at which the sorted resamples are read.
struct Tails {
  double low, high;
};

Tails expanded_tails(std::int64_t n) {
  const double count = static_cast<double>(n);
  const double tail =
      normal_distribution(-std::sqrt(count / (count - 1.0)) * student_quantile(1.0 - kTail, count - 1.0));
  return {tail, 1.0 - tail};
}

// Bias from the share of resamples below the estimate, acceleration from the jackknife.
Tails bias_corrected_tails(std::int64_t n, const Statistic& statistic, double estimate,
                           std::span<const double> sorted) {
  double below = 0;
  for (const double value : sorted) below += value < estimate ? 1.0 : (value == estimate ? 0.5 : 0.0);
  const double count = static_cast<double>(sorted.size());
  const double bias = normal_quantile(std::clamp(below / count, 0.5 / count, 1.0 - 0.5 / count));

  std::vector<std::uint32_t> kept(static_cast<std::size_t>(n) - 1);
  std::vector<double> jackknife(static_cast<std::size_t>(n));
  for (std::size_t left_out = 0; left_out < jackknife.size(); ++left_out) {
    for (std::size_t i = 0; i < kept.size(); ++i)
      kept[i] = static_cast<std::uint32_t>(i < left_out ? i : i + 1);
    jackknife[left_out] = statistic(kept);
  }
  const double centre = mean(jackknife);
  double squares = 0, cubes = 0;
  for (const double value : jackknife) {
    const double deviation = centre - value;
    squares += deviation * deviation;
    cubes += deviation * deviation * deviation;
  }
  const double acceleration = squares > 0 ? cubes / (6.0 * std::pow(squares, 1.5)) : 0.0;
  const auto shifted = [&](double tail) {
    const double z = bias + normal_quantile(tail);
    return normal_distribution(bias + z / (1.0 - acceleration * z));
  };
  return {shifted(kTail), shifted(1.0 - kTail)};
}

}  // namespace

double mean(std::span<const double> values) {
  if (values.empty()) return 0.0;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double standard_error(std::span<const double> values) {
  if (values.size() < 2) return 0.0;
  const double centre = mean(values);
  double squares = 0;
  for (const double value : values) squares += (value - centre) * (value - centre);
  const double n = static_cast<double>(values.size());
  return std::sqrt(squares / (n - 1.0) / n);
}

double clustered_standard_error(std::span<const double> values, std::span<const std::int64_t> clusters) {
  if (values.size() != clusters.size())
    throw_error(ErrorCode::invalid_argument, "clustered standard error: {} values but {} cluster numbers",
                values.size(), clusters.size());
  if (values.empty()) return 0.0;
  const double centre = mean(values);
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return clusters[a] < clusters[b]; });
  double squares = 0, cluster_sum = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    cluster_sum += values[order[i]] - centre;
    if (i + 1 == order.size() || clusters[order[i + 1]] != clusters[order[i]]) {
      squares += cluster_sum * cluster_sum;
      cluster_sum = 0;
    }
  }
  return std::sqrt(squares) / static_cast<double>(values.size());
}

Interval wilson_interval(double successes, std::int64_t trials) {
  if (trials <= 0) return {0.0, 1.0};
  const double n = static_cast<double>(trials);
  const double z = normal_quantile(1.0 - kTail);
  const double share = successes / n;
  const double centre = (share + z * z / (2 * n)) / (1 + z * z / n);
  const double reach = z / (1 + z * z / n) * std::sqrt(share * (1 - share) / n + z * z / (4 * n * n));
  // Rounding must not push the ends inside the estimate at 0 and 1.
  return {successes <= 0 ? 0.0 : std::max(0.0, centre - reach),
          successes >= n ? 1.0 : std::min(1.0, centre + reach)};
}

Interval clopper_pearson_interval(std::int64_t successes, std::int64_t trials) {
  if (trials <= 0) return {0.0, 1.0};
  const double k = static_cast<double>(successes), failures = static_cast<double>(trials - successes);
  return {successes == 0 ? 0.0 : beta_quantile(kTail, k, failures + 1),
          successes == trials ? 1.0 : beta_quantile(1.0 - kTail, k + 1, failures)};
}

void resample_indices(std::uint64_t seed, int draw, std::span<std::uint32_t> indices) {
  static const std::uint64_t kStream = stream_of("bootstrap");
  const Random random(seed, kStream + static_cast<std::uint64_t>(draw));
  const std::uint64_t n = indices.size();
  // 32 random bits scaled by multiplication: the bias is below n / 2^32, far under the resampling noise.
  for (std::size_t block = 0; block * 4 < indices.size(); ++block) {
    const auto words = random.at(block);
    for (std::size_t i = 0; i < 4 && block * 4 + i < indices.size(); ++i)
      indices[block * 4 + i] = static_cast<std::uint32_t>((words[i] * n) >> 32);
  }
}

Interval bootstrap_interval(std::int64_t n, const Statistic& statistic, BootstrapKind kind,
                            std::uint64_t seed, int resamples) {
  if (n < 2)
    throw_error(ErrorCode::invalid_argument, "a bootstrap interval needs at least 2 items, found {}", n);
  std::vector<std::uint32_t> indices(static_cast<std::size_t>(n));
  std::iota(indices.begin(), indices.end(), 0U);
  const double estimate = statistic(indices);
  std::vector<double> values(static_cast<std::size_t>(resamples));
  for (int draw = 0; draw < resamples; ++draw) {
    resample_indices(seed, draw, indices);
    values[static_cast<std::size_t>(draw)] = statistic(indices);
  }
  std::sort(values.begin(), values.end());
  Tails tails{kTail, 1.0 - kTail};
  if (kind == BootstrapKind::expanded_percentile) tails = expanded_tails(n);
  if (kind == BootstrapKind::bias_corrected) tails = bias_corrected_tails(n, statistic, estimate, values);
  return {sorted_quantile(values, tails.low), sorted_quantile(values, tails.high)};
}

Estimate estimate_mean(std::span<const double> scores, std::uint64_t seed) {
  Estimate result;
  result.n = static_cast<std::int64_t>(scores.size());
  result.estimate = mean(scores);
  const bool zero_or_one =
      std::all_of(scores.begin(), scores.end(), [](double s) { return s == 0.0 || s == 1.0; });
  const bool constant = std::all_of(scores.begin(), scores.end(), [&](double s) { return s == scores[0]; });
  Interval interval;
  if (zero_or_one || constant || scores.size() < 2) {
    interval = wilson_interval(result.estimate * static_cast<double>(result.n), result.n);
  } else {
    interval = bootstrap_interval(
        result.n,
        [&](std::span<const std::uint32_t> indices) {
          double sum = 0;
          for (const std::uint32_t i : indices) sum += scores[i];
          return sum / static_cast<double>(indices.size());
        },
        BootstrapKind::expanded_percentile, seed);
  }
  result.low = interval.low;
  result.high = interval.high;
  return result;
}

Estimate estimate_mean_unbounded(std::span<const double> values) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const double centre = mean(values);
  const auto n = static_cast<std::int64_t>(values.size());
  if (n < 2) return {centre, -kInfinity, kInfinity, n};
  const double reach = student_quantile(1.0 - kTail, static_cast<double>(n) - 1.0) * standard_error(values);
  return {centre, centre - reach, centre + reach, n};
}

double quantile(std::span<const double> values, double probability) {
  if (values.empty()) throw_error(ErrorCode::invalid_argument, "a quantile of no values does not exist");
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  return sorted_quantile(sorted, std::clamp(probability, 0.0, 1.0));
}

}  // namespace fulcrum
