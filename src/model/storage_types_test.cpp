#include "model/storage_types.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace fulcrum {
namespace {

ModelConfig config_of(std::int64_t layers) {
  ModelConfig config;
  config.architecture = "llama";
  config.n_layers = layers;
  return config;
}

const Shape kWide = {512, 512}, kNarrow = {512, 192}, kOdd = {512, 40};

TEST(StorageTypes, NormsAndBiasesStayF32) {
  for (const DType type : {DType::f32, DType::f16, DType::q8_0, DType::q4_k}) {
    EXPECT_EQ(stored_type(config_of(2), "blk.0.attn_norm.weight", {512}, type).dtype, DType::f32);
    EXPECT_EQ(stored_type(config_of(2), "blk.0.attn_q.bias", {512}, type).dtype, DType::f32);
  }
}

TEST(StorageTypes, PlainTypesHoldForEveryMatrix) {
  for (const DType type : {DType::f32, DType::f16, DType::bf16, DType::q8_0}) {
    for (const char* name :
         {"token_embd.weight", "blk.0.attn_v.weight", "blk.1.ffn_down.weight", "output.weight"}) {
      EXPECT_EQ(stored_type(config_of(2), name, kWide, type).dtype, type);
      EXPECT_EQ(stored_type(config_of(2), name, kWide, type).reason, "");
    }
  }
}

// The layers that llama.cpp's Q4_K_M keeps finer, counted out for 16 and 32 layers.
TEST(StorageTypes, TheMixQ4KM) {
  const auto finer = [](std::int64_t layers, std::string_view part) {
    std::vector<std::int64_t> found;
    for (std::int64_t i = 0; i < layers; ++i) {
      const auto type = stored_type(config_of(layers), fmt::format("blk.{}.{}", i, part), kWide, DType::q4_k);
      EXPECT_EQ(type.reason.empty(), type.dtype == DType::q4_k);
      if (type.dtype == DType::q6_k) found.push_back(i);
    }
    return found;
  };
  const std::vector<std::int64_t> of_16 = {0, 1, 4, 7, 10, 13, 14, 15};
  const std::vector<std::int64_t> of_32 = {0, 1, 2, 3, 6, 9, 12, 15, 18, 21, 24, 27, 28, 29, 30, 31};
  EXPECT_EQ(finer(16, "attn_v.weight"), of_16);
  EXPECT_EQ(finer(16, "ffn_down.weight"), of_16);
  EXPECT_EQ(finer(32, "ffn_down.weight"), of_32);
  EXPECT_TRUE(finer(32, "ffn_up.weight").empty());
  EXPECT_TRUE(finer(32, "attn_output.weight").empty());
}

TEST(StorageTypes, ProjectionsStoredAsOneHaveOneType) {
  ModelConfig phi = config_of(32);
  phi.architecture = "phi3";
  for (const char* name : {"blk.5.attn_q.weight", "blk.5.attn_k.weight", "blk.5.attn_v.weight"}) {
    EXPECT_EQ(stored_type(phi, name, kWide, DType::q4_k).dtype, DType::q6_k);
  }
}

TEST(StorageTypes, TheMatrixThatMakesLogits) {
  ModelConfig tied = config_of(2), untied = config_of(2);
  tied.tied_output = true;
  EXPECT_EQ(stored_type(tied, "token_embd.weight", kWide, DType::q4_k).dtype, DType::q6_k);
  EXPECT_EQ(stored_type(tied, "token_embd.weight", kWide, DType::q4_0).dtype, DType::q6_k);
  EXPECT_EQ(stored_type(untied, "token_embd.weight", kWide, DType::q4_k).dtype, DType::q4_k);
  EXPECT_EQ(stored_type(untied, "output.weight", kWide, DType::q4_k).dtype, DType::q6_k);
  EXPECT_EQ(stored_type(untied, "output.weight", kNarrow, DType::q4_k).dtype, DType::q8_0);
}

TEST(StorageTypes, RowsThatDoNotFillBlocks) {
  const auto type = [](const Shape& shape, DType wanted) {
    const StoredType stored = stored_type(config_of(2), "blk.0.attn_q.weight", shape, wanted);
    EXPECT_EQ(stored.reason.empty(), stored.dtype == wanted);
    return stored.dtype;
  };
  EXPECT_EQ(type(kNarrow, DType::q4_k), DType::q5_0);
  EXPECT_EQ(type(kNarrow, DType::q6_k), DType::q8_0);
  EXPECT_EQ(type(kNarrow, DType::q4_0), DType::q4_0);
  EXPECT_EQ(type(kOdd, DType::q4_k), DType::f16);
  EXPECT_EQ(type(kOdd, DType::q8_0), DType::f16);
  EXPECT_EQ(type(kOdd, DType::bf16), DType::bf16);
}

TEST(StorageTypes, NamesAndNumbers) {
  EXPECT_EQ(parse_storage_type("F16"), DType::f16);
  EXPECT_EQ(parse_storage_type("Q4_K_M"), DType::q4_k);
  EXPECT_EQ(gguf_file_type(parse_storage_type("q4_k")), 15U);
  EXPECT_EQ(gguf_file_type(DType::q6_k), 18U);
  EXPECT_THROW(gguf_file_type(DType::q2_k), Error);
  try {
    parse_storage_type("q3_k");
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_NE(std::string_view(error.what()).find("'q3_k'"), std::string_view::npos);
    EXPECT_NE(std::string_view(error.what()).find("f32, f16, bf16, q8_0, q4_0, q4_k, q5_0, q6_k"),
              std::string_view::npos);
  }
}

}  // namespace
}  // namespace fulcrum
