#include "measure/cost.h"

#include <gtest/gtest.h>

#include <cmath>

namespace fulcrum {
namespace {

Cost cost(double upfront, double low, double per_call, double high) {
  Cost result;
  result.upfront = upfront;
  result.per_call = {per_call, low, high, 20};
  result.per_call_uncached = per_call;
  return result;
}

TEST(Cost, IsSecondsTimesTheMachinePriceAndLabelsTimesTheirs) {
  Prices prices;
  prices.machine_hour = 3.6;  // a thousandth a second
  prices.labelled_example = 0.5;
  prices.upkeep_month = 4;
  const Latency latency = summarize_latency({1.0, 2.0, 3.0}, {5.0});
  const Cost fine_tuned = cost_of(
      latency, {.labels = 10, .training_seconds = 100, .indexing_seconds = 20, .evaluation_seconds = 30},
      Upkeep::adapter, prices);
  EXPECT_DOUBLE_EQ(fine_tuned.upfront, 5 + 0.1 + 0.02 + 0.03);
  EXPECT_NEAR(fine_tuned.per_1000_calls(), 2.0, 1e-12);
  EXPECT_NEAR(fine_tuned.per_call_uncached, 0.005, 1e-12);
  EXPECT_LT(fine_tuned.per_call.low, 0.002);
  EXPECT_GT(fine_tuned.per_call.high, 0.002);
  EXPECT_NEAR(fine_tuned.total(1000, 12), 5.15 + 12 * (4 + 2), 1e-9);
  EXPECT_EQ(cost_of(latency, {}, Upkeep::none, prices).upkeep_per_month, 0);
}

TEST(BreakEven, IsWhereTheLinesMeetWithBothUncertainties) {
  const BreakEven calls = break_even(cost(100, 0.9, 1.0, 1.1), cost(0, 2.9, 3.0, 3.1));
  EXPECT_DOUBLE_EQ(calls.calls, 50);
  const double reach = std::hypot(0.1, 0.1);
  EXPECT_NEAR(calls.low, 100 / (2 + reach), 1e-9);
  EXPECT_NEAR(calls.high, 100 / (2 - reach), 1e-9);
  EXPECT_DOUBLE_EQ(calls.calls_uncached, 50);
}

TEST(BreakEven, NeverComesWhereACallIsNotCheaper) {
  EXPECT_TRUE(std::isinf(break_even(cost(100, 2, 3, 4), cost(0, 1, 2, 3)).calls));
  // Cheaper by the estimate, not by the interval: the far end is open.
  const BreakEven open = break_even(cost(100, 0.5, 1.0, 1.5), cost(0, 0.8, 1.2, 1.6));
  EXPECT_DOUBLE_EQ(open.calls, 100 / (1.2 - 1.0));
  EXPECT_TRUE(std::isinf(open.high));
  EXPECT_EQ(break_even(cost(5, 1, 1, 1), cost(5, 1, 1, 1)).calls, 0);
}

TEST(BreakEven, MonthsCountUpkeep) {
  Cost tuned = cost(120, 1, 1, 1), prompt = cost(0, 3, 3, 3);
  EXPECT_DOUBLE_EQ(months_to_repay(tuned, prompt, 10), 6);
  tuned.upkeep_per_month = 10;
  EXPECT_DOUBLE_EQ(months_to_repay(tuned, prompt, 10), 12);
  tuned.upkeep_per_month = 20;
  EXPECT_TRUE(std::isinf(months_to_repay(tuned, prompt, 10)));
  EXPECT_TRUE(std::isinf(months_to_repay(cost(120, 1, 1, 1), prompt, 0)));
}

TEST(Money, ShowsTwoDigitsThatCount) {
  EXPECT_EQ(money_text(0), "0.00");
  EXPECT_EQ(money_text(0.000036), "0.000036");
  EXPECT_EQ(money_text(0.00012), "0.00012");
  EXPECT_EQ(money_text(1.5), "1.50");
  EXPECT_EQ(money_text(102.43), "102");
  EXPECT_EQ(money_text(12300), "12,300");
  EXPECT_EQ(money_text(-1234567), "-1,234,567");
  EXPECT_EQ(money_text(std::numeric_limits<double>::infinity()), "∞");
}

}  // namespace
}  // namespace fulcrum
