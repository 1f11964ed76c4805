#include "measure/confidence_sequence.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "measure/paired_tests.h"

namespace fulcrum {
namespace {

// The capital of the definition, candidate by candidate, with nothing shared with the code under test: a grid
// instead of bisection and products instead of sums of logarithms.
Interval interval_by_definition(const std::vector<double>& values, double miscoverage) {
  constexpr int kGrid = 4000;
  double low = 1, high = 0;
  for (int g = 0; g <= kGrid; ++g) {
    const double m = static_cast<double>(g) / kGrid;
    double up = 1, down = 1, sum = 0.5, squares = 0.25;
    bool out = false;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double t = static_cast<double>(i) + 1;
      const double bet = std::sqrt(2 * std::log(2 / miscoverage) / (squares / t * t * std::log(t + 1)));
      up *= 1 + (m > 0 ? std::min(bet, 0.5 / m) : bet) * (values[i] - m);
      down *= 1 - (m < 1 ? std::min(bet, 0.5 / (1 - m)) : bet) * (values[i] - m);
      out = out || std::max(up, down) / 2 >= 1 / miscoverage;
      sum += values[i];
      const double centre = sum / (t + 1);
      squares += (values[i] - centre) * (values[i] - centre);
    }
    if (out) continue;
    low = std::min(low, m);
    high = std::max(high, m);
  }
  return {low, high};
}

TEST(ConfidenceSequence, IsTheSetOfCandidatesThatTheDefinitionLeaves) {
  Random random(3);
  for (const double share : {0.1, 0.5, 0.93}) {
    std::vector<double> values;
    for (int i = 0; i < 120; ++i) values.push_back(random.chance(share) ? 1.0 : 0.2 * random.uniform());
    ConfidenceSequence sequence(0, 1);
    sequence.add(values);
    const Interval expected = interval_by_definition(values, 0.05), found = sequence.interval();
    EXPECT_NEAR(found.low, expected.low, 0.0005) << share;
    EXPECT_NEAR(found.high, expected.high, 0.0005) << share;
  }
}

TEST(ConfidenceSequence, ShiftsAndScalesWithItsBounds) {
  ConfidenceSequence unit(0, 1), difference(-1, 1);
  for (const double value : {1.0, 0.0, 0.5, 1.0, 1.0, 0.5}) {
    unit.add(value);
    difference.add(2 * value - 1);
  }
  EXPECT_NEAR(difference.interval().low, 2 * unit.interval().low - 1, 1e-9);
  EXPECT_NEAR(difference.interval().high, 2 * unit.interval().high - 1, 1e-9);
  EXPECT_NEAR(difference.p_value(0), unit.p_value(0.5), 1e-12);
}

TEST(ConfidenceSequence, OnlyEverNarrows) {
  Random random(5);
  ConfidenceSequence sequence(-1, 1);
  EXPECT_EQ(sequence.interval(), (Interval{-1, 1}));
  Interval before = sequence.interval();
  for (int i = 0; i < 200; ++i) {
    sequence.add(random.chance(0.3) ? 1.0 : random.chance(0.3) ? -1.0 : 0.0);
    const Interval now = sequence.interval();
    EXPECT_GE(now.low, before.low - 1e-9);
    EXPECT_LE(now.high, before.high + 1e-9);
    before = now;
  }
  EXPECT_LT(before.high - before.low, 0.7);
}

TEST(ConfidenceSequence, PValueAndIntervalAgree) {
  Random random(6);
  ConfidenceSequence sequence(-1, 1);
  for (int i = 0; i < 150; ++i) sequence.add(random.chance(0.35) ? 1.0 : random.chance(0.1) ? -1.0 : 0.0);
  const Interval interval = sequence.interval();
  ASSERT_GT(interval.low, 0);
  EXPECT_LT(sequence.p_value(0), 0.05);
  EXPECT_NEAR(sequence.p_value(interval.low), 0.05, 1e-4);
  EXPECT_GT(sequence.p_value(0.5 * (interval.low + interval.high)), 0.05);
}

TEST(ConfidenceSequence, RefusesWhatItCannotHold) {
  EXPECT_THROW(ConfidenceSequence(1, 1), Error);
  EXPECT_THROW(ConfidenceSequence(0, 1, 0), Error);
  ConfidenceSequence sequence(0, 1);
  EXPECT_THROW(sequence.add(1.5), Error);
  EXPECT_THROW(sequence.add(NAN), Error);
}

// ---- simulation ----

constexpr int kRuns = 2000;
constexpr double kNoise = 2.5 * 0.0049;  // 2.5 standard errors of a share of 5% in 2,000 runs

// A paired difference of two recipes: nothing on most items, else one way or the other, by all or by a part.
struct PairedSource {
  double discordant, tilt;
  bool graded;
  double mean() const { return discordant * (2 * tilt - 1) * (graded ? 0.5 : 1.0); }
  double draw(Random& random) const {
    if (!random.chance(discordant)) return 0;
    return (random.chance(tilt) ? 1 : -1) * (graded ? random.uniform() : 1.0);
  }
};

// Looked at after every single item up to 1,000, it may miss in at most 5% of the runs, ever.
TEST(ConfidenceSequenceSlow, CoversAtEveryLookAtOnce) {
  Random random(21);
  for (const bool graded : {false, true}) {
    int ever_missed = 0;
    for (int run = 0; run < kRuns; ++run) {
      const PairedSource source{0.1 + 0.4 * random.uniform(), random.uniform(), graded};
      ConfidenceSequence sequence(-1, 1);
      for (int i = 0; i < 1000; ++i) sequence.add(source.draw(random));
      // The intervals are nested, so the last look misses if any look ever did.
      const Interval interval = sequence.interval();
      ever_missed += source.mean() < interval.low || source.mean() > interval.high;
    }
    EXPECT_LE(ever_missed, (0.05 + kNoise) * kRuns) << graded;
  }
}

// Stopping at the first look that seems to show a difference: a fixed-size test finds one far too often
// between equal arms, this interval does not.
TEST(ConfidenceSequenceSlow, OptionalStoppingNamesAFalseWinnerInAtMostFivePercent) {
  Random random(22);
  int by_fixed_test = 0, by_sequence = 0;
  for (int run = 0; run < kRuns; ++run) {
    const PairedSource equal{0.3, 0.5, false};
    ConfidenceSequence sequence(-1, 1);
    std::int64_t only_a = 0, only_b = 0;
    bool fooled = false, named = false;
    for (int i = 1; i <= 300; ++i) {
      const double difference = equal.draw(random);
      sequence.add(difference);
      only_a += difference > 0;
      only_b += difference < 0;
      if (i % 10 != 0) continue;
      fooled = fooled || mcnemar_mid_p(only_a, only_b) < 0.05;
      named = named || sequence.p_value(0) < 0.05;
    }
    by_fixed_test += fooled;
    by_sequence += named;
  }
  EXPECT_GT(by_fixed_test, 0.15 * kRuns);
  EXPECT_LE(by_sequence, 0.05 * kRuns);
}

// What honesty costs: the items that it takes to see a difference of 20 points.
TEST(ConfidenceSequenceSlow, SeesARealDifferenceWithinAFewTimesTheItemsOfAFixedTest) {
  Random random(23);
  const PairedSource better{0.3, 5.0 / 6.0, false};
  ASSERT_NEAR(better.mean(), 0.2, 1e-12);
  int found = 0;
  constexpr int kFew = 400;
  for (int run = 0; run < kFew; ++run) {
    ConfidenceSequence sequence(-1, 1);
    for (int i = 0; i < 240; ++i) sequence.add(better.draw(random));
    found += sequence.interval().low > 0;
  }
  EXPECT_GT(found, 0.8 * kFew);
}

}  // namespace
}  // namespace fulcrum
