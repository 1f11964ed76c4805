// Two arms on the same items: is one better, and by how much? Nothing here compares arms that saw different
// items.
//
// Scores of 0 and 1 are compared by McNemar's test, which looks only at the items where the arms disagree,
// with Tango's score interval for the difference; graded scores by the paired bootstrap. Differences are a
// minus b throughout. Sources: McNemar 1947; Lancaster 1961 and Fagerland et al. 2013 (mid-p); Tango 1998
// (score interval); Efron & Tibshirani 1993, chapter 16 (bootstrap test under the null, here by shifting the
// differences to mean zero).
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "measure/intervals.h"

namespace fulcrum {

// The four kinds of item of two 0/1 arms.
struct PairedCounts {
  std::int64_t both = 0, only_a = 0, only_b = 0, neither = 0;
  std::int64_t total() const { return both + only_a + only_b + neither; }
  std::int64_t discordant() const { return only_a + only_b; }
};

PairedCounts count_pairs(std::span<const double> a, std::span<const double> b);

// Two-sided p-values; 1 without a discordant pair.
double mcnemar_exact(std::int64_t only_a, std::int64_t only_b);
double mcnemar_mid_p(std::int64_t only_a, std::int64_t only_b);

// Interval of the difference of the two shares (a minus b) by inverting Tango's score test.
Interval tango_interval(const PairedCounts& counts);

struct PairedResult {
  double difference = 0, low = 0, high = 0;
  double p_value = 1;  // two-sided
  std::string test;    // "McNemar, exact" or "paired bootstrap"
  std::int64_t n = 0;
  bool operator==(const PairedResult&) const = default;
};

// Picks the test by the scores: McNemar when every score of both arms is 0 or 1, the paired bootstrap
// otherwise. a and b are in the same order of items. Error(invalid_argument) if their lengths differ or are
// below 2.
PairedResult compare_paired(std::span<const double> a, std::span<const double> b, std::uint64_t seed);

// The paired bootstrap for a figure that is not a mean of items (macro-F1): both arms on the same resampled
// items.
PairedResult compare_paired_statistic(std::int64_t n, const Statistic& a, const Statistic& b,
                                      std::uint64_t seed);

// A quick two-sided p-value by Student's t on the differences, for loops that test thousands of times.
double paired_t_p_value(std::span<const double> differences);

}  // namespace fulcrum
