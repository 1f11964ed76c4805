#include "decide/budget.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

#include "base/error.h"

namespace fulcrum {

namespace {

constexpr double kSecondsAnHour = 3600;

std::string upper_case(std::string_view text) {
  std::string upper(text);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return upper;
}

}  // namespace

Budget parse_budget(std::string_view text) {
  double amount = 0;
  const auto [rest, problem] = std::from_chars(text.data(), text.data() + text.size(), amount);
  std::string_view unit(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
  while (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
  const bool is_word =
      !unit.empty() && std::all_of(unit.begin(), unit.end(), [](unsigned char c) { return std::isalpha(c); });
  if (problem != std::errc() || !(amount > 0) || !std::isfinite(amount) || !is_word)
    throw_error(
        ErrorCode::invalid_argument,
        "reading the budget '{}': a time such as 90s, 20m or 1.5h is expected, or an amount such as 5eur",
        text);
  if (unit == "s") return {amount, "s"};
  if (unit == "m" || unit == "min") return {60 * amount, "s"};
  if (unit == "h") return {kSecondsAnHour * amount, "s"};
  return {amount, upper_case(unit)};
}

double budget_seconds(const Budget& budget, const Prices& prices) {
  if (budget.unit == "s") return budget.amount;
  if (budget.unit != upper_case(prices.currency))
    throw_error(
        ErrorCode::invalid_argument,
        "searching with a budget in {}: the task's prices are in {}; give the budget in {} or as a time",
        budget.unit, prices.currency, prices.currency);
  if (!(prices.machine_hour > 0))
    throw_error(
        ErrorCode::invalid_argument,
        "searching with a budget in {}: a machine-hour costs nothing in this task; give the budget as a "
        "time",
        budget.unit);
  return budget.amount / prices.machine_hour * kSecondsAnHour;
}

}  // namespace fulcrum
