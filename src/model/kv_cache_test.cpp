#include "model/kv_cache.h"

#include <gtest/gtest.h>

#include <algorithm>
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
  KvCache cache(config(), DType::f32, kBlockTokens, bytes_of_blocks(3) + 5);
  EXPECT_EQ(cache.capacity_blocks(), 3);
  EXPECT_EQ(cache.block_bytes(), bytes_of_blocks(1));
  EXPECT_EQ(cache.blocks_of(0), 0);
  EXPECT_EQ(cache.blocks_of(4), 1);
  EXPECT_EQ(cache.blocks_of(5), 2);
}

TEST(KvCache, RefusesLessThanOneBlockAndMoreThanItHas) {
  try {
    KvCache cache(config(), DType::f32, kBlockTokens, bytes_of_blocks(1) - 1);
    FAIL() << "a cache without a block was made";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::too_large);
  }
  KvCache cache(config(), DType::f32, kBlockTokens, bytes_of_blocks(2));
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
  KvCache cache(config(), DType::f32, kBlockTokens, bytes_of_blocks(4));
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

class KvCacheOfType : public testing::TestWithParam<DType> {};

TEST_P(KvCacheOfType, AForkSharesFullBlocksAndCopiesTheBegunOne) {
  KvCache cache(config(), GetParam(), kBlockTokens, bytes_of_blocks(6));
  const std::int64_t part_bytes = cache.block_bytes() / config().n_layers / 2;
  KvSequence first(cache);
  first.make_room(6);
  first.advance(6);
  const std::int64_t last_layer = config().n_layers - 1;
  std::fill_n(cache.keys(first.blocks()[1], 0), part_bytes, std::byte{1});
  std::fill_n(cache.values(first.blocks()[1], last_layer), part_bytes, std::byte{2});

  KvSequence fork = first.fork();
  ASSERT_EQ(fork.length(), 6);
  EXPECT_EQ(fork.blocks()[0], first.blocks()[0]);
  ASSERT_NE(fork.blocks()[1], first.blocks()[1]);
  const auto all_are = [&](const std::byte* bytes, std::byte expected) {
    return std::all_of(bytes, bytes + part_bytes, [&](std::byte byte) { return byte == expected; });
  };
  EXPECT_TRUE(all_are(cache.keys(fork.blocks()[1], 0), std::byte{1}));
  EXPECT_TRUE(all_are(cache.values(fork.blocks()[1], last_layer), std::byte{2}));
  cache.keys(fork.blocks()[1], 0)[0] = std::byte{9};
  EXPECT_TRUE(all_are(cache.keys(first.blocks()[1], 0), std::byte{1}));
}

INSTANTIATE_TEST_SUITE_P(Types, KvCacheOfType, testing::Values(DType::f32, DType::f16),
                         [](const auto& type) { return std::string(to_string(type.param)); });

TEST(KvCache, HalfAsWideHoldsTwiceAsManyBlocks) {
  KvCache cache(config(), DType::f16, kBlockTokens, bytes_of_blocks(3));
  EXPECT_EQ(cache.capacity_blocks(), 6);
  EXPECT_EQ(cache.block_bytes(), bytes_of_blocks(1) / 2);
  EXPECT_EQ(cache_bytes_per_token(config(), DType::f16) * kBlockTokens, cache.block_bytes());
}

// One quantised matrix is enough.
TEST(KvCache, IsHalfAsWideForQuantisedWeights) {
  const ModelFile model = make_tiny_model({});
  EXPECT_EQ(cache_dtype(model.weights), DType::f32);
  for (const DType type : {DType::f16, DType::bf16, DType::q8_0}) {
    ModelWeights weights = model.weights;
    weights.layers[1].ffn_up = convert(weights.layers[1].ffn_up, type);
    EXPECT_EQ(cache_dtype(weights), type == DType::q8_0 ? DType::f16 : DType::f32);
  }
}

TEST(KvCache, AdvancingBeyondTheRoomIsAnError) {
  KvCache cache(config(), DType::f32, kBlockTokens, bytes_of_blocks(2));
  KvSequence sequence(cache);
  sequence.make_room(4);
  sequence.advance(4);
  EXPECT_THROW(sequence.advance(1), Error);
}

}  // namespace
}  // namespace fulcrum
