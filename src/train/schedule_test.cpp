#include "train/schedule.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace fulcrum {
namespace {

TEST(Schedule, WarmsUpStaysAndGoesDownLinearly) {
  Schedule schedule;
  schedule.peak = 1.0;
  schedule.total_steps = 100;
  schedule.warmup_steps = 9;
  schedule.shape = DecayShape::linear;
  schedule.decay_share = 0.5;
  schedule.final_fraction = 0.2;
  EXPECT_DOUBLE_EQ(schedule.at(0), 0.1);
  EXPECT_DOUBLE_EQ(schedule.at(4), 0.5);
  EXPECT_DOUBLE_EQ(schedule.at(9), 1.0);
  EXPECT_DOUBLE_EQ(schedule.at(50), 1.0);
  EXPECT_DOUBLE_EQ(schedule.at(75), 0.6);
  EXPECT_DOUBLE_EQ(schedule.at(100), 0.2);
}

TEST(Schedule, CosineIsHalfWayDownInTheMiddle) {
  Schedule schedule;
  schedule.peak = 2.0;
  schedule.total_steps = 200;
  schedule.warmup_steps = 0;
  EXPECT_DOUBLE_EQ(schedule.at(0), 2.0);
  EXPECT_NEAR(schedule.at(100), 1.0, 1e-12);
  EXPECT_NEAR(schedule.at(200), 0.0, 1e-12);
}

TEST(Schedule, ConstantStaysAndAnUnknownWordIsRefused) {
  Schedule schedule;
  schedule.peak = 3.0;
  schedule.total_steps = 10;
  schedule.shape = parse_decay_shape("constant");
  EXPECT_DOUBLE_EQ(schedule.at(9), 3.0);
  EXPECT_THROW(parse_decay_shape("exponential"), Error);
}

}  // namespace
}  // namespace fulcrum
