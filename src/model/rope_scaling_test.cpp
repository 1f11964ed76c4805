// The numbers are held against transformers in huggingface_folder_test.cpp; here is what every kind must
// obey.
#include "model/rope_scaling.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"

namespace fulcrum {
namespace {

constexpr std::int64_t kRotaryDim = 16;
constexpr double kTheta = 10000;

RopeScaling scaling(RopeScalingKind kind) {
  RopeScaling result;
  result.kind = kind;
  result.factor = 4;
  result.original_context_tokens = 64;
  result.extended_context_tokens = 256;
  if (kind == RopeScalingKind::longrope || kind == RopeScalingKind::given)
    result.divisors = {1, 1, 1, 1, 2, 2, 3, 4};
  return result;
}

TEST(RopeScaling, FastPairsAreLeftAndSlowOnesAreStretched) {
  for (const RopeScalingKind kind :
       {RopeScalingKind::llama3, RopeScalingKind::yarn, RopeScalingKind::given}) {
    const auto divisors = frequency_divisors(kRotaryDim, kTheta, scaling(kind));
    ASSERT_EQ(divisors.size(), 8U) << to_string(kind);
    EXPECT_NEAR(divisors.front(), 1, 1e-6) << to_string(kind);
    EXPECT_NEAR(divisors.back(), 4, 1e-6) << to_string(kind);
    for (std::size_t i = 1; i < divisors.size(); ++i)
      EXPECT_GE(divisors[i], divisors[i - 1]) << to_string(kind);
  }
  for (const float divisor : frequency_divisors(kRotaryDim, kTheta, scaling(RopeScalingKind::linear)))
    EXPECT_EQ(divisor, 4);
  EXPECT_TRUE(frequency_divisors(kRotaryDim, kTheta, {}).empty());
}

TEST(RopeScaling, OnlyYarnAndLongRopeChangeTheMagnitude) {
  const auto magnitude = [](const RopeScaling& scaling) {
    return scaled_frequencies(RopeLayout::adjacent, kRotaryDim, kRotaryDim, kTheta, scaling).magnitude;
  };
  EXPECT_EQ(magnitude({}), 1);
  EXPECT_EQ(magnitude(scaling(RopeScalingKind::linear)), 1);
  EXPECT_EQ(magnitude(scaling(RopeScalingKind::llama3)), 1);
  EXPECT_NEAR(magnitude(scaling(RopeScalingKind::yarn)), 1 + 0.1 * std::log(4.0), 1e-12);
  EXPECT_NEAR(magnitude(scaling(RopeScalingKind::longrope)), std::sqrt(1 + std::log(4.0) / std::log(64.0)),
              1e-12);
  RopeScaling given = scaling(RopeScalingKind::yarn);
  given.attention_factor = 1.5;
  EXPECT_EQ(magnitude(given), 1.5);
}

TEST(RopeScaling, NumbersThatCannotBeAreNamed) {
  const auto message = [](RopeScalingKind kind, void (*spoil)(RopeScaling&)) -> std::string {
    RopeScaling bad = scaling(kind);
    EXPECT_NO_THROW(bad.check(kRotaryDim));
    spoil(bad);
    try {
      bad.check(kRotaryDim);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  using enum RopeScalingKind;
  const auto expect = [&](RopeScalingKind kind, void (*spoil)(RopeScaling&), std::string_view part) {
    EXPECT_NE(message(kind, spoil).find(part), std::string::npos) << message(kind, spoil);
  };
  expect(
      linear, [](RopeScaling& s) { s.factor = 0; }, "type linear: factor is 0");
  expect(
      yarn, [](RopeScaling& s) { s.original_context_tokens = 0; }, "type yarn: the original context is 0");
  expect(
      yarn, [](RopeScaling& s) { s.beta_fast = -1; }, "beta_fast is -1");
  expect(
      llama3, [](RopeScaling& s) { s.high_frequency_factor = 1; }, "type llama3: high_freq_factor is 1");
  expect(
      longrope, [](RopeScaling& s) { s.divisors.pop_back(); }, "type longrope: the number of factors is 7");
  expect(
      given, [](RopeScaling& s) { s.divisors[2] = 0; }, "type given: a factor is 0");
}

}  // namespace
}  // namespace fulcrum
