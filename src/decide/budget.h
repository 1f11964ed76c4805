// What a search may spend: time, or money that is turned into time at the task's price of a machine-hour.
#pragma once

#include <string>
#include <string_view>

#include "recipe/task.h"

namespace fulcrum {

struct Budget {
  double amount = 0;
  std::string unit;  // "s", or a currency
};

// "90s", "20m", "1.5h", "5eur" or "5 EUR". Error invalid_argument says what is understood.
Budget parse_budget(std::string_view text);

// Error invalid_argument if the unit is another currency than the task's, or a machine-hour costs nothing.
double budget_seconds(const Budget& budget, const Prices& prices);

}  // namespace fulcrum
