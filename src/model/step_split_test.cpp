#include "model/step_split.h"

#include <gtest/gtest.h>

namespace fulcrum {
namespace {

using Ends = std::vector<std::size_t>;

TEST(StepSplit, EqualStepsAreSharedOut) {
  const std::vector<StepWork> steps(32, {1, 10});
  EXPECT_EQ(split_evenly(steps, 2, 16), (Ends{16, 32}));
  EXPECT_EQ(split_evenly(steps, 4, 8), (Ends{8, 16, 24, 32}));
  EXPECT_EQ(split_evenly(steps, 1, 1), (Ends{32}));
}

TEST(StepSplit, LongSequencesCountForMore) {
  std::vector<StepWork> steps(12, {1, 10});
  steps[0].work = steps[1].work = 30;  // 160 in all
  EXPECT_EQ(split_evenly(steps, 2, 4), (Ends{4, 12}));
}

TEST(StepSplit, TooFewRowsOrUnevenWorkAreNotCut) {
  const std::vector<StepWork> few(15, {1, 10});
  EXPECT_EQ(split_evenly(few, 2, 8), Ends{});
  std::vector<StepWork> prompt(16, {1, 10});
  prompt[3] = {256, 2560};
  EXPECT_EQ(split_evenly(prompt, 2, 1), Ends{});
  EXPECT_EQ(split_evenly({}, 2, 1), Ends{});
  const std::vector<StepWork> one(1, {64, 1});
  EXPECT_EQ(split_evenly(one, 2, 1), Ends{});
}

}  // namespace
}  // namespace fulcrum
