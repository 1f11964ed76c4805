#include "tensor/quantised_product.h"

#include <cstring>
#include <limits>

#include "base/error.h"
#include "tensor/linear.h"
#include "tensor/matmul.h"
#include "tensor/quantised_blocks.h"
#include "tensor/super_blocks.h"
#include "tensor/tensor_testing.h"

namespace fulcrum {
namespace {

using testing::Floats;
using testing::random_floats;

// Blocks of random bits with scales of usual size: every quant and every scale of the format occurs.
Tensor random_blocks(DType dtype, std::int64_t outputs, std::int64_t inputs, std::uint32_t seed) {
  const auto bytes =
      std::make_shared<std::vector<std::byte>>(static_cast<std::size_t>(outputs * row_bytes(dtype, inputs)));
  std::mt19937 generator(seed);
  for (std::byte& byte : *bytes) byte = static_cast<std::byte>(generator());
  std::normal_distribution<float> normal(0.0f, 0.01f);
  const auto size = static_cast<std::size_t>(block_bytes(dtype));
  for (std::size_t block = 0; block < bytes->size(); block += size) {
    const auto put_scale = [&](int at) {
      const std::uint16_t bits = f32_to_f16(normal(generator));
      std::memcpy(bytes->data() + block + static_cast<std::size_t>(at), &bits, sizeof(bits));
    };
    if (block_elements(dtype) == 32) {
      put_scale(0);
      if (dtype == DType::q4_1 || dtype == DType::q5_1) put_scale(2);
    } else {
      put_scale(super_block_layout(dtype).d);
      if (super_block_layout(dtype).d_min >= 0) put_scale(super_block_layout(dtype).d_min);
    }
  }
  return {"blocks", dtype, {outputs, inputs}, *bytes, bytes};
}

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

std::vector<Case> cases(DType dtype) {
  if (block_elements(dtype) == 256) return {{256, 33}, {512, 160}, {768, 1}};
  return {{32, 1}, {288, 160}, {544, 33}};
}

class QuantisedTypes : public ::testing::TestWithParam<DType> {};

// Value against three loops over the decoded weights and the rounded x; and the law: rows alone, together,
// and with any number of threads, the same bits.
TEST_P(QuantisedTypes, ValuesAreTheTwinsAndBitsDoNotDependOnRowsOrThreads) {
  const DType dtype = GetParam();
  for (const Case c : cases(dtype)) {
    SCOPED_TRACE(fmt::format("{} -> {}", c.inputs, c.outputs));
    constexpr std::int64_t kRows = 9;
    const Tensor weight = random_blocks(dtype, c.outputs, c.inputs, 1);
    const Tensor exact = to_f32(weight);
    const Tensor bias = to_tensor(random_floats(1, c.outputs, 2).view(), {c.outputs});
    const Floats x = random_floats(kRows, c.inputs, 3, 1.0f, 3);
    Floats rounded(kRows, c.inputs);
    round_inputs_reference(x.view(), rounded.matrix());
    Floats products(kRows, c.outputs);
    matmul_reference(rounded.view(), {exact.f32().data(), c.outputs, c.inputs, c.inputs}, products.matrix());
    testing::Array expected = testing::to_array(products.view());
    for (std::int64_t t = 0; t < kRows; ++t) {
      for (std::int64_t n = 0; n < c.outputs; ++n) {
        expected.at(t, n) += static_cast<double>(bias.f32()[static_cast<std::size_t>(n)]);
      }
    }
    testing::for_each_instruction_set([&] {
      const Linear linear = Linear::pack(weight, &bias);
      Floats alone(kRows, c.outputs, 2);
      for (std::int64_t t = 0; t < kRows; ++t) {
        linear.apply({x.view().row(t), 1, c.inputs, x.stride},
                     {alone.matrix().row(t), 1, c.outputs, alone.stride});
      }
      testing::expect_close(alone.view(), expected, 2e-6);
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

// More rows and panels than one piece of work holds.
TEST_P(QuantisedTypes, ManyRowsAcrossPiecesAndThreads) {
  const Tensor weight = random_blocks(GetParam(), 300, 512, 1);
  const Linear linear = Linear::pack(weight, nullptr);
  const Floats x = random_floats(150, 512, 2);
  Floats alone(150, 300), together(150, 300);
  for (std::int64_t t = 0; t < 150; ++t) {
    linear.apply({x.view().row(t), 1, 512, 512}, {alone.matrix().row(t), 1, 300, 300});
  }
  const testing::Threads scope(4);
  linear.apply(x.view(), together.matrix());
  testing::expect_same_bits(together.view(), alone.view());
}

// What the rounding of x costs on normal values: the stated tolerance.
TEST_P(QuantisedTypes, RoundingTheInputsCostsAboutOnePercent) {
  const Tensor weight = random_blocks(GetParam(), 64, 1024, 1);
  const Tensor exact = to_f32(weight);
  const Floats x = random_floats(8, 1024, 2);
  Floats expected(8, 64), y(8, 64);
  matmul_reference(x.view(), {exact.f32().data(), 64, 1024, 1024}, expected.matrix());
  Linear::pack(weight, nullptr).apply(x.view(), y.matrix());
  double error = 0, size = 0;
  for (std::size_t i = 0; i < y.values.size(); ++i) {
    error += std::pow(static_cast<double>(y.values[i] - expected.values[i]), 2);
    size += std::pow(static_cast<double>(expected.values[i]), 2);
  }
  EXPECT_LT(std::sqrt(error / size), 0.01);
  EXPECT_GT(std::sqrt(error / size), 0.001);  // it is a rounding: better would mean that it did not happen
}

INSTANTIATE_TEST_SUITE_P(All, QuantisedTypes,
                         ::testing::Values(DType::q4_0, DType::q4_1, DType::q5_0, DType::q5_1, DType::q8_0,
                                           DType::q2_k, DType::q3_k, DType::q4_k, DType::q5_k, DType::q6_k),
                         [](const auto& tested) { return std::string(to_string(tested.param)); });

// One chain in ascending groups: with fused multiply-add its bits can be written down.
TEST(QuantisedProduct, SumIsOneChainOverGroups) {
  if (!__builtin_cpu_supports("fma")) GTEST_SKIP() << "this CPU has no fused multiply-add";
  const Tensor weight = random_blocks(DType::q8_0, 5, 320, 1);
  const Floats x = random_floats(1, 320, 2);
  Floats y(1, 5);
  Linear::pack(weight, nullptr).apply(x.view(), y.matrix());
  for (std::int64_t n = 0; n < 5; ++n) {
    float sum = 0;
    for (std::int64_t block = 0; block < 10; ++block) {
      const std::byte* from = weight.bytes.data() + (n * 10 + block) * 34;
      std::uint16_t bits;
      std::memcpy(&bits, from, sizeof(bits));
      float largest = 0;
      for (int i = 0; i < 32; ++i)
        largest = std::max(largest, std::fabs(x.values[static_cast<std::size_t>(block * 32 + i)]));
      int integers = 0;
      for (int i = 0; i < 32; ++i) {
        const float value = x.values[static_cast<std::size_t>(block * 32 + i)];
        integers += static_cast<std::int8_t>(from[2 + i]) *
                    static_cast<int>(std::nearbyint(value * (127.0f / largest)));
      }
      sum = std::fma(static_cast<float>(integers), f16_to_f32(bits) * (largest / 127.0f), sum);
    }
    EXPECT_EQ(y.values[static_cast<std::size_t>(n)], sum);
  }
}

// The largest sums that the integers can reach stay exact.
TEST(QuantisedProduct, ExtremeQuantsDoNotOverflow) {
  for (const DType dtype : {DType::q8_0, DType::q6_k, DType::q5_1}) {
    SCOPED_TRACE(to_string(dtype));
    Tensor weight = random_blocks(dtype, 32, 256, 1);
    const auto bytes = std::make_shared<std::vector<std::byte>>(weight.bytes.begin(), weight.bytes.end());
    if (dtype == DType::q8_0) {
      for (std::size_t i = 0; i < bytes->size(); ++i) {
        if (i % 34 >= 2) (*bytes)[i] = std::byte{0x80};  // -128
      }
    } else if (dtype == DType::q6_k) {
      for (std::size_t i = 0; i < bytes->size(); ++i) {
        if (i % 210 < 208) (*bytes)[i] = std::byte{0x80};  // scales of -128
      }
    } else {
      for (std::size_t i = 0; i < bytes->size(); ++i) {
        if (i % 24 >= 4) (*bytes)[i] = std::byte{0xFF};
      }
    }
    weight = {"w", dtype, weight.shape, *bytes, bytes};
    const Tensor exact = to_f32(weight);
    Floats x(2, 256);
    for (std::int64_t i = 0; i < 256; ++i) {
      x.values[static_cast<std::size_t>(i)] = -1.0f;
      x.values[static_cast<std::size_t>(256 + i)] = 1.0f;
    }
    Floats rounded(2, 256), expected(2, 32);
    round_inputs_reference(x.view(), rounded.matrix());
    matmul_reference(rounded.view(), {exact.f32().data(), 32, 256, 256}, expected.matrix());
    testing::for_each_instruction_set([&] {
      Floats y(2, 32);
      Linear::pack(weight, nullptr).apply(x.view(), y.matrix());
      testing::expect_close(y.view(), testing::to_array(expected.view()), 2e-6);
    });
  }
}

// A bad input spoils its row and nothing else.
TEST(QuantisedProduct, WhatIsNotFiniteStaysInItsRow) {
  const Linear linear = Linear::pack(random_blocks(DType::q4_0, 40, 64, 1), nullptr);
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity()}) {
    testing::for_each_instruction_set([&] {
      Floats x = random_floats(9, 64, 2), y(9, 40);
      x.values[3 * 64 + 37] = bad;
      linear.apply(x.view(), y.matrix());
      for (std::int64_t n = 0; n < 40; ++n) EXPECT_TRUE(std::isnan(y.matrix().row(3)[n]));
      EXPECT_EQ(find_not_finite(y.span().first(3 * 40)), -1);
      EXPECT_EQ(find_not_finite(y.span().subspan(4 * 40)), -1);
    });
  }
}

TEST(QuantisedProduct, ZerosAndTinyInputsGiveTheBias) {
  const Tensor bias = to_tensor(random_floats(1, 40, 2).view(), {40});
  const Linear linear = Linear::pack(random_blocks(DType::q4_k, 40, 256, 1), &bias);
  for (const float value : {0.0f, 1e-45f, -1e-38f}) {
    Floats x(1, 256), y(1, 40);
    std::fill(x.values.begin(), x.values.end(), value);
    linear.apply(x.view(), y.matrix());
    for (std::size_t n = 0; n < 40; ++n) EXPECT_EQ(y.values[n], bias.f32()[n]);
  }
}

TEST(QuantisedProduct, WrongShapesAreErrors) {
  const Tensor weight = random_blocks(DType::q4_0, 40, 64, 1);
  const QuantisedPanels panels = pack_quantised_panels({&weight, 1});
  const std::vector<float> bias(64, 0.0f);
  Floats x(2, 64), y(2, 40);
  EXPECT_NO_THROW(multiply_quantised(x.view(), panels, bias, y.matrix()));
  EXPECT_THROW(multiply_quantised(x.view(), panels, std::span(bias).first(40), y.matrix()), Error);
  EXPECT_THROW(multiply_quantised(y.view(), panels, bias, y.matrix()), Error);
  EXPECT_THROW(multiply_quantised(x.view(), panels, bias, x.matrix()), Error);
  Tensor cut = weight;
  cut.bytes = cut.bytes.first(cut.bytes.size() - 1);
  EXPECT_THROW(Linear::pack(cut, nullptr), Error);
}

}  // namespace
}  // namespace fulcrum
