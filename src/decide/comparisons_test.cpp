#include "decide/comparisons.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace fulcrum {
namespace {

Arm arm(const std::string& recipe, std::vector<std::string> levers, std::vector<double> scores) {
  return {recipe, std::move(levers), Metric::accuracy, std::move(scores), {}};
}

std::vector<Arm> ladder() {
  std::vector<double> none(20, 0.0), half(20, 0.0), all(20, 1.0);
  for (std::size_t i = 0; i < 10; ++i) half[i] = 1;
  return {arm("zero_shot", {"prompt"}, none),
          arm("few_shot", {"prompt", "few_shot"}, half),
          arm("retrieval", {"prompt", "retrieval"}, none),
          arm("retrieval+few_shot", {"prompt", "retrieval", "few_shot"}, all),
          arm("fine_tuned", {"fine_tune"}, all),
          arm("fine_tuned+retrieval", {"fine_tune", "retrieval"}, all)};
}

TEST(Comparisons, CoverTheBaseAndTheNeighbours) {
  const auto comparisons = compare_ladder(ladder(), "zero_shot", 1);
  std::vector<std::string> pairs;
  for (const Comparison& c : comparisons) pairs.push_back(c.a + " - " + c.b);
  const std::vector<std::string> expected = {"few_shot - zero_shot",
                                             "retrieval - zero_shot",
                                             "retrieval+few_shot - zero_shot",
                                             "fine_tuned - zero_shot",
                                             "fine_tuned+retrieval - zero_shot",
                                             "retrieval+few_shot - few_shot",
                                             "retrieval+few_shot - retrieval",
                                             "fine_tuned+retrieval - retrieval",
                                             "fine_tuned+retrieval - fine_tuned"};
  EXPECT_EQ(pairs, expected);
  EXPECT_DOUBLE_EQ(comparisons[0].difference, 0.5);
  EXPECT_DOUBLE_EQ(comparisons[3].difference, 1.0);
  EXPECT_TRUE(comparisons[3].proven());
  EXPECT_FALSE(comparisons[1].proven());
  EXPECT_EQ(comparisons.back().p_value, 1);
}

TEST(Comparisons, HolmIsOverAllOfThem) {
  const auto comparisons = compare_ladder(ladder(), "zero_shot", 1);
  double smallest = 1;
  for (const Comparison& c : comparisons) {
    EXPECT_GE(c.p_value, c.p_value_unadjusted);
    smallest = std::min(smallest, c.p_value_unadjusted);
  }
  EXPECT_DOUBLE_EQ(comparisons[3].p_value, smallest * static_cast<double>(comparisons.size()));
}

TEST(Comparisons, NeedTheBase) {
  EXPECT_THROW(compare_ladder(ladder(), "nobody", 1), Error);
}

TEST(Comparisons, MacroF1ValuesAverageToTheFigure) {
  Measurement measured;
  measured.metric = Metric::macro_f1;
  for (int i = 0; i < 30; ++i) {
    MeasuredItem item;
    item.reference = i % 4 == 0 ? "rare" : "common";
    item.answer = i % 3 == 0 ? "common" : item.reference;
    item.score = item.answer == item.reference ? 1 : 0;
    measured.items.push_back(item);
  }
  summarize(measured, 1);
  const Arm measured_arm = arm_of("x", {"prompt"}, measured);
  const std::vector<double> values = item_values(measured_arm);
  EXPECT_NEAR(mean(values), measured.quality.estimate, 1e-12);
  const Comparison same = compare_arms(measured_arm, measured_arm, 1);
  EXPECT_EQ(same.difference, 0);
  EXPECT_EQ(same.p_value, 1);
}

}  // namespace
}  // namespace fulcrum
