// The statistics against SciPy and statsmodels (tests/reference/statistics.py made
// tests/cases/statistics.json), and by simulation: do intervals cover, and do tests find nothing where there
// is nothing?
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "base/error.h"
#include "base/json.h"
#include "base/random.h"
#include "measure/distributions.h"
#include "measure/intervals.h"
#include "measure/multiplicity.h"
#include "measure/paired_tests.h"
#include "measure/power.h"

namespace fulcrum {
namespace {

const Json& reference() {
  static const Json cases = read_json(Path(FULCRUM_SOURCE_DIR) / "tests/cases/statistics.json");
  return cases;
}

void expect_close(double found, double expected, double relative = 1e-9) {
  EXPECT_NEAR(found, expected, relative * std::max(1e-6, std::abs(expected)));
}

TEST(Distributions, AgreeWithScipy) {
  const Json& cases = reference()["distributions"];
  for (const auto& c : cases["normal_quantile"]) expect_close(normal_quantile(c[0]), c[1]);
  for (const auto& c : cases["normal_distribution"]) expect_close(normal_distribution(c[0]), c[1]);
  for (const auto& c : cases["beta_distribution"]) expect_close(beta_distribution(c[0], c[1], c[2]), c[3]);
  for (const auto& c : cases["beta_quantile"]) expect_close(beta_quantile(c[0], c[1], c[2]), c[3]);
  for (const auto& c : cases["student_distribution"]) expect_close(student_distribution(c[0], c[1]), c[2]);
  for (const auto& c : cases["student_quantile"]) expect_close(student_quantile(c[0], c[1]), c[2]);
  for (const auto& c : cases["binomial_distribution"])
    expect_close(binomial_distribution(c[0], c[1], c[2]), c[3]);
  for (const auto& c : cases["binomial_mass"]) expect_close(binomial_mass(c[0], c[1], c[2]), c[3]);
}

TEST(Distributions, RefuseProbabilitiesOutside) {
  EXPECT_THROW(normal_quantile(0.0), Error);
  EXPECT_THROW(beta_quantile(1.0, 2, 3), Error);
  EXPECT_THROW(beta_distribution(0.5, 0, 1), Error);
}

TEST(Intervals, SharesAgreeWithStatsmodels) {
  for (const auto& c : reference()["shares"]) {
    const auto wilson = wilson_interval(c["successes"], c["trials"]);
    // statsmodels leaves 1e-17 of rounding at the ends 0 and 1, where ours are exact.
    EXPECT_NEAR(wilson.low, c["wilson"][0].get<double>(), 1e-12);
    EXPECT_NEAR(wilson.high, c["wilson"][1].get<double>(), 1e-12);
    const auto exact = clopper_pearson_interval(c["successes"], c["trials"]);
    expect_close(exact.low, c["clopper_pearson"][0]);
    expect_close(exact.high, c["clopper_pearson"][1]);
  }
  EXPECT_EQ(wilson_interval(0, 0), (Interval{0, 1}));
}

TEST(Intervals, QuantilesAgreeWithNumpy) {
  const std::vector<double> values = reference()["quantiles"]["values"];
  for (const auto& c : reference()["quantiles"]["quantiles"]) expect_close(quantile(values, c[0]), c[1]);
  EXPECT_THROW(quantile({}, 0.5), Error);
}

TEST(Intervals, StandardErrorsAgreeWithStatsmodels) {
  const Json& c = reference()["clustered"];
  const std::vector<double> scores = c["scores"];
  const std::vector<std::int64_t> clusters = c["clusters"];
  expect_close(clustered_standard_error(scores, clusters), c["clustered_standard_error"]);
  expect_close(standard_error(scores), c["standard_error"]);
  const Estimate estimate = estimate_mean_unbounded(scores);
  expect_close(estimate.low, c["t_interval"][0]);
  expect_close(estimate.high, c["t_interval"][1]);
  std::vector<std::int64_t> alone(scores.size());
  std::iota(alone.begin(), alone.end(), 0);
  const double n = static_cast<double>(scores.size());
  expect_close(clustered_standard_error(scores, alone), standard_error(scores) * std::sqrt((n - 1) / n));
}

TEST(Intervals, BootstrapAgreesWithScipy) {
  const Json& c = reference()["bootstrap"];
  const std::vector<double> scores = c["scores"], other = c["other"];
  const Statistic statistic = [&](std::span<const std::uint32_t> indices) {
    double sum = 0;
    for (const auto i : indices) sum += scores[i];
    return sum / static_cast<double>(indices.size());
  };
  // 20,000 resamples against 200,000: the ends differ by simulation noise of about 0.001.
  constexpr double kNoise = 0.005;
  const auto n = static_cast<std::int64_t>(scores.size());
  const Interval percentile = bootstrap_interval(n, statistic, BootstrapKind::percentile, 7, 20000);
  EXPECT_NEAR(percentile.low, c["mean_percentile"][0].get<double>(), kNoise);
  EXPECT_NEAR(percentile.high, c["mean_percentile"][1].get<double>(), kNoise);
  const Interval corrected = bootstrap_interval(n, statistic, BootstrapKind::bias_corrected, 7, 20000);
  EXPECT_NEAR(corrected.low, c["mean_bca"][0].get<double>(), kNoise);
  EXPECT_NEAR(corrected.high, c["mean_bca"][1].get<double>(), kNoise);
  const Interval expanded = bootstrap_interval(n, statistic, BootstrapKind::expanded_percentile, 7, 20000);
  EXPECT_LT(expanded.low, percentile.low);
  EXPECT_GT(expanded.high, percentile.high);
}

TEST(Intervals, NeverCollapseWhereNothingVaries) {
  const std::vector<double> perfect(50, 1.0), half(50, 0.5);
  EXPECT_EQ(estimate_mean(perfect, 1).high, 1.0);
  EXPECT_LT(estimate_mean(perfect, 1).low, 0.95);
  EXPECT_LT(estimate_mean(half, 1).low, 0.4);
}

TEST(Intervals, AreTheSameForTheSameSeed) {
  const std::vector<double> scores = reference()["bootstrap"]["scores"];
  EXPECT_EQ(estimate_mean(scores, 3), estimate_mean(scores, 3));
  EXPECT_FALSE(estimate_mean(scores, 3) == estimate_mean(scores, 4));
}

TEST(PairedTests, AgreeWithStatsmodels) {
  for (const auto& c : reference()["pairs"]) {
    const PairedCounts counts{c["both"], c["only_a"], c["only_b"], c["neither"]};
    expect_close(mcnemar_exact(counts.only_a, counts.only_b), c["exact"]);
    expect_close(mcnemar_mid_p(counts.only_a, counts.only_b), c["mid_p"]);
    const Interval interval = tango_interval(counts);
    EXPECT_NEAR(interval.low, c["tango"][0].get<double>(), 1e-6);
    EXPECT_NEAR(interval.high, c["tango"][1].get<double>(), 1e-6);
  }
  EXPECT_EQ(mcnemar_exact(0, 0), 1.0);
  EXPECT_EQ(mcnemar_mid_p(0, 0), 1.0);
}

TEST(PairedTests, GradedScoresAgreeWithScipy) {
  const Json& c = reference()["bootstrap"];
  const std::vector<double> scores = c["scores"], other = c["other"];
  const PairedResult result = compare_paired(scores, other, 5);
  EXPECT_EQ(result.test, "paired bootstrap");
  expect_close(result.difference, c["difference_mean"]);
  EXPECT_NEAR(result.low, c["difference_percentile"][0].get<double>(), 0.015);
  EXPECT_NEAR(result.high, c["difference_percentile"][1].get<double>(), 0.015);
  EXPECT_NEAR(result.p_value, c["permutation_p_value"].get<double>(), 0.004);
  std::vector<double> differences;
  for (std::size_t i = 0; i < scores.size(); ++i) differences.push_back(scores[i] - other[i]);
  expect_close(paired_t_p_value(differences), c["paired_t_p_value"], 1e-8);
}

TEST(PairedTests, FewItemsProveNoMoreThanTheyCan) {
  // Three pairs that agree: of the eight ways to flip their signs two are as far, whatever a resampling of
  // three says.
  const std::vector<double> better = {0.9, 0.8, 0.95}, worse = {0.1, 0.2, 0.05};
  EXPECT_DOUBLE_EQ(compare_paired(better, worse, 1).p_value, 0.25);
  // All by as much: nothing to resample, and still no certainty.
  const std::vector<double> all(4, 0.75), none(4, 0.25);
  const PairedResult whole = compare_paired(all, none, 1);
  EXPECT_DOUBLE_EQ(whole.p_value, 0.125);
  EXPECT_LT(whole.low, 0.4);
  EXPECT_GT(whole.high, whole.difference);
}

TEST(PairedTests, RefuseDifferentItems) {
  const std::vector<double> three{1, 0, 1}, two{1, 0};
  EXPECT_THROW(compare_paired(three, two, 1), Error);
}

TEST(PairedTests, SwappingTheArmsOnlyTurnsTheSign) {
  const std::vector<double> a{1, 1, 1, 0, 1, 1, 0, 1}, b{0, 1, 0, 0, 1, 0, 1, 0};
  const PairedResult forth = compare_paired(a, b, 1), back = compare_paired(b, a, 1);
  EXPECT_EQ(forth.test, "McNemar, exact");
  EXPECT_DOUBLE_EQ(forth.difference, -back.difference);
  EXPECT_NEAR(forth.low, -back.high, 1e-9);
  EXPECT_DOUBLE_EQ(forth.p_value, back.p_value);
}

TEST(Multiplicity, AgreesWithStatsmodels) {
  const std::vector<double> p = reference()["holm"]["p_values"], expected = reference()["holm"]["adjusted"];
  const auto adjusted = holm_adjusted(p);
  for (std::size_t i = 0; i < p.size(); ++i) expect_close(adjusted[i], expected[i]);
  EXPECT_TRUE(holm_adjusted({}).empty());
}

TEST(Power, AgreesWithStatsmodels) {
  for (const auto& c : reference()["power"])
    expect_close(smallest_detectable_difference(c["items"], c["discordant_share"]), c["difference"], 1e-3);
  EXPECT_EQ(items_to_detect(0.03, 1.0 / 9.0), 969);  // Miller 2024, section 5
  EXPECT_GT(smallest_detectable_difference(100, 0.2, 6), smallest_detectable_difference(100, 0.2));
  EXPECT_EQ(smallest_detectable_difference(0, 0.2), 1.0);
  EXPECT_THROW(items_to_detect(0, 0.2), Error);
}

// ---- simulation ----

constexpr int kRuns = 4000;
// 95% less one point, less 2.5 standard errors of 4,000 runs (each 0.35 points).
constexpr double kLeast = 0.94 - 0.0087, kMost = 0.96 + 0.0087;

// A share is a lattice: at one p and n no interval covers at exactly 95%, so p is drawn anew in every run.
TEST(CoverageSlow, WilsonCoversAtItsRate) {
  Random random(11);
  for (const int n : {30, 100, 300, 1000}) {
    int covered = 0;
    for (int run = 0; run < kRuns; ++run) {
      const double p = 0.05 + 0.9 * random.uniform();
      int successes = 0;
      for (int i = 0; i < n; ++i) successes += random.chance(p);
      const Interval interval = wilson_interval(successes, n);
      covered += interval.low <= p && p <= interval.high;
    }
    const double share = static_cast<double>(covered) / kRuns;
    EXPECT_GE(share, kLeast) << n;
    EXPECT_LE(share, kMost) << n;
  }
}

TEST(CoverageSlow, ClopperPearsonNeverUndercovers) {
  Random random(12);
  for (const int n : {30, 300}) {
    int covered = 0;
    for (int run = 0; run < kRuns; ++run) {
      const double p = 0.05 + 0.9 * random.uniform();
      int successes = 0;
      for (int i = 0; i < n; ++i) successes += random.chance(p);
      const Interval interval = clopper_pearson_interval(successes, n);
      covered += interval.low <= p && p <= interval.high;
    }
    EXPECT_GE(static_cast<double>(covered) / kRuns, 0.95 - 0.0087) << n;
  }
}

TEST(CoverageSlow, TangoCoversAtItsRate) {
  Random random(13);
  for (const int n : {30, 100, 300, 1000}) {
    int covered = 0;
    for (int run = 0; run < kRuns; ++run) {
      const double discordant = 0.1 + 0.4 * random.uniform(), tilt = 0.2 + 0.6 * random.uniform();
      PairedCounts counts;
      for (int i = 0; i < n; ++i) {
        if (!random.chance(discordant))
          ++counts.both;
        else
          ++(random.chance(tilt) ? counts.only_a : counts.only_b);
      }
      const double truth = discordant * (2 * tilt - 1);
      const Interval interval = tango_interval(counts);
      covered += interval.low <= truth && truth <= interval.high;
    }
    const double share = static_cast<double>(covered) / kRuns;
    EXPECT_GE(share, kLeast) << n;
    EXPECT_LE(share, kMost) << n;
  }
}

// A score like field F1: some answers perfect, some useless, the rest spread between; mean 0.6 p + (1 - p)
// / 2.
double graded_score(Random& random, double perfect) {
  if (random.chance(perfect)) return 1.0;
  return random.chance(0.3) ? 0.0 : random.uniform();
}
double graded_mean(double perfect) {
  return perfect + (1 - perfect) * 0.35;
}

TEST(CoverageSlow, BootstrapOfAMeanCoversAtItsRate) {
  Random random(14);
  for (const int n : {30, 100, 300, 1000}) {
    const int runs = n >= 300 ? 1000 : 2500;
    const double slack = 2.5 * std::sqrt(0.95 * 0.05 / runs);
    int covered = 0;
    std::vector<double> scores(static_cast<std::size_t>(n));
    for (int run = 0; run < runs; ++run) {
      const double perfect = 0.1 + 0.6 * random.uniform();
      for (double& score : scores) score = graded_score(random, perfect);
      const Estimate estimate = estimate_mean(scores, static_cast<std::uint64_t>(run));
      covered += estimate.low <= graded_mean(perfect) && graded_mean(perfect) <= estimate.high;
    }
    const double share = static_cast<double>(covered) / runs;
    EXPECT_GE(share, 0.94 - slack) << n;
    EXPECT_LE(share, 0.96 + slack) << n;
  }
}

TEST(CoverageSlow, StudentsIntervalOfAPairedDifferenceCoversAtItsRate) {
  Random random(18);
  for (const int n : {30, 100, 300, 1000}) {
    int covered = 0;
    std::vector<double> differences(static_cast<std::size_t>(n));
    for (int run = 0; run < kRuns; ++run) {
      const double a = 0.1 + 0.6 * random.uniform(), b = 0.1 + 0.6 * random.uniform();
      for (double& difference : differences) difference = graded_score(random, a) - graded_score(random, b);
      const Estimate estimate = estimate_mean_unbounded(differences);
      const double truth = graded_mean(a) - graded_mean(b);
      covered += estimate.low <= truth && truth <= estimate.high;
    }
    const double share = static_cast<double>(covered) / kRuns;
    EXPECT_GE(share, kLeast) << n;
    EXPECT_LE(share, kMost) << n;
  }
}

TEST(CoverageSlow, PairedBootstrapOfADifferenceCoversAndTestsAtItsLevel) {
  Random random(15);
  for (const int n : {30, 100, 300, 1000}) {
    const int runs = n >= 1000 ? 250 : n >= 300 ? 600 : 1500;
    const double slack = 2.5 * std::sqrt(0.95 * 0.05 / runs);
    int covered = 0, rejected = 0;
    std::vector<double> a(static_cast<std::size_t>(n)), b(static_cast<std::size_t>(n));
    for (int run = 0; run < runs; ++run) {
      for (std::size_t i = 0; i < a.size(); ++i) {
        const double easy = 0.2 + 0.6 * random.uniform();  // what makes the arms go together on an item
        a[i] = graded_score(random, easy);
        b[i] = graded_score(random, easy);
      }
      const PairedResult result = compare_paired(a, b, static_cast<std::uint64_t>(run));
      covered += result.low <= 0 && 0 <= result.high;
      rejected += result.p_value < kSignificanceLevel;
    }
    EXPECT_GE(static_cast<double>(covered) / runs, 0.94 - slack) << n;
    EXPECT_LE(static_cast<double>(covered) / runs, 0.96 + slack) << n;
    EXPECT_LE(static_cast<double>(rejected) / runs, 0.06 + slack) << n;
  }
}

TEST(CoverageSlow, McNemarKeepsItsLevelAndMidPUsesMoreOfIt) {
  Random random(16);
  int exact = 0, mid = 0;
  for (int run = 0; run < kRuns; ++run) {
    std::int64_t only_a = 0, only_b = 0;
    for (int i = 0; i < 100; ++i)
      if (random.chance(0.25)) ++(random.chance(0.5) ? only_a : only_b);
    exact += mcnemar_exact(only_a, only_b) < kSignificanceLevel;
    mid += mcnemar_mid_p(only_a, only_b) < kSignificanceLevel;
  }
  EXPECT_LE(exact, kSignificanceLevel * kRuns);
  EXPECT_GT(mid, exact);
  EXPECT_LE(mid, 0.06 * kRuns);
}

TEST(CoverageSlow, PowerIsWhatItSays) {
  Random random(17);
  const std::int64_t n = 400;
  const double discordant = 0.2, difference = smallest_detectable_difference(n, discordant);
  int found = 0;
  for (int run = 0; run < kRuns; ++run) {
    std::int64_t only_a = 0, only_b = 0;
    for (int i = 0; i < n; ++i)
      if (random.chance(discordant)) ++(random.chance(0.5 + 0.5 * difference / discordant) ? only_a : only_b);
    found += mcnemar_mid_p(only_a, only_b) < kSignificanceLevel;
  }
  EXPECT_NEAR(static_cast<double>(found) / kRuns, kPower, 0.03);
}

}  // namespace
}  // namespace fulcrum
