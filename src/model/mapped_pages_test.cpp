// What is given back comes again: the bytes of every tensor are the file's afterwards. That memory is really
// given back is measured where it counts, in infer/mapped_model_test.cpp.
#include "model/mapped_pages.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "model/tiny_model.h"

namespace fulcrum {
namespace {

TEST(MappedPages, ATensorsBytesComeAgainFromTheFile) {
  const Path path = Path(testing::TempDir()) / fmt::format("mapped-pages-{}.gguf", ::getpid());
  TinyModelOptions options;
  options.d_model = 64;  // matrices of several pages
  options.d_ff = 256;
  save_model_file(make_tiny_model(options), DType::f32, path);
  const ModelFile model = load_model_file(path);
  const std::string before = weights_sha256(model.weights);
  for (const Tensor& tensor : model.weights.all()) release_pages(model, tensor);
  EXPECT_EQ(weights_sha256(model.weights), before);
  std::filesystem::remove(path);
}

TEST(MappedPages, MemoryThatIsNoMapIsLeftAlone) {
  const ModelFile model = make_tiny_model({});
  const std::string before = weights_sha256(model.weights);
  for (const Tensor& tensor : model.weights.all()) release_pages(model, tensor);
  EXPECT_EQ(weights_sha256(model.weights), before);
}

}  // namespace
}  // namespace fulcrum
