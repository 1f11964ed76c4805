#include "model/model_shape.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace fulcrum {
namespace {

TEST(ModelShape, IsReadFromItsNumbersOrItsName) {
  const ModelShape shape = parse_model_shape("heads=4,layers=2,width=32,ff=48,kv_heads=2,vocabulary=500");
  EXPECT_EQ(shape.layers, 2);
  EXPECT_EQ(shape.vocabulary, 500);
  EXPECT_EQ(parse_model_shape("163M").width, 576);
}

TEST(ModelShape, SaysWhatIsMissing) {
  try {
    parse_model_shape("layers=2,width=32");
    FAIL() << "a shape without heads was accepted";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("heads is missing"), std::string::npos) << error.what();
  }
  EXPECT_THROW(parse_model_shape("layers=two"), Error);
  EXPECT_THROW(parse_model_shape("depth=2"), Error);
}

TEST(ModelShape, ARandomModelHasItsNumbersAndIsTheSameTwice) {
  const ModelShape shape = parse_model_shape("layers=2,width=32,heads=4,kv_heads=2,ff=48,vocabulary=500");
  const ModelFile model = make_random_model(shape, 64, 3);
  EXPECT_EQ(model.config.vocab_size, 500);
  EXPECT_EQ(model.vocabulary.tokens.size(), 500U);
  EXPECT_EQ(weights_sha256(model.weights), weights_sha256(make_random_model(shape, 64, 3).weights));
  // 2 * (2 layers * 32 * (2*32 + 2*16 + 3*48) + 32 * 500), and 2 * 2 * 32 * 10 a layer for ten past tokens.
  EXPECT_DOUBLE_EQ(flop_per_token(model.config, 0), 2 * (2 * 32 * 240 + 32 * 500));
  EXPECT_DOUBLE_EQ(flop_per_token(model.config, 10) - flop_per_token(model.config, 0), 2 * 2 * 2 * 32 * 10);
}

}  // namespace
}  // namespace fulcrum
