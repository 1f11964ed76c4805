#include "formats/gguf_writer.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <functional>

#include "base/error.h"
#include "formats/gguf.h"

namespace fulcrum {
namespace {

Tensor counting(std::string name, Shape shape, DType dtype) {
  OwnedTensor tensor = make_f32(std::move(name), std::move(shape));
  for (std::size_t i = 0; i < tensor.values.size(); ++i) tensor.values[i] = static_cast<float>(i) - 3;
  return convert(tensor.tensor, dtype);
}

TEST(GgufWriter, TheWriterRefusesWhatNoReaderTakes) {
  const auto refused = [](const std::function<void(GgufWriter&)>& work) {
    GgufWriter writer;
    try {
      work(writer);
    } catch (const Error& error) {
      return to_string(error.code()) == "invalid_argument";
    }
    return false;
  };
  EXPECT_TRUE(refused([](GgufWriter& w) { w.add_u32("a", 1), w.add_bool("a", true); }));
  EXPECT_TRUE(refused([](GgufWriter& w) { w.add_u32("", 1); }));
  EXPECT_TRUE(refused([](GgufWriter& w) { w.add_u32("ключ", 1); }));
  EXPECT_TRUE(refused(
      [](GgufWriter& w) { w.add(counting("a", {4}, DType::f32)), w.add(counting("a", {4}, DType::f32)); }));
  EXPECT_TRUE(refused([](GgufWriter& w) { w.add(counting(std::string(65, 'a'), {4}, DType::f32)); }));
  EXPECT_TRUE(refused([](GgufWriter& w) { w.add(counting("a", {1, 1, 1, 1, 4}, DType::f32)); }));
  EXPECT_TRUE(refused([](GgufWriter& w) { w.add(counting("a", {0, 4}, DType::f32)); }));
}

TEST(GgufWriter, TheOrderGivenIsTheOrderOfTheFile) {
  GgufWriter writer;
  writer.add("zebra", "first");
  writer.add("ant", "second");
  writer.add(counting("odd", {3}, DType::f32));  // 12 bytes: padded before the next
  writer.add(counting("even", {2, 32}, DType::q8_0));
  const Path path = Path(testing::TempDir()) / fmt::format("gguf-order-{}.gguf", ::getpid());
  writer.write(path);
  const GgufFile file = GgufFile::open(path);
  EXPECT_EQ(file.metadata()[0].first, "zebra");
  EXPECT_EQ(file.metadata()[1].first, "ant");
  EXPECT_EQ(file.tensors()[0].name, "odd");
  EXPECT_EQ(file.tensors()[1].bytes.data() - file.tensors()[0].bytes.data(), 32);
  EXPECT_EQ(std::filesystem::file_size(path) % 32, 0U);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace fulcrum
