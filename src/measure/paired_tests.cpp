#include "measure/paired_tests.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "measure/distributions.h"

namespace fulcrum {

namespace {

bool all_zero_or_one(std::span<const double> scores) {
  return std::all_of(scores.begin(), scores.end(), [](double s) { return s == 0.0 || s == 1.0; });
}

// Tango's score statistic for the hypothesis that the difference of shares is `delta`.
double tango_score(const PairedCounts& counts, double delta) {
  const double n = static_cast<double>(counts.total());
  const double b = static_cast<double>(counts.only_a), c = static_cast<double>(counts.only_b);
  // The share of only_b that maximises the likelihood under the hypothesis: the larger root of a quadratic.
  const double linear = -b - c + (2 * n - b + c) * delta;
  const double constant = -c * delta * (1 - delta);
  const double root = (std::sqrt(std::max(0.0, linear * linear - 8 * n * constant)) - linear) / (4 * n);
  const double variance = n * (2 * root + delta * (1 - delta));
  const double distance = b - c - n * delta;
  if (variance <= 0) return distance == 0 ? 0.0 : std::copysign(HUGE_VAL, distance);
  return distance / std::sqrt(variance);
}

// The p-value of flipping the signs of the differences: what few pairs can show at most, where resampling
// them overstates it. Exact for up to 12 that differ, else by draws.
double sign_flip_p_value(std::span<const double> a, std::span<const double> b, std::uint64_t seed) {
  std::vector<double> differing;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i] != b[i]) differing.push_back(a[i] - b[i]);
  double observed = 0;
  for (const double each : differing) observed += each;
  observed = std::abs(observed) * (1 - 1e-12);  // sums in another order may end a bit lower
  constexpr std::size_t kMostExact = 12;
  const bool exact = differing.size() <= kMostExact;
  const std::uint64_t draws = exact ? std::uint64_t{1} << differing.size() : kBootstrapResamples;
  Random random(seed, stream_of("sign flips"));
  std::uint64_t as_far = 0;
  for (std::uint64_t draw = 0; draw < draws; ++draw) {
    double sum = 0;
    for (std::size_t i = 0; i < differing.size(); ++i) {
      const bool flipped = exact ? ((draw >> i) & 1) != 0 : random.chance(0.5);
      sum += flipped ? -differing[i] : differing[i];
    }
    as_far += std::abs(sum) >= observed ? 1 : 0;
  }
  return exact ? static_cast<double>(as_far) / static_cast<double>(draws)
               : (1.0 + static_cast<double>(as_far)) / (1.0 + static_cast<double>(draws));
}

// Share of centred resamples at least as far from zero as what was observed; never 0, as no finite simulation
// shows 0.
PairedResult bootstrap_result(std::int64_t n, const Statistic& difference, std::uint64_t seed) {
  std::vector<std::uint32_t> indices(static_cast<std::size_t>(n));
  std::iota(indices.begin(), indices.end(), 0U);
  PairedResult result;
  result.n = n;
  result.test = "paired bootstrap";
  result.difference = difference(indices);
  int as_far = 0;
  for (int draw = 0; draw < kBootstrapResamples; ++draw) {
    resample_indices(seed, draw, indices);
    if (std::abs(difference(indices) - result.difference) >= std::abs(result.difference)) ++as_far;
  }
  result.p_value = (1.0 + as_far) / (1.0 + kBootstrapResamples);
  const Interval interval = bootstrap_interval(n, difference, BootstrapKind::expanded_percentile, seed);
  result.low = interval.low;
  result.high = interval.high;
  // Where every item differs by as much, resampling has nothing to spread: as wide as a share of so many
  // items is.
  if (result.difference != 0 && result.high - result.low < 1e-12) {
    const Interval share = wilson_interval(0.5 * (1 + result.difference) * static_cast<double>(n), n);
    result.low = std::min(result.difference, 2 * share.low - 1);
    result.high = std::max(result.difference, 2 * share.high - 1);
  }
  // No test of so few pairs can show more.
  result.p_value = std::max(result.p_value, std::min(1.0, std::exp2(1.0 - static_cast<double>(n))));
  return result;
}

void require_pairs(std::size_t a, std::size_t b) {
  if (a != b || a < 2)
    throw_error(ErrorCode::invalid_argument,
                "a paired comparison needs the same items in both arms, at least 2; found {} and {}", a, b);
}

}  // namespace

PairedCounts count_pairs(std::span<const double> a, std::span<const double> b) {
  require_pairs(a.size(), b.size());
  PairedCounts counts;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const bool right_a = a[i] == 1.0, right_b = b[i] == 1.0;
    ++(right_a ? (right_b ? counts.both : counts.only_a) : (right_b ? counts.only_b : counts.neither));
  }
  return counts;
}

double mcnemar_exact(std::int64_t only_a, std::int64_t only_b) {
  const std::int64_t discordant = only_a + only_b;
  return std::min(1.0, 2.0 * binomial_distribution(std::min(only_a, only_b), discordant, 0.5));
}

double mcnemar_mid_p(std::int64_t only_a, std::int64_t only_b) {
  const std::int64_t discordant = only_a + only_b, fewer = std::min(only_a, only_b);
  if (only_a == only_b) return discordant == 0 ? 1.0 : 1.0 - binomial_mass(fewer, discordant, 0.5);
  return 2.0 * binomial_distribution(fewer, discordant, 0.5) - binomial_mass(fewer, discordant, 0.5);
}

Interval tango_interval(const PairedCounts& counts) {
  if (counts.total() == 0) return {-1.0, 1.0};
  const double z = normal_quantile(0.5 * (1.0 + kConfidenceLevel));
  const double estimate =
      static_cast<double>(counts.only_a - counts.only_b) / static_cast<double>(counts.total());
  // The score falls as delta grows: bisect for +z below the estimate and for -z above it.
  const auto solve = [&](double low, double high, double score) {
    for (int i = 0; i < 100; ++i) {
      const double middle = 0.5 * (low + high);
      (tango_score(counts, middle) > score ? low : high) = middle;
    }
    return 0.5 * (low + high);
  };
  return {solve(-1.0, estimate, z), solve(estimate, 1.0, -z)};
}

PairedResult compare_paired(std::span<const double> a, std::span<const double> b, std::uint64_t seed) {
  require_pairs(a.size(), b.size());
  const auto n = static_cast<std::int64_t>(a.size());
  if (all_zero_or_one(a) && all_zero_or_one(b)) {
    const PairedCounts counts = count_pairs(a, b);
    const Interval interval = tango_interval(counts);
    return {static_cast<double>(counts.only_a - counts.only_b) / static_cast<double>(n),
            interval.low,
            interval.high,
            mcnemar_exact(counts.only_a, counts.only_b),
            "McNemar, exact",
            n};
  }
  PairedResult result = bootstrap_result(
      n,
      [&](std::span<const std::uint32_t> indices) {
        double sum = 0;
        for (const std::uint32_t i : indices) sum += a[i] - b[i];
        return sum / static_cast<double>(indices.size());
      },
      seed);
  result.p_value = std::max(result.p_value, sign_flip_p_value(a, b, seed));
  return result;
}

PairedResult compare_paired_statistic(std::int64_t n, const Statistic& a, const Statistic& b,
                                      std::uint64_t seed) {
  require_pairs(static_cast<std::size_t>(n), static_cast<std::size_t>(n));
  return bootstrap_result(
      n, [&](std::span<const std::uint32_t> indices) { return a(indices) - b(indices); }, seed);
}

double paired_t_p_value(std::span<const double> differences) {
  const double error = standard_error(differences), centre = mean(differences);
  if (error <= 0) return centre == 0 ? 1.0 : 0.0;
  return 2.0 * student_distribution(-std::abs(centre / error), static_cast<double>(differences.size()) - 1.0);
}

}  // namespace fulcrum
