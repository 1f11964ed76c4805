#include "measure/cost.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"

namespace fulcrum {
namespace {

Cost cost(double upfront, double low, double per_call, double high) {
  Cost result;
  result.upfront = upfront;
  result.per_call = {per_call, low, high, 20};
  result.per_call_uncached = per_call;
  result.uncached = {low, high};
  return result;
}

TEST(Cost, IsSecondsTimesTheMachinePriceAndLabelsTimesTheirs) {
  Prices prices;
  prices.machine_hour = 3.6;  // a thousandth a second
  prices.labelled_example = 0.5;
  prices.upkeep_month = 4;
  Latency latency = summarize_latency({1.0, 2.0, 3.0}, {5.0});
  latency.retrieval_seconds = 0.5;
  const TokensPerCall tokens{40, 30, 8};
  const Cost fine_tuned =
      cost_of(latency, tokens,
              {.labels = 10, .training_seconds = 100, .indexing_seconds = 20, .evaluation_seconds = 30},
              Upkeep::adapter, prices);
  EXPECT_DOUBLE_EQ(fine_tuned.upfront, 5 + 0.1 + 0.02 + 0.03);
  EXPECT_NEAR(fine_tuned.per_1000_calls(), 2.0, 1e-12);
  EXPECT_NEAR(fine_tuned.per_call_uncached, 0.005, 1e-12);
  EXPECT_LT(fine_tuned.per_call.low, 0.002);
  EXPECT_GT(fine_tuned.per_call.high, 0.002);
  EXPECT_NEAR(fine_tuned.total(1000, 12), 5.15 + 12 * (4 + 2), 1e-9);
  EXPECT_EQ(cost_of(latency, tokens, {}, Upkeep::none, prices).upkeep_per_month, 0);
  // 30 cached tokens saved 3 of 5 seconds: 0.1 a token, 1 second for the 10 that were not cached.
  EXPECT_NEAR(fine_tuned.parts.prompt, 0.001, 1e-12);
  EXPECT_NEAR(fine_tuned.parts.retrieval, 0.0005, 1e-12);
  EXPECT_NEAR(fine_tuned.parts.completion, 0.0005, 1e-12);
  EXPECT_EQ(fine_tuned.parts.cached_prompt, 0);
  EXPECT_TRUE(std::isinf(fine_tuned.uncached.high));  // one cold call has no spread
}

TEST(Cost, CountsTheIndexAgainAsOftenAsTheDocumentsChange) {
  Prices prices;
  prices.machine_hour = 3.6;
  const Latency latency = summarize_latency({1.0, 1.0}, {});
  const Cost cost =
      cost_of(latency, {}, {.indexing_seconds = 10, .indexings_per_month = 3}, Upkeep::none, prices);
  EXPECT_NEAR(cost.upkeep_per_month, 0.03, 1e-12);
  EXPECT_NEAR(cost.upfront, 0.01, 1e-12);
  EXPECT_EQ(cost.per_call_uncached, cost.per_call.estimate);
}

TEST(Cost, ByTheTokenIsWhatTheListSays) {
  const TokenPrices listed{"acme", "tiny", "EUR", "2026-01-31", "here", 2.0, 0.5, 8.0};
  Prices prices;
  prices.machine_hour = 36;
  Latency latency = summarize_latency({1.0, 2.0}, {});
  latency.retrieval_seconds = 0.01;
  const Cost cost = cost_at(listed, latency, {1000, 400, 50}, {.labels = 3}, Upkeep::none, prices);
  EXPECT_NEAR(cost.parts.prompt, 600 * 2e-6, 1e-15);
  EXPECT_NEAR(cost.parts.cached_prompt, 400 * 0.5e-6, 1e-15);
  EXPECT_NEAR(cost.parts.completion, 50 * 8e-6, 1e-15);
  EXPECT_NEAR(cost.parts.retrieval, 1e-4, 1e-15);
  EXPECT_NEAR(cost.per_call.estimate, 0.0012 + 0.0002 + 0.0004 + 0.0001, 1e-15);
  EXPECT_NEAR(cost.per_call_uncached, 0.002 + 0.0004 + 0.0001, 1e-15);
  TokenPrices dollars = listed;
  dollars.currency = "USD";
  EXPECT_THROW(cost_at(dollars, latency, {}, {}, Upkeep::none, prices), Error);
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

TEST(BreakEven, WithoutACacheIsARangeOfItsOwn) {
  Cost tuned = cost(100, 1, 1, 1), shown = cost(0, 2, 2, 2);
  shown.per_call_uncached = 6;
  shown.uncached = {5, 7};
  tuned.uncached = {1, 1};
  const BreakEven calls = break_even(tuned, shown);
  EXPECT_DOUBLE_EQ(calls.calls, 100);
  EXPECT_DOUBLE_EQ(calls.calls_uncached, 20);
  EXPECT_DOUBLE_EQ(calls.uncached_low, 100.0 / 6);
  EXPECT_DOUBLE_EQ(calls.uncached_high, 25);
}

TEST(BreakEven, InRightAnswersCountsWhatIsWrong) {
  // Calls cost the same; the dearer recipe is right twice as often, so each right answer saves one.
  const Estimate often{0.8, 0.8, 0.8, 100}, seldom{0.4, 0.4, 0.4, 100}, never{0, 0, 0.1, 100};
  const Cost dear = cost(50, 0.8, 0.8, 0.8), cheap = cost(0, 0.8, 0.8, 0.8);
  const auto warm = [&](const Cost& a, const Estimate& qa, const Cost& b, const Estimate& qb) {
    return break_even_in_right_answers(a, qa, b, qb, PromptCaching::warm);
  };
  EXPECT_TRUE(std::isinf(break_even(dear, cheap).calls));
  EXPECT_NEAR(warm(dear, often, cheap, seldom).at, 50, 1e-9);
  EXPECT_TRUE(std::isinf(warm(dear, seldom, cheap, often).at));
  EXPECT_EQ(warm(dear, often, cheap, never).at, 0);
  EXPECT_TRUE(std::isinf(warm(dear, never, cheap, often).at));
  const Estimate unsure{0.8, 0.7, 0.88, 100};
  const RepayRange range = warm(dear, unsure, cheap, seldom);
  EXPECT_LT(range.low, range.at);
  EXPECT_GT(range.high, range.at);
  const Estimate answer = cost_of_right_answer(dear, unsure, PromptCaching::warm);
  EXPECT_NEAR(answer.low, 0.8 / 0.88, 1e-12);  // the only spread is the quality's
  EXPECT_NEAR(answer.high, 0.8 / 0.7, 1e-12);
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
