#include "prompt/demonstrations.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace fulcrum {
namespace {

// 40 items, four of five with the same output.
std::vector<Demonstration> skewed_pool() {
  std::vector<Demonstration> pool;
  for (int i = 0; i < 40; ++i) {
    pool.push_back(
        {"train:" + std::to_string(i), "input " + std::to_string(i), i % 5 == 0 ? "rare" : "common", {}});
  }
  return pool;
}

TEST(Demonstrations, OutputsTakeTurns) {
  const auto chosen = choose_demonstrations(skewed_pool(), 8, 1);
  std::map<std::string, int> counts;
  std::set<std::string> ids;
  for (const Demonstration& demonstration : chosen) {
    ++counts[demonstration.output];
    ids.insert(demonstration.id);
  }
  EXPECT_EQ(counts["rare"], 4);
  EXPECT_EQ(counts["common"], 4);
  EXPECT_EQ(ids.size(), 8u);
}

TEST(Demonstrations, TheSeedDecidesAndNothingElse) {
  const auto pool = skewed_pool();
  EXPECT_EQ(choose_demonstrations(pool, 6, 1), choose_demonstrations(pool, 6, 1));
  EXPECT_NE(choose_demonstrations(pool, 6, 1), choose_demonstrations(pool, 6, 2));
  auto longer = choose_demonstrations(pool, 9, 1);
  longer.resize(6);
  EXPECT_EQ(longer, choose_demonstrations(pool, 6, 1));
}

TEST(Demonstrations, ASmallPoolGivesWhatItHas) {
  const auto pool = skewed_pool();
  EXPECT_EQ(choose_demonstrations(pool, 100, 1).size(), 40u);
  EXPECT_TRUE(choose_demonstrations(pool, 0, 1).empty());
  EXPECT_TRUE(choose_demonstrations({}, 3, 1).empty());
}

TEST(DemonstrationFinder, TheMostAlikeComesLast) {
  const std::vector<Demonstration> pool = {{"a", "my card was stolen yesterday", "x", {}},
                                           {"b", "the parcel is late", "y", {}},
                                           {"c", "my card is blocked", "z", {}}};
  const DemonstrationFinder finder(pool);
  EXPECT_EQ(finder.nearest("Card STOLEN!", 2), (std::vector<std::size_t>{2, 0}));
  EXPECT_EQ(finder.nearest("late parcel", 1), (std::vector<std::size_t>{1}));
  // Nothing in common: the first items of the pool.
  EXPECT_EQ(finder.nearest("zebra", 2), (std::vector<std::size_t>{1, 0}));
  EXPECT_EQ(finder.nearest("card", 10).size(), 3u);
}

}  // namespace
}  // namespace fulcrum
