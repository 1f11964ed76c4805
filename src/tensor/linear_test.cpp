#include "tensor/linear.h"

#include <limits>

#include "base/error.h"
#include "tensor/matmul.h"
#include "tensor/tensor_testing.h"

namespace fulcrum {
namespace {

using testing::Floats;
using testing::random_floats;

Tensor to_tensor(ConstMatrix matrix, const Shape& shape) {
  OwnedTensor made = make_f32("test", shape);
  for (std::int64_t i = 0; i < matrix.rows; ++i) {
    std::copy_n(matrix.row(i), matrix.columns, made.values.begin() + i * matrix.columns);
  }
  return made.tensor;
}

struct Case {
  std::int64_t inputs, outputs;
};

class LinearTypes : public ::testing::TestWithParam<DType> {};

// Value against three loops; and the law: rows alone, together, and with any number of threads, the same
// bits.
TEST_P(LinearTypes, BitsDoNotDependOnRowsOrThreads) {
  const DType dtype = GetParam();
  for (const Case c : {Case{64, 48}, Case{288, 160}, Case{32, 1}, Case{544, 33}}) {
    SCOPED_TRACE(fmt::format("{} -> {}", c.inputs, c.outputs));
    constexpr std::int64_t kRows = 50;  // with and without a buffer of widened weights
    const Tensor weight =
        convert(to_tensor(random_floats(c.outputs, c.inputs, 1, 0.1f).view(), {c.outputs, c.inputs}), dtype);
    const Tensor exact = to_f32(weight);
    const Tensor bias = to_tensor(random_floats(1, c.outputs, 2).view(), {c.outputs});
    const Floats x = random_floats(kRows, c.inputs, 3, 1.0f, 3);
    testing::for_each_instruction_set([&] {
      const Linear linear = Linear::pack(weight, &bias);
      EXPECT_EQ(linear.inputs(), c.inputs);
      EXPECT_EQ(linear.outputs(), c.outputs);
      Floats alone(kRows, c.outputs, 2);
      for (std::int64_t t = 0; t < kRows; ++t) {
        linear.apply({x.view().row(t), 1, c.inputs, x.stride},
                     {alone.matrix().row(t), 1, c.outputs, alone.stride});
      }
      Floats expected(kRows, c.outputs);
      matmul_reference(x.view(), {exact.f32().data(), c.outputs, c.inputs, c.inputs}, expected.matrix());
      testing::Array with_bias = testing::to_array(expected.view());
      for (std::int64_t t = 0; t < kRows; ++t) {
        for (std::int64_t n = 0; n < c.outputs; ++n) {
          with_bias.at(t, n) += static_cast<double>(bias.f32()[static_cast<std::size_t>(n)]);
        }
      }
      testing::expect_close(alone.view(), with_bias, 2e-6);
      for (const int threads : {1, 2, 4}) {
        const testing::Threads scope(threads);
        for (std::int64_t rows = 1; rows <= kRows; ++rows) {
          Floats together(rows, c.outputs);
          linear.apply({x.values.data(), rows, c.inputs, x.stride}, together.matrix());
          testing::expect_same_bits(together.view(), {alone.values.data(), rows, c.outputs, alone.stride});
        }
      }
    });
  }
}

INSTANTIATE_TEST_SUITE_P(All, LinearTypes, ::testing::Values(DType::f32, DType::f16, DType::bf16),
                         [](const auto& tested) { return std::string(to_string(tested.param)); });

// Borders of the parts inside of a panel of 32 outputs, and at its end.
TEST(Linear, PartsSideBySideAreTheLayerOfTheirRows) {
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16, DType::q8_0, DType::q4_k}) {
    SCOPED_TRACE(to_string(dtype));
    const Tensor whole = convert(to_tensor(random_floats(117, 256, 1, 0.1f).view(), {117, 256}), dtype);
    const Tensor bias = to_tensor(random_floats(1, 117, 2).view(), {117});
    std::vector<Tensor> parts;
    std::size_t at = 0;
    for (const std::int64_t rows : {5, 27, 84, 1}) {
      const auto size = static_cast<std::size_t>(rows * row_bytes(dtype, 256));
      parts.push_back({"part", dtype, {rows, 256}, whole.bytes.subspan(at, size), whole.owner});
      at += size;
    }
    ASSERT_EQ(at, whole.bytes.size());
    const Linear one = Linear::pack(whole, &bias), stacked = Linear::pack(parts, &bias);
    EXPECT_EQ(stacked.outputs(), 117);
    const Floats x = random_floats(14, 256, 3);
    Floats expected(14, 117), found(14, 117);
    one.apply(x.view(), expected.matrix());
    stacked.apply(x.view(), found.matrix());
    testing::expect_same_bits(found.view(), expected.view());
  }
  const Tensor narrow = to_tensor(random_floats(4, 32, 1).view(), {4, 32});
  const Tensor wide = to_tensor(random_floats(4, 64, 1).view(), {4, 64});
  const Tensor halves = convert(narrow, DType::f16);
  EXPECT_THROW(Linear::pack(std::vector<Tensor>{narrow, wide}, nullptr), Error);
  EXPECT_THROW(Linear::pack(std::vector<Tensor>{narrow, halves}, nullptr), Error);
  EXPECT_THROW(Linear::pack(std::vector<Tensor>{}, nullptr), Error);
}

TEST(Linear, ManyRowsAcrossBlocksAndThreads) {
  const Tensor weight = to_tensor(random_floats(300, 70, 1).view(), {300, 70});
  const Linear linear = Linear::pack(weight, nullptr);
  const Floats x = random_floats(150, 70, 2);
  Floats alone(150, 300), together(150, 300);
  for (std::int64_t t = 0; t < 150; ++t) {
    linear.apply({x.view().row(t), 1, 70, 70}, {alone.matrix().row(t), 1, 300, 300});
  }
  const testing::Threads scope(4);
  linear.apply(x.view(), together.matrix());
  testing::expect_same_bits(together.view(), alone.view());
}

// With fused multiply-add the sum is the textbook chain, and its bits can be written down.
TEST(Linear, SumIsOneChainInAscendingOrder) {
  if (!__builtin_cpu_supports("fma")) GTEST_SKIP() << "this CPU has no fused multiply-add";
  const Floats w = random_floats(5, 600, 1), x = random_floats(1, 600, 2);
  const Linear linear = Linear::pack(to_tensor(w.view(), {5, 600}), nullptr);
  Floats y(1, 5);
  linear.apply(x.view(), y.matrix());
  for (std::int64_t n = 0; n < 5; ++n) {
    float sum = 0;
    for (std::int64_t k = 0; k < 600; ++k) sum = std::fma(x.view().row(0)[k], w.view().row(n)[k], sum);
    EXPECT_EQ(y.values[static_cast<std::size_t>(n)], sum);
  }
}

// A bad row spoils nothing but itself.
TEST(Linear, NanStaysInItsRow) {
  const Linear linear = Linear::pack(to_tensor(random_floats(40, 32, 1).view(), {40, 32}), nullptr);
  Floats x = random_floats(9, 32, 2), y(9, 40);
  x.values[3 * 32 + 5] = std::numeric_limits<float>::quiet_NaN();
  linear.apply(x.view(), y.matrix());
  EXPECT_EQ(find_not_finite(y.values), 3 * 40);
  EXPECT_EQ(find_not_finite(y.span().subspan(4 * 40)), -1);
}

TEST(Linear, WrongShapesAreErrors) {
  const Tensor weight = to_tensor(random_floats(4, 8, 1).view(), {4, 8});
  const Tensor short_bias = to_tensor(random_floats(1, 3, 1).view(), {3});
  EXPECT_THROW(Linear::pack(weight, &short_bias), Error);
  EXPECT_THROW(Linear::pack(short_bias, nullptr), Error);
  Floats x(2, 7), y(2, 4);
  EXPECT_THROW(Linear::pack(weight, nullptr).apply(x.view(), y.matrix()), Error);
  EXPECT_THROW(Linear().apply(x.view(), y.matrix()), Error);
  EXPECT_FALSE(Linear());
}

}  // namespace
}  // namespace fulcrum
