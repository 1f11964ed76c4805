// The loss head against a plain sum in double, and that a row does not depend on how many others are learnt.
#include "train/loss_head.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "base/random.h"

namespace fulcrum {
namespace {

constexpr std::int64_t kRows = 700, kColumns = 48, kVocabulary = 300;

struct Case {
  std::vector<float> x = std::vector<float>(kRows * kColumns);
  std::vector<float> output = std::vector<float>(kVocabulary * kColumns);
  std::vector<float> dx = std::vector<float>(kRows * kColumns, 7.0F);
  std::vector<std::int32_t> targets = std::vector<std::int32_t>(kRows);
  std::vector<float> weights = std::vector<float>(kRows);

  // Every `step`th row is learnt.
  explicit Case(std::size_t step) {
    Random random(3, stream_of("loss head"));
    for (float& value : x) value = static_cast<float>(random.normal());
    for (float& value : output) value = static_cast<float>(0.3 * random.normal());
    for (std::size_t t = 0; t < targets.size(); ++t) {
      targets[t] = static_cast<std::int32_t>(t * 37 % kVocabulary);
      weights[t] = t % step == 0 ? 1.0F : 0.0F;
    }
  }

  double loss_backward(LossHead& head, Precision precision) {
    return head.loss_backward({x.data(), kRows, kColumns, kColumns},
                              {output.data(), kVocabulary, kColumns, kColumns}, targets, weights, 16.0,
                              precision, {dx.data(), kRows, kColumns, kColumns}, std::nullopt);
  }
  double loss(LossHead& head, Precision precision) {
    return head.loss({x.data(), kRows, kColumns, kColumns}, {output.data(), kVocabulary, kColumns, kColumns},
                     targets, weights, precision);
  }

  double plain_loss() const {
    double sum = 0;
    for (std::size_t t = 0; t < kRows; ++t) {
      if (weights[t] == 0) continue;
      double total = 0, target = 0;
      for (std::size_t v = 0; v < kVocabulary; ++v) {
        double logit = 0;
        for (std::size_t i = 0; i < kColumns; ++i)
          logit += static_cast<double>(x[t * kColumns + i]) * static_cast<double>(output[v * kColumns + i]);
        total += std::exp(logit);
        if (static_cast<std::int32_t>(v) == targets[t]) target = logit;
      }
      sum += std::log(total) - target;
    }
    return sum;
  }
};

class LossHeadOf : public ::testing::TestWithParam<Precision> {};

TEST_P(LossHeadOf, SumsTheLossOfLearntRows) {
  LossHead head(kColumns, kVocabulary, std::nullopt);
  const double tolerance = GetParam() == Precision::f32 ? 1e-5 : 1e-2;
  // 700, 100 and 7 rows: a full slice and a part, and parts alone.
  for (const std::size_t step : {1U, 7U, 100U}) {
    Case some(step);
    const double expected = some.plain_loss();
    EXPECT_NEAR(some.loss(head, GetParam()), expected, tolerance * expected) << step;
    EXPECT_NEAR(some.loss_backward(head, GetParam()), expected, tolerance * expected) << step;
  }
}

TEST_P(LossHeadOf, RowDoesNotDependOnHowManyAreLearnt) {
  LossHead head(kColumns, kVocabulary, std::nullopt);
  Case all(1);
  all.loss_backward(head, GetParam());
  for (const std::size_t step : {7U, 100U}) {
    Case some(step);
    some.loss_backward(head, GetParam());
    for (std::size_t t = 0; t < kRows; ++t) {
      const float* row = some.dx.data() + t * kColumns;
      if (some.weights[t] != 0) {
        EXPECT_EQ(std::memcmp(row, all.dx.data() + t * kColumns, kColumns * sizeof(float)), 0)
            << "row " << t << ", every " << step;
      } else {
        for (std::int64_t i = 0; i < kColumns; ++i) EXPECT_EQ(row[i], 0.0F) << t;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Both, LossHeadOf, ::testing::Values(Precision::f32, Precision::bf16));

}  // namespace
}  // namespace fulcrum
