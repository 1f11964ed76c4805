#include "tensor/tensor.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/error.h"
#include "tensor/bf16_rows.h"
#include "tensor/f16_rows.h"
#include "tensor/tensor_testing.h"

namespace fulcrum {
namespace {

ErrorCode code_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "no error was thrown";
  return ErrorCode::internal;
}

Tensor random_tensor(const Shape& shape, std::uint32_t seed) {
  OwnedTensor made = make_f32("random", shape);
  const testing::Floats values = testing::random_floats(1, element_count(shape), seed);
  std::copy(values.values.begin(), values.values.end(), made.values.begin());
  return made.tensor;
}

TEST(Tensor, ElementCountIsChecked) {
  EXPECT_EQ(element_count({}), 1);
  EXPECT_EQ(element_count({3, 4}), 12);
  EXPECT_EQ(element_count({INT64_MAX, INT64_MAX, 0}), 0);
  EXPECT_EQ(code_of([] { element_count({INT64_MAX, 2}); }), ErrorCode::too_large);
  EXPECT_EQ(code_of([] { element_count({3, -1}); }), ErrorCode::corrupt);
  EXPECT_EQ(to_string(Shape{64, 128}), "[64, 128]");
}

TEST(Tensor, OwnedTensorStartsAtZeroAndOutlivesItsMaker) {
  Tensor kept;
  {
    OwnedTensor made = make_f32("x", {2, 3});
    made.values[5] = 7.0f;
    kept = made.tensor;
  }
  const auto values = kept.f32();
  ASSERT_EQ(values.size(), 6u);
  EXPECT_EQ(values[0], 0.0f);
  EXPECT_EQ(values[5], 7.0f);
}

TEST(Tensor, HalvesRoundOnceAndThenStay) {
  const Tensor source = random_tensor({5, 32}, 3);
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    const Tensor encoded = convert(source, dtype);
    EXPECT_EQ(static_cast<std::int64_t>(encoded.bytes.size()), row_bytes(dtype, 160));
    const Tensor decoded = to_f32(encoded);
    const double relative = dtype == DType::f32 ? 0.0 : dtype == DType::f16 ? 0x1p-11 : 0x1p-8;
    for (std::size_t i = 0; i < 160; ++i) {
      ASSERT_NEAR(decoded.f32()[i], source.f32()[i], relative * std::fabs(source.f32()[i]) + 0x1p-25);
    }
    const Tensor again = convert(decoded, dtype);
    EXPECT_EQ(0, std::memcmp(again.bytes.data(), encoded.bytes.data(), encoded.bytes.size()));
  }
}

TEST(Tensor, Q8ErrorIsAtMostHalfAStep) {
  const Tensor source = random_tensor({4, 64}, 5);
  const Tensor decoded = to_f32(convert(source, DType::q8_0));
  for (std::size_t block = 0; block < 8; ++block) {
    float largest = 0;
    for (std::size_t i = 0; i < 32; ++i) largest = std::max(largest, std::fabs(source.f32()[block * 32 + i]));
    // Half a step of rounding, and the scale's own rounding to f16 (relative 2^-11) of up to 127 steps.
    const double allowed = static_cast<double>(largest) / 127.0 * (0.5 + 127.0 * 0x1p-11);
    for (std::size_t i = 0; i < 32; ++i) {
      ASSERT_NEAR(decoded.f32()[block * 32 + i], source.f32()[block * 32 + i], allowed);
    }
  }
}

TEST(Tensor, Q8BlockReadsAsScaleTimesInteger) {
  std::vector<std::byte> bytes(34, std::byte{0});
  const std::uint16_t half = f32_to_f16(0.5f);
  std::memcpy(bytes.data(), &half, 2);
  bytes[2] = std::byte{0x81};   // -127
  bytes[33] = std::byte{0x05};  // 5
  const Tensor decoded = to_f32({"q", DType::q8_0, {32}, bytes, nullptr});
  EXPECT_EQ(decoded.f32()[0], -63.5f);
  EXPECT_EQ(decoded.f32()[1], 0.0f);
  EXPECT_EQ(decoded.f32()[31], 2.5f);
}

TEST(Tensor, ZeroBlockStaysZero) {
  const OwnedTensor zeros = make_f32("z", {32});
  const Tensor decoded = to_f32(convert(zeros.tensor, DType::q8_0));
  for (const float value : decoded.f32()) EXPECT_EQ(value, 0.0f);
}

TEST(Tensor, IntegersAndDoublesDecodeUnaligned) {
  std::vector<std::byte> bytes(1 + 16);
  const double values[2] = {1.5, -3.0};
  std::memcpy(bytes.data() + 1, values, 16);
  const Tensor decoded =
      to_f32({"d", DType::f64, {2}, std::span<const std::byte>(bytes).subspan(1), nullptr});
  EXPECT_EQ(decoded.f32()[1], -3.0f);
}

TEST(Tensor, WrongBytesAndTypesAreNamed) {
  const std::vector<std::byte> bytes(7);
  const Tensor broken{"short", DType::f32, {2}, bytes, nullptr};
  EXPECT_EQ(code_of([&] { to_f32(broken); }), ErrorCode::corrupt);
  EXPECT_EQ(code_of([&] { convert(random_tensor({4}, 1), DType::i8); }), ErrorCode::unsupported);
  EXPECT_EQ(code_of([&] { convert(random_tensor({4}, 1), DType::q8_0); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { convert(random_tensor({4}, 1), DType::f16).f32(); }), ErrorCode::internal);
  // A matrix whose elements, but not whose rows, fill blocks.
  EXPECT_EQ(code_of([&] { convert(random_tensor({2, 16}, 1), DType::q8_0); }), ErrorCode::invalid_argument);
}

TEST(Tensor, FindNotFinite) {
  std::vector<float> values(5000, 1.0f);
  EXPECT_EQ(find_not_finite(values), -1);
  values[4999] = std::numeric_limits<float>::infinity();
  EXPECT_EQ(find_not_finite(values), 4999);
  values[1500] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(find_not_finite(values), 1500);
  EXPECT_EQ(find_not_finite({}), -1);
}

// Every kind of magnitude: the bits of f32_to_f16, but 65504 in place of an infinity made of a number.
TEST(F16Rows, SameBitsAsSingleValuesAndNoInfinityOfANumber) {
  std::vector<float> values;
  for (std::uint32_t bits = 0; bits < 0xFFFFFFFFu - 65521u; bits += 65521)
    values.push_back(std::bit_cast<float>(bits));
  for (const float value :
       {65504.0f, 65519.9f, 65520.0f, 1e9f, 6e-8f, 0x1p-24f, 0x1.8p-24f, 0x1p-25f, 0x1p-14f,
        std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    values.push_back(value);
    values.push_back(-value);
  }
  values.resize(values.size() / 16 * 16 + 13, 1.0f);
  testing::for_each_instruction_set([&] {
    std::vector<std::uint16_t> rounded(values.size());
    round_to_f16(values.data(), static_cast<std::int64_t>(values.size()), rounded.data());
    for (std::size_t i = 0; i < values.size(); ++i) {
      const bool beyond = std::isfinite(values[i]) && std::fabs(values[i]) > 65504.0f;
      const float expected = beyond ? std::copysign(65504.0f, values[i]) : values[i];
      ASSERT_EQ(rounded[i], f32_to_f16(expected)) << values[i];
    }
  });
}

TEST(Bf16Rows, SameBitsAsSingleValues) {
  testing::Floats values = testing::random_floats(37, 51, 9, 100.0f, 5);
  values.values[0] = std::numeric_limits<float>::quiet_NaN();
  values.values[1] = std::numeric_limits<float>::infinity();
  values.values[2] = std::numeric_limits<float>::max();
  testing::for_each_instruction_set([&] {
    std::vector<std::uint16_t> rounded(37 * 51);
    round_rows_to_bf16(values.view(), rounded);
    for (std::int64_t i = 0; i < 37; ++i) {
      for (std::int64_t j = 0; j < 51; ++j) {
        ASSERT_EQ(rounded[static_cast<std::size_t>(i * 51 + j)], f32_to_bf16(values.view().row(i)[j]));
      }
    }
  });
}

}  // namespace
}  // namespace fulcrum
