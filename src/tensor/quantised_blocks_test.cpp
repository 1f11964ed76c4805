#include "tensor/quantised_blocks.h"

#include <gtest/gtest.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "tensor/super_blocks.h"

namespace fulcrum {
namespace {

constexpr DType kAll[] = {DType::q4_0, DType::q4_1, DType::q5_0, DType::q5_1, DType::q8_0,
                          DType::q2_k, DType::q3_k, DType::q4_k, DType::q5_k, DType::q6_k};

DType dtype_named(std::string_view name) {
  for (const DType dtype : kAll) {
    if (to_string(dtype) == name) return dtype;
  }
  throw_error(ErrorCode::internal, "no dtype {}", name);
}

std::vector<std::byte> from_hex(std::string_view hex) {
  std::vector<std::byte> bytes(hex.size() / 2);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    unsigned value = 0;
    std::from_chars(hex.data() + 2 * i, hex.data() + 2 * i + 2, value, 16);
    bytes[i] = static_cast<std::byte>(value);
  }
  return bytes;
}

// The format's own reference decodes blocks of random bits to these bits
// (tests/reference/quantised_blocks.py).
TEST(QuantisedBlocks, DecodeToTheReferencesBits) {
  const Json file = read_json(Path(FULCRUM_SOURCE_DIR) / "tests/cases/quantised_blocks.json");
  std::map<DType, int> seen;
  for (const Json& item : file.at("cases")) {
    const DType dtype = dtype_named(item.at("type").get<std::string>());
    SCOPED_TRACE(to_string(dtype));
    const auto bytes = from_hex(item.at("block").get<std::string>());
    const auto expected = item.at("values").get<std::vector<std::string>>();
    ASSERT_EQ(static_cast<std::int64_t>(bytes.size()), block_bytes(dtype));
    ASSERT_EQ(static_cast<std::int64_t>(expected.size()), block_elements(dtype));
    std::vector<float> values(expected.size());
    decode_blocks(dtype, bytes, values);
    for (std::size_t i = 0; i < values.size(); ++i) {
      ASSERT_EQ(fmt::format("{:08x}", std::bit_cast<std::uint32_t>(values[i])), expected[i])
          << "element " << i;
    }
    ++seen[dtype];
  }
  for (const DType dtype : kAll) EXPECT_GE(seen[dtype], 2) << to_string(dtype);
}

std::vector<float> normal_values(std::size_t count, std::uint32_t seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(0.0f, 0.02f);
  std::vector<float> values(count);
  for (float& value : values) value = normal(generator);
  return values;
}

std::vector<float> round_trip(DType dtype, const std::vector<float>& values) {
  std::vector<std::byte> bytes(
      static_cast<std::size_t>(row_bytes(dtype, static_cast<std::int64_t>(values.size()))));
  encode_blocks(dtype, values, bytes);
  std::vector<float> decoded(values.size());
  decode_blocks(dtype, bytes, decoded);
  return decoded;
}

// Root mean squared error over that of the values themselves.
double relative_error(DType dtype, const std::vector<float>& values) {
  const auto decoded = round_trip(dtype, values);
  double error = 0, size = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    error += std::pow(static_cast<double>(decoded[i]) - static_cast<double>(values[i]), 2);
    size += std::pow(static_cast<double>(values[i]), 2);
  }
  return std::sqrt(error / size);
}

// Bounds: 2% above what the ggml library's own quantisers reach on a million such values.
TEST(QuantisedBlocks, RoundTripErrorsOfNormalValues) {
  const auto values = normal_values(256 * 256, 1);
  const std::map<DType, double> ggml = {{DType::q8_0, 0.005344},
                                        {DType::q5_0, 0.042605},
                                        {DType::q4_0, 0.085741},
                                        {DType::q4_k, 0.071200},
                                        {DType::q6_k, 0.017731}};
  for (const DType dtype : kAll) {
    EXPECT_EQ(ggml.contains(dtype), is_encodable(dtype)) << to_string(dtype);
    if (!is_encodable(dtype)) continue;
    EXPECT_LT(relative_error(dtype, values), 1.02 * ggml.at(dtype)) << to_string(dtype);
  }
}

// What a block can hold comes back exactly: every type decodes to multiples that it then finds again.
TEST(QuantisedBlocks, IntegersComeBack) {
  for (const DType dtype : {DType::q8_0, DType::q4_0, DType::q5_0}) {
    std::vector<float> values(64);
    const int most = dtype == DType::q8_0 ? 127 : dtype == DType::q4_0 ? 8 : 16;
    for (int i = 0; i < 64; ++i) values[static_cast<std::size_t>(i)] = 0.5f * static_cast<float>(i % 12 - 6);
    for (std::size_t first : {0u, 32u}) values[first] = -0.5f * static_cast<float>(most);
    EXPECT_EQ(round_trip(dtype, values), values) << to_string(dtype);
  }
}

TEST(QuantisedBlocks, ZerosAndTinyValuesStayFinite) {
  for (const DType dtype : kAll) {
    if (!is_encodable(dtype)) continue;
    const std::vector<float> zeros(512, 0.0f);
    EXPECT_EQ(round_trip(dtype, zeros), zeros) << to_string(dtype);
    for (const float size : {1e-45f, 1e-38f, 1e-9f}) {  // below what an f16 scale can carry
      auto values = normal_values(512, 2);
      for (float& value : values) value *= size;
      for (const float value : round_trip(dtype, values)) {
        ASSERT_TRUE(std::isfinite(value)) << to_string(dtype);
        ASSERT_LE(std::fabs(value), 1e-6f) << to_string(dtype);
      }
    }
  }
}

TEST(QuantisedBlocks, ABlockWithNanIsFoundAndSpoilsNothingElse) {
  for (const DType dtype : kAll) {
    if (!is_encodable(dtype)) continue;
    SCOPED_TRACE(to_string(dtype));
    const auto elements = static_cast<std::size_t>(block_elements(dtype));
    auto values = normal_values(3 * elements, 3);
    const auto clean = round_trip(dtype, values);
    for (const float bad :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      values[elements + 5] = bad;
      std::vector<std::byte> bytes(3 * static_cast<std::size_t>(block_bytes(dtype)));
      encode_blocks(dtype, values, bytes);
      EXPECT_EQ(find_not_finite_block(dtype, bytes), 1);
      EXPECT_EQ(find_not_finite_block(dtype, std::span(bytes).first(bytes.size() / 3)), -1);
      std::vector<float> decoded(values.size());
      decode_blocks(dtype, bytes, decoded);
      for (std::size_t i = 0; i < elements; ++i) {
        EXPECT_EQ(decoded[i], clean[i]);
        EXPECT_TRUE(std::isnan(decoded[elements + i]));
        EXPECT_EQ(decoded[2 * elements + i], clean[2 * elements + i]);
      }
    }
    // Values beyond f16's scales are found as well.
    std::fill(values.begin(), values.end(), 3e38f);
    std::vector<std::byte> bytes(3 * static_cast<std::size_t>(block_bytes(dtype)));
    encode_blocks(dtype, values, bytes);
    EXPECT_EQ(find_not_finite_block(dtype, bytes), 0);
  }
}

TEST(QuantisedBlocks, ASecondScaleIsLookedAtToo) {
  for (const DType dtype : {DType::q4_1, DType::q5_1, DType::q2_k, DType::q4_k, DType::q5_k}) {
    std::vector<std::byte> bytes(2 * static_cast<std::size_t>(block_bytes(dtype)), std::byte{0});
    EXPECT_EQ(find_not_finite_block(dtype, bytes), -1);
    const int at = block_elements(dtype) == 32 ? 2 : super_block_layout(dtype).d_min;
    bytes[bytes.size() / 2 + static_cast<std::size_t>(at) + 1] = std::byte{0x7C};  // infinity
    EXPECT_EQ(find_not_finite_block(dtype, bytes), 1) << to_string(dtype);
  }
}

TEST(QuantisedBlocks, WrongSizesAndTypesAreErrors) {
  std::vector<std::byte> bytes(34);
  std::vector<float> values(32);
  EXPECT_NO_THROW(decode_blocks(DType::q8_0, bytes, values));
  EXPECT_THROW(decode_blocks(DType::q8_0, std::span(bytes).first(33), values), Error);
  EXPECT_THROW(decode_blocks(DType::q8_0, bytes, std::span(values).first(31)), Error);
  EXPECT_THROW(decode_blocks(DType::f32, bytes, values), Error);
  EXPECT_THROW(encode_blocks(DType::q4_1, values, bytes), Error);
  EXPECT_THROW(encode_blocks(DType::q8_0, std::span(values).first(16), bytes), Error);
}

}  // namespace
}  // namespace fulcrum
