// Encoders against transformers. The cases are made by tests/reference/encoders.py.
#include "model/encoder.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstring>

#include "base/error.h"
#include "base/json.h"
#include "formats/safetensors.h"

namespace fulcrum {
namespace {

const Path kCases = Path(FULCRUM_SOURCE_DIR) / "tests/cases/parity/encoders";

std::vector<std::int32_t> tokens_of(const Tensor& tensor) {
  std::vector<std::int64_t> wide(static_cast<std::size_t>(tensor.elements()));
  std::memcpy(wide.data(), tensor.bytes.data(), tensor.bytes.size());
  return {wide.begin(), wide.end()};
}

class Encoders : public testing::TestWithParam<const char*> {};

TEST_P(Encoders, VectorsAreTheReferences) {
  const Path folder = kCases / GetParam();
  const Encoder encoder = load_encoder(folder);
  const SafetensorsFile golden = SafetensorsFile::open(folder / "golden.safetensors");
  for (int i = 0; i < 3; ++i) {
    const std::vector<float> found =
        encoder.encode(tokens_of(*golden.find_tensor(fmt::format("tokens.{}", i))));
    const auto expected = golden.find_tensor(fmt::format("vector.{}", i))->f32();
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t d = 0; d < found.size(); ++d) EXPECT_NEAR(found[d], expected[d], 2e-5) << i << " " << d;
  }
}

TEST_P(Encoders, ATextsVectorHasTheSameBitsEveryTime) {
  const Encoder encoder = load_encoder(kCases / GetParam());
  const std::vector<std::int32_t> tokens = {1, 9, 17, 3};
  EXPECT_EQ(encoder.encode(tokens), encoder.encode(tokens));
}

INSTANTIATE_TEST_SUITE_P(All, Encoders, testing::Values("mean", "first_token"),
                         [](const auto& which) { return std::string(which.param); });

TEST(Encoder, WhatItCannotEmbedIsSaid) {
  const Encoder encoder = load_encoder(kCases / "mean");
  EXPECT_EQ(encoder.dimensions(), 24);
  const auto message = [&](const std::vector<std::int32_t>& tokens) -> std::string {
    try {
      encoder.encode(tokens);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(message({}).find("no tokens"), std::string::npos);
  EXPECT_NE(message({50}).find("token 50 is outside the vocabulary of 50"), std::string::npos);
  EXPECT_NE(message(std::vector<std::int32_t>(33, 1)).find("33 tokens do not fit a context of 32"),
            std::string::npos);
}

TEST(Encoder, ConfigurationsThatAreNoneAreNamed) {
  const Json good = read_json(kCases / "mean/config.json");
  const auto message = [&](const char* key, const Json& value) -> std::string {
    Json config = good;
    config[key] = value;
    try {
      read_encoder_config(config, "config.json");
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message("hidden_act", "gelu"), "");
  EXPECT_NE(message("model_type", "roberta").find("'model_type' is \"roberta\""), std::string::npos);
  EXPECT_NE(message("hidden_act", "relu").find("'hidden_act' is \"relu\""), std::string::npos);
  EXPECT_NE(message("num_attention_heads", 5).find("not a multiple of 5 heads"), std::string::npos);
  EXPECT_NE(message("vocab_size", 0).find("vocab_size is 0"), std::string::npos);
  EXPECT_NE(message("hidden_size", "24").find("wrong type"), std::string::npos);
}

}  // namespace
}  // namespace fulcrum
