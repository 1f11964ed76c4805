#include "infer/prefix_cache.h"

#include <gtest/gtest.h>

#include <numeric>

#include "model/tiny_model.h"

namespace fulcrum {
namespace {

constexpr std::int64_t kBlockTokens = 4;

class PrefixCacheTest : public testing::Test {
 protected:
  static std::vector<TokenId> tokens(TokenId first, std::size_t count) {
    std::vector<TokenId> ids(count);
    std::iota(ids.begin(), ids.end(), first);
    return ids;
  }

  // As if the model had computed `ids`.
  KvSequence computed(const std::vector<TokenId>& ids) {
    KvSequence sequence(cache_, {});
    sequence.make_room(static_cast<std::int64_t>(ids.size()));
    sequence.advance(static_cast<std::int64_t>(ids.size()));
    return sequence;
  }

  void remember(const std::vector<TokenId>& ids, PrefixCache::AdapterKey adapter = PrefixCache::kBase) {
    prefixes_.insert(adapter, ids, computed(ids));
  }

  KvCache cache_{make_tiny_config({}, 8), DType::f32, kBlockTokens,
                 std::int64_t{8} * 2 * 2 * kBlockTokens * 16 * 4};
  PrefixCache prefixes_{cache_};
};

TEST_F(PrefixCacheTest, FindsTheLongestBeginningInWholeBlocks) {
  ASSERT_EQ(cache_.capacity_blocks(), 8);
  const auto ids = tokens(0, 10);
  {
    const KvSequence sequence = computed(ids);
    prefixes_.insert(PrefixCache::kBase, ids, sequence);
    EXPECT_EQ(prefixes_.find(PrefixCache::kBase, ids),
              std::vector(sequence.blocks().begin(), sequence.blocks().begin() + 2));
  }
  EXPECT_EQ(prefixes_.size_blocks(), 2);
  EXPECT_EQ(cache_.free_blocks(), 6);
  EXPECT_EQ(prefixes_.find(PrefixCache::kBase, tokens(0, 7)).size(), 1U);
  EXPECT_EQ(prefixes_.find(PrefixCache::kBase, tokens(0, 3)).size(), 0U);
  EXPECT_EQ(prefixes_.find(PrefixCache::kBase, tokens(1, 8)).size(), 0U);
}

TEST_F(PrefixCacheTest, TheSameTokensBehindAnotherBeginningAreAnotherBlock) {
  auto first = tokens(0, 4), second = tokens(50, 4);
  const auto tail = tokens(20, 4);
  first.insert(first.end(), tail.begin(), tail.end());
  second.insert(second.end(), tail.begin(), tail.end());
  remember(first);
  remember(second);
  EXPECT_EQ(prefixes_.size_blocks(), 4);
  EXPECT_NE(prefixes_.find(PrefixCache::kBase, first)[1], prefixes_.find(PrefixCache::kBase, second)[1]);
}

TEST_F(PrefixCacheTest, AdaptersDoNotShare) {
  remember(tokens(0, 4), 1);
  EXPECT_TRUE(prefixes_.find(PrefixCache::kBase, tokens(0, 4)).empty());
  EXPECT_TRUE(prefixes_.find(2, tokens(0, 4)).empty());
  EXPECT_EQ(prefixes_.find(1, tokens(0, 4)).size(), 1U);
  prefixes_.forget(1);
  EXPECT_TRUE(prefixes_.find(1, tokens(0, 4)).empty());
  EXPECT_EQ(cache_.free_blocks(), 8);
}

TEST_F(PrefixCacheTest, ABeginningThatIsKnownKeepsItsBlocks) {
  remember(tokens(0, 4));
  const auto before = prefixes_.find(PrefixCache::kBase, tokens(0, 4));
  remember(tokens(0, 8));
  EXPECT_EQ(prefixes_.find(PrefixCache::kBase, tokens(0, 4)), before);
  EXPECT_EQ(prefixes_.size_blocks(), 2);
  EXPECT_EQ(cache_.free_blocks(), 6);
}

TEST_F(PrefixCacheTest, TheLeastRecentlyUsedLeafGoesFirst) {
  remember(tokens(0, 8));    // two blocks
  remember(tokens(100, 8));  // two blocks
  prefixes_.find(PrefixCache::kBase, tokens(0, 8));
  EXPECT_TRUE(prefixes_.make_free(5));
  EXPECT_EQ(prefixes_.find(PrefixCache::kBase, tokens(100, 8)).size(), 1U);
  EXPECT_EQ(prefixes_.find(PrefixCache::kBase, tokens(0, 8)).size(), 2U);
  EXPECT_TRUE(prefixes_.make_free(8));
  EXPECT_EQ(prefixes_.size_blocks(), 0);
}

TEST_F(PrefixCacheTest, WhatASequenceHoldsIsKeptAndNothingIsGivenUpInVain) {
  const auto ids = tokens(0, 8);
  const KvSequence running = computed(ids);
  prefixes_.insert(PrefixCache::kBase, ids, running);
  remember(tokens(100, 8));
  EXPECT_EQ(prefixes_.releasable_blocks(), 2);
  EXPECT_FALSE(prefixes_.make_free(7));
  EXPECT_EQ(prefixes_.size_blocks(), 4);
  EXPECT_TRUE(prefixes_.make_free(6));
  EXPECT_EQ(prefixes_.find(PrefixCache::kBase, ids).size(), 2U);
}

}  // namespace
}  // namespace fulcrum
