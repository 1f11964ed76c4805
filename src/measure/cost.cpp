#include "measure/cost.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace fulcrum {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double calls_to_repay(double upfront, double saved_per_call) {
  if (upfront <= 0) return 0;
  return saved_per_call > 0 ? upfront / saved_per_call : kInfinity;
}

}  // namespace

double Cost::total(double calls_per_month, double months) const {
  return upfront + months * (upkeep_per_month + calls_per_month * per_call.estimate);
}

Cost cost_of(const Latency& latency, const UpfrontWork& work, Upkeep upkeep, const Prices& prices) {
  const double second = prices.machine_hour / 3600.0;
  Cost cost;
  cost.currency = prices.currency;
  cost.labelling = static_cast<double>(work.labels) * prices.labelled_example;
  cost.training = work.training_seconds * second;
  cost.indexing = work.indexing_seconds * second;
  cost.evaluation = work.evaluation_seconds * second;
  cost.upfront = cost.labelling + cost.training + cost.indexing + cost.evaluation;
  cost.per_call = {latency.mean_seconds.estimate * second, latency.mean_seconds.low * second,
                   latency.mean_seconds.high * second, latency.mean_seconds.n};
  cost.per_call_uncached =
      latency.cold_seconds.empty() ? cost.per_call.estimate : latency.cold_mean_seconds * second;
  cost.upkeep_per_month = upkeep == Upkeep::adapter ? prices.upkeep_month : 0;
  return cost;
}

BreakEven break_even(const Cost& dearer_upfront, const Cost& cheaper_upfront) {
  const double upfront = dearer_upfront.upfront - cheaper_upfront.upfront;
  const Estimate &here = dearer_upfront.per_call, &there = cheaper_upfront.per_call;
  const double saved = there.estimate - here.estimate;
  const double least_saved = saved - std::hypot(there.estimate - there.low, here.high - here.estimate);
  const double most_saved = saved + std::hypot(there.high - there.estimate, here.estimate - here.low);
  return {calls_to_repay(upfront, saved), calls_to_repay(upfront, most_saved),
          calls_to_repay(upfront, least_saved),
          calls_to_repay(upfront, cheaper_upfront.per_call_uncached - dearer_upfront.per_call_uncached)};
}

double months_to_repay(const Cost& dearer_upfront, const Cost& cheaper_upfront, double calls_per_month) {
  const double saved_per_month =
      calls_per_month * (cheaper_upfront.per_call.estimate - dearer_upfront.per_call.estimate) -
      (dearer_upfront.upkeep_per_month - cheaper_upfront.upkeep_per_month);
  return calls_to_repay(dearer_upfront.upfront - cheaper_upfront.upfront, saved_per_month);
}

std::string money_text(double amount) {
  if (std::isinf(amount)) return "∞";
  const double size = std::abs(amount);
  if (size >= 100) {
    std::string digits = fmt::format("{:.0f}", amount);
    for (std::size_t i = digits.size(); i > (amount < 0 ? 4u : 3u); digits.insert(i, ",")) i -= 3;
    return digits;
  }
  if (size >= 0.1 || size == 0) return fmt::format("{:.2f}", amount);
  constexpr int kMostDigits = 9;
  const int digits = std::min(kMostDigits, 1 - static_cast<int>(std::floor(std::log10(size))));
  return fmt::format("{:.{}f}", amount, digits);
}

}  // namespace fulcrum
