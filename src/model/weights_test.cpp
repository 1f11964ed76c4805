#include "model/weights.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "base/error.h"
#include "model/tiny_model.h"

namespace fulcrum {
namespace {

std::string message_of(const std::function<void()>& work, ErrorCode code) {
  try {
    work();
  } catch (const Error& error) {
    EXPECT_EQ(to_string(error.code()), to_string(code)) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return "";
}

Tensor& named(std::vector<Tensor>& tensors, std::string_view name) {
  for (Tensor& tensor : tensors) {
    if (tensor.name == name) return tensor;
  }
  throw_error(ErrorCode::internal, "no tensor {}", name);
}

// A copy in `dtype` with the element at `index` made infinite.
Tensor with_infinity(const Tensor& tensor, DType dtype, std::int64_t index) {
  OwnedTensor copy = make_f32(tensor.name, tensor.shape);
  const Tensor values = to_f32(tensor);
  std::copy(values.f32().begin(), values.f32().end(), copy.values.begin());
  copy.values[static_cast<std::size_t>(index)] = std::numeric_limits<float>::infinity();
  return convert(copy.tensor, dtype);
}

TEST(Weights, AssembleTakesEveryTensorToItsPlace) {
  for (const char* architecture : {"llama", "qwen2", "qwen3"}) {
    TinyModelOptions options;
    options.architecture = architecture;
    options.tied_output = false;
    const ModelFile model = make_tiny_model(options);
    std::vector<Tensor> tensors = model.weights.all();
    std::reverse(tensors.begin(), tensors.end());  // the order of a file does not matter
    const ModelWeights again = assemble_weights(model.config, tensors);
    EXPECT_EQ(weights_sha256(again), weights_sha256(model.weights));
    EXPECT_EQ(again.layers[1].ffn_down.shape, (Shape{32, 48}));
    EXPECT_EQ(again.layers[0].attn_q_bias.bytes.empty(), std::string_view(architecture) != "qwen2");
    EXPECT_EQ(again.layers[0].attn_k_norm.bytes.empty(), std::string_view(architecture) != "qwen3");
  }
}

TEST(Weights, AMissingTensorIsNamedWithItsShape) {
  const ModelFile model = make_tiny_model({});
  std::vector<Tensor> tensors = model.weights.all();
  std::erase_if(tensors, [](const Tensor& tensor) { return tensor.name == "blk.1.attn_k.bias"; });
  const std::string message =
      message_of([&] { assemble_weights(model.config, tensors); }, ErrorCode::corrupt);
  EXPECT_EQ(message, "the tensor 'blk.1.attn_k.bias' [16] is missing");
}

TEST(Weights, AWrongShapeIsPrintedBesideTheRightOne) {
  const ModelFile model = make_tiny_model({});
  std::vector<Tensor> tensors = model.weights.all();
  Tensor& down = named(tensors, "blk.0.ffn_down.weight");
  std::swap(down.shape[0], down.shape[1]);
  const std::string message =
      message_of([&] { assemble_weights(model.config, tensors); }, ErrorCode::corrupt);
  EXPECT_EQ(
      message,
      "the tensor 'blk.0.ffn_down.weight' has the shape [48, 32] where the configuration needs [32, 48]");
}

TEST(Weights, ATensorWithoutAPlaceIsRefused) {
  const ModelFile model = make_tiny_model({});
  std::vector<Tensor> tensors = model.weights.all();
  tensors.push_back(make_f32("rope_freqs.weight", {4}).tensor);
  const std::string message =
      message_of([&] { assemble_weights(model.config, tensors); }, ErrorCode::unsupported);
  EXPECT_NE(message.find("'rope_freqs.weight' [4] has no place"), std::string::npos) << message;
}

TEST(Weights, InfinityAndNanAreFoundInEveryType) {
  const ModelFile model = make_tiny_model({});
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    std::vector<Tensor> tensors = model.weights.all();
    Tensor& gate = named(tensors, "blk.1.ffn_gate.weight");
    gate = with_infinity(gate, dtype, 77);
    const std::string message =
        message_of([&] { assemble_weights(model.config, tensors); }, ErrorCode::corrupt);
    EXPECT_NE(message.find("'blk.1.ffn_gate.weight' holds NaN or infinity at element 77"), std::string::npos)
        << message;
  }
}

TEST(Weights, AnInfiniteScaleOfABlockIsFound) {
  const ModelFile model = make_tiny_model({});
  std::vector<Tensor> tensors = model.weights.all();
  Tensor& gate = named(tensors, "blk.1.ffn_gate.weight");
  const Tensor blocks = convert(gate, DType::q8_0);
  auto bytes = std::make_shared<std::vector<std::byte>>(blocks.bytes.begin(), blocks.bytes.end());
  (*bytes)[3 * 34] = std::byte{0x00};
  (*bytes)[3 * 34 + 1] = std::byte{0x7c};  // f16 infinity
  gate = {blocks.name, DType::q8_0, blocks.shape, *bytes, bytes};
  const std::string message =
      message_of([&] { assemble_weights(model.config, tensors); }, ErrorCode::corrupt);
  EXPECT_NE(message.find("at element 96"), std::string::npos) << message;
}

TEST(Weights, TheDigestSeesOneChangedBit) {
  const ModelFile model = make_tiny_model({});
  const std::string before = weights_sha256(model.weights);
  EXPECT_EQ(before.size(), 64U);
  ModelWeights changed = model.weights;
  Tensor& up = changed.layers[0].ffn_up;
  auto bytes = std::make_shared<std::vector<std::byte>>(up.bytes.begin(), up.bytes.end());
  bytes->back() ^= std::byte{1};
  up.bytes = *bytes;
  up.owner = bytes;
  EXPECT_NE(weights_sha256(changed), before);
  EXPECT_EQ(weights_sha256(model.weights), before);
}

TEST(Weights, RandomWeightsFollowTheSeedAndTheDeviation) {
  const ModelConfig config = make_tiny_config({}, 500);
  const ModelWeights one = random_weights(config, 7, 0.02);
  EXPECT_EQ(weights_sha256(one), weights_sha256(random_weights(config, 7, 0.02)));
  EXPECT_NE(weights_sha256(one), weights_sha256(random_weights(config, 8, 0.02)));
  double squares = 0;
  for (const float value : one.token_embd.f32()) squares += static_cast<double>(value) * value;
  EXPECT_NEAR(std::sqrt(squares / static_cast<double>(one.token_embd.elements())), 0.02, 0.001);
  squares = 0;
  for (const float value : one.layers[0].ffn_down.f32()) squares += static_cast<double>(value) * value;
  EXPECT_NEAR(std::sqrt(squares / static_cast<double>(one.layers[0].ffn_down.elements())), 0.01, 0.001);
  for (const float value : one.output_norm.f32()) EXPECT_EQ(value, 1.0F);
  for (const float value : one.layers[1].attn_v_bias.f32()) EXPECT_EQ(value, 0.0F);
}

}  // namespace
}  // namespace fulcrum
