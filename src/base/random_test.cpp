#include "base/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

namespace fulcrum {
namespace {

using Block = std::array<std::uint32_t, 4>;

// The known-answer vectors of the authors' Random123 library, philox4x32 with 10 rounds: counter words 0 and
// 1 are the position, 2 and 3 the stream, the key is the seed.
TEST(Random, AgreesWithTheKnownAnswersOfPhilox) {
  EXPECT_EQ(Random(0, 0).at(0), (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(Random(~0ull, ~0ull).at(~0ull), (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(Random(0x299f31d0a4093822, 0x0370734413198a2e).at(0x85a308d3243f6a88),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Random, RunningFormIsTheSameAsAskingByPosition) {
  Random running(7, 3);
  for (std::uint64_t position = 0; position < 5; ++position) {
    EXPECT_EQ(running.position(), position);
    EXPECT_EQ(running.uniform(), Random(7, 3).uniform_at(position));
  }
  running.seek(1);
  EXPECT_EQ(running.uniform(), Random(7, 3).uniform_at(1));
}

TEST(Random, SeedsAndStreamsAreIndependent) {
  EXPECT_NE(Random(1, 0).at(0), Random(2, 0).at(0));
  EXPECT_NE(Random(1, 0).at(0), Random(1, 1).at(0));
  EXPECT_NE(stream_of("demonstrations"), stream_of("sampling"));
  // FNV-1a's published value for "a".
  EXPECT_EQ(stream_of("a"), 0xaf63dc4c8601ec8cULL);
}

TEST(Random, BoundedDrawsAreEven) {
  Random random(11);
  std::map<std::uint64_t, int> counts;
  constexpr int kDraws = 60'000;
  for (int i = 0; i < kDraws; ++i) ++counts[random.below(6)];
  ASSERT_EQ(counts.size(), 6u);
  double chi_square = 0;
  for (const auto& [value, count] : counts) chi_square += std::pow(count - kDraws / 6.0, 2) / (kDraws / 6.0);
  EXPECT_LT(chi_square, 20.5);  // 99.9% of the chi-square distribution with 5 degrees of freedom
  for (int i = 0; i < 1000; ++i) {
    const std::int64_t value = random.between(-2, 2);
    EXPECT_GE(value, -2);
    EXPECT_LE(value, 2);
  }
}

TEST(Random, NormalHasItsMeanAndVariance) {
  Random random(5);
  constexpr int kDraws = 40'000;
  double sum = 0, squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double value = random.normal();
    sum += value;
    squares += value * value;
  }
  EXPECT_NEAR(sum / kDraws, 0.0, 4.0 / std::sqrt(kDraws));
  EXPECT_NEAR(squares / kDraws, 1.0, 4.0 * std::sqrt(2.0 / kDraws));
}

TEST(Random, ShuffleKeepsEveryItemAndMovesSome) {
  std::vector<int> items(50), before;
  std::iota(items.begin(), items.end(), 0);
  before = items;
  Random(3).shuffle(items);
  EXPECT_NE(items, before);
  std::sort(items.begin(), items.end());
  EXPECT_EQ(items, before);
}

}  // namespace
}  // namespace fulcrum
