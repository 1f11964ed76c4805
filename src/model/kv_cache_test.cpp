#include "model/kv_cache.h"

#include <gtest/gtest.h>

#include <array>

#include "base/error.h"
#include "model/tiny_model.h"

namespace fulcrum {
namespace {

constexpr std::int64_t kBlockTokens = 4;

ModelConfig config() {
  return make_tiny_config({}, 16);
}

std::int64_t bytes_of_blocks(std::int64_t blocks) {
  const ModelConfig numbers = config();
  return blocks * numbers.n_layers * 2 * kBlockTokens * numbers.n_kv_heads * numbers.head_dim * 4;
}

TEST(KvCache, HoldsAsManyBlocksAsTheBytesAllow) {
  KvCache cache(config(), kBlockTokens, bytes_of_blocks(3) + 5);
  EXPECT_EQ(cache.capacity_blocks(), 3);
  EXPECT_EQ(cache.block_bytes(), bytes_of_blocks(1));
  EXPECT_EQ(cache.blocks_of(0), 0);
  EXPECT_EQ(cache.blocks_of(4), 1);
  EXPECT_EQ(cache.blocks_of(5), 2);
}

TEST(KvCache, RefusesLessThanOneBlockAndMoreThanItHas) {
  try {
    KvCache cache(config(), kBlockTokens, bytes_of_blocks(1) - 1);
    FAIL() << "a cache without a block was made";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::too_large);
  }
  KvCache cache(config(), kBlockTokens, bytes_of_blocks(2));
  KvSequence sequence(cache);
  sequence.make_room(5);
  KvSequence other(cache);
  try {
    other.make_room(1);
    FAIL() << "room was made where there is none";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::too_large);
    EXPECT_NE(std::string(error.what()).find("0 of 2 are free"), std::string::npos) << error.what();
  }
  EXPECT_TRUE(other.blocks().empty());
}

TEST(KvCache, BlocksReturnWhenTheLastHolderLetsGo) {
  KvCache cache(config(), kBlockTokens, bytes_of_blocks(4));
  {
    KvSequence first(cache);
    first.make_room(8);
    first.advance(8);
    const KvSequence second(cache, first.blocks());
    EXPECT_EQ(second.length(), 8);
    EXPECT_EQ(cache.references(first.blocks()[0]), 2);
    first = KvSequence(cache);
    EXPECT_EQ(cache.free_blocks(), 2);
  }
  EXPECT_EQ(cache.free_blocks(), 4);
}

TEST(KvCache, AForkSharesFullBlocksAndCopiesTheBegunOne) {
  KvCache cache(config(), kBlockTokens, bytes_of_blocks(6));
  KvSequence first(cache);
  first.make_room(6);
  first.advance(6);
  const std::int64_t last_layer = config().n_layers - 1;
  cache.keys(first.blocks()[1], 0)[0] = 1.5F;
  cache.values(first.blocks()[1], last_layer)[3] = 2.5F;

  KvSequence fork = first.fork();
  ASSERT_EQ(fork.length(), 6);
  EXPECT_EQ(fork.blocks()[0], first.blocks()[0]);
  ASSERT_NE(fork.blocks()[1], first.blocks()[1]);
  EXPECT_EQ(cache.keys(fork.blocks()[1], 0)[0], 1.5F);
  EXPECT_EQ(cache.values(fork.blocks()[1], last_layer)[3], 2.5F);
  cache.keys(fork.blocks()[1], 0)[0] = 9;
  EXPECT_EQ(cache.keys(first.blocks()[1], 0)[0], 1.5F);
}

TEST(KvCache, AdvancingBeyondTheRoomIsAnError) {
  KvCache cache(config(), kBlockTokens, bytes_of_blocks(2));
  KvSequence sequence(cache);
  sequence.make_room(4);
  sequence.advance(4);
  EXPECT_THROW(sequence.advance(1), Error);
}

}  // namespace
}  // namespace fulcrum
