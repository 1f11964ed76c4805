#include "model/quantization.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <map>

#include "base/error.h"
#include "model/tiny_model.h"

namespace fulcrum {
namespace {

class QuantizationTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = Path(::testing::TempDir()) / fmt::format("quantization-{}", ::getpid());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Path folder_;
};

ModelFile wide_model() {
  TinyModelOptions options;
  options.d_model = 256;
  options.d_ff = 256;
  options.head_dim = 32;
  options.n_heads = 8;
  return make_tiny_model(options);
}

TEST_F(QuantizationTest, EveryTensorIsReportedAndReadBackAsReported) {
  const ModelFile model = wide_model();
  // The type, and the error that its matrices may have.
  const std::map<DType, double> bounds = {{DType::f32, 0.0},   {DType::f16, 0.001}, {DType::q8_0, 0.007},
                                          {DType::q4_0, 0.09}, {DType::q4_k, 0.08}, {DType::q6_k, 0.02}};
  for (const auto& [type, bound] : bounds) {
    SCOPED_TRACE(to_string(type));
    const Path path = folder_ / "model.gguf";
    const QuantizationReport report = quantize_model_file(model, type, path);
    const ModelFile read = load_model_file(path);
    const auto tensors = read.weights.all();
    ASSERT_EQ(report.tensors.size(), tensors.size());
    std::int64_t bytes = 0;
    bool plain = false;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      const QuantizedTensor& told = report.tensors[i];
      EXPECT_EQ(told.name, tensors[i].name);
      EXPECT_EQ(told.shape, tensors[i].shape);
      EXPECT_EQ(told.to, tensors[i].dtype) << told.name;
      EXPECT_LE(told.relative_error, bound) << told.name;
      EXPECT_EQ(told.relative_error > 0, told.to != DType::f32) << told.name;
      plain = plain || told.reason.empty();
      bytes += static_cast<std::int64_t>(tensors[i].bytes.size());
    }
    EXPECT_TRUE(plain);
    EXPECT_EQ(report.bytes_after, bytes);
    EXPECT_GE(report.bytes_before, bytes);
  }
}

TEST_F(QuantizationTest, NarrowRowsFallBackAndSayWhy) {
  const QuantizationReport report =
      quantize_model_file(make_tiny_model({}), DType::q4_k, folder_ / "model.gguf");
  for (const QuantizedTensor& tensor : report.tensors) {
    if (tensor.name == "blk.0.attn_q.weight") {
      EXPECT_EQ(tensor.to, DType::q5_0);
      EXPECT_EQ(tensor.reason, "its rows do not fill blocks of 256");
    }
  }
  EXPECT_EQ(load_model_file(folder_ / "model.gguf").weights.layers[0].attn_q.dtype, DType::q5_0);
}

TEST_F(QuantizationTest, ATypeThatIsNotWrittenIsRefusedFirst) {
  EXPECT_THROW(quantize_model_file(make_tiny_model({}), DType::q3_k, folder_ / "model.gguf"), Error);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "model.gguf"));
}

}  // namespace
}  // namespace fulcrum
