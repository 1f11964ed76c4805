#include "decide/budget.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace fulcrum {
namespace {

TEST(Budget, IsATimeOrAnAmountOfMoney) {
  Prices prices;
  prices.currency = "EUR";
  prices.machine_hour = 0.5;
  const auto seconds = [&](const char* text) { return budget_seconds(parse_budget(text), prices); };
  EXPECT_DOUBLE_EQ(seconds("90s"), 90);
  EXPECT_DOUBLE_EQ(seconds("20m"), 1200);
  EXPECT_DOUBLE_EQ(seconds("20 min"), 1200);
  EXPECT_DOUBLE_EQ(seconds("1.5h"), 5400);
  EXPECT_DOUBLE_EQ(seconds("5eur"), 36000);
  EXPECT_DOUBLE_EQ(seconds("0.5 EUR"), 3600);
}

TEST(Budget, RefusesWhatItDoesNotUnderstand) {
  for (const char* text : {"", "m", "20", "-3m", "0s", "5 m!", "nan m", "1e999h"})
    EXPECT_THROW(parse_budget(text), Error) << text;
  Prices prices;
  EXPECT_THROW(budget_seconds(parse_budget("5usd"), prices), Error);
  prices.machine_hour = 0;
  EXPECT_THROW(budget_seconds(parse_budget("5eur"), prices), Error);
}

}  // namespace
}  // namespace fulcrum
