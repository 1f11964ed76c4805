#include "tensor/dtype.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "base/error.h"

namespace fulcrum {
namespace {

TEST(DType, EveryF16ValueComesBack) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float value = f16_to_f32(half);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(f16_to_f32(f32_to_f16(value))));
    } else {
      ASSERT_EQ(f32_to_f16(value), half) << bits;
    }
  }
}

TEST(DType, F16KnownValues) {
  EXPECT_EQ(f16_to_f32(0x3C00), 1.0f);
  EXPECT_EQ(f16_to_f32(0xC000), -2.0f);
  EXPECT_EQ(f16_to_f32(0x7BFF), 65504.0f);
  EXPECT_EQ(f16_to_f32(0x0001), 0x1p-24f);
  EXPECT_EQ(f16_to_f32(0x0400), 0x1p-14f);
  EXPECT_TRUE(std::isinf(f16_to_f32(0x7C00)));
  EXPECT_TRUE(std::signbit(f16_to_f32(0x8000)));
  EXPECT_EQ(f32_to_f16(65519.0f), 0x7BFF);
  EXPECT_EQ(f32_to_f16(65520.0f), 0x7C00);
  EXPECT_EQ(f32_to_f16(-std::numeric_limits<float>::infinity()), 0xFC00);
}

// The two f16 neighbours of a value are found by search, so that rounding is checked by its definition.
TEST(DType, F16RoundsToNearestEven) {
  std::mt19937 generator(7);
  std::uniform_real_distribution<double> exponent(-27.0, 15.9);
  const auto check = [](float value) {
    std::uint16_t below = 0, above = 0x7BFF;
    while (above - below > 1) {
      const auto middle = static_cast<std::uint16_t>((above + below) / 2);
      (f16_to_f32(middle) <= value ? below : above) = middle;
    }
    const double to_below = static_cast<double>(value) - static_cast<double>(f16_to_f32(below));
    const double to_above = static_cast<double>(f16_to_f32(above)) - static_cast<double>(value);
    const bool up = to_above < to_below || (to_above == to_below && above % 2 == 0);
    ASSERT_EQ(f32_to_f16(value), up ? above : below) << value;
    ASSERT_EQ(f32_to_f16(-value), (up ? above : below) | 0x8000) << -value;
  };
  for (int i = 0; i < 20000; ++i) check(static_cast<float>(std::exp2(exponent(generator))));
  for (std::uint16_t half = 0; half < 0x7BFF; half = static_cast<std::uint16_t>(half + 13)) {
    const float next = f16_to_f32(static_cast<std::uint16_t>(half + 1));
    check((f16_to_f32(half) + next) / 2);  // exact ties
  }
}

TEST(DType, Bf16RoundsToNearestEven) {
  EXPECT_EQ(f32_to_bf16(1.0f), 0x3F80);
  EXPECT_EQ(f32_to_bf16(std::bit_cast<float>(0x3F808000u)), 0x3F80);  // tie, to even
  EXPECT_EQ(f32_to_bf16(std::bit_cast<float>(0x3F818000u)), 0x3F82);
  EXPECT_EQ(f32_to_bf16(std::bit_cast<float>(0x3F808001u)), 0x3F81);
  EXPECT_EQ(f32_to_bf16(std::numeric_limits<float>::max()), 0x7F80);
  EXPECT_TRUE(std::isnan(bf16_to_f32(f32_to_bf16(std::bit_cast<float>(0x7F800001u)))));
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const float value = bf16_to_f32(static_cast<std::uint16_t>(bits));
    if (!std::isnan(value)) {
      ASSERT_EQ(f32_to_bf16(value), bits);
    }
  }
}

TEST(DType, RowBytes) {
  EXPECT_EQ(row_bytes(DType::f32, 10), 40);
  EXPECT_EQ(row_bytes(DType::bf16, 10), 20);
  EXPECT_EQ(row_bytes(DType::q8_0, 64), 68);
  EXPECT_EQ(row_bytes(DType::q4_k, 512), 288);
  EXPECT_THROW(row_bytes(DType::q8_0, 33), Error);
  EXPECT_THROW(row_bytes(DType::q4_k, 128), Error);
  EXPECT_THROW(row_bytes(DType::f32, -1), Error);
  EXPECT_THROW(row_bytes(DType::f32, INT64_MAX / 2), Error);
}

}  // namespace
}  // namespace fulcrum
