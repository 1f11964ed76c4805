#include "measure/cost.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace fulcrum {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double amount_to_repay(double upfront, double saved) {
  if (upfront <= 0) return 0;
  return saved > 0 ? upfront / saved : kInfinity;
}

// `there` is what is saved against `here`; the ends by MOVER.
RepayRange repay_range(double upfront, const Estimate& here, const Estimate& there,
                       double further_saving = 0) {
  const double saved = there.estimate - here.estimate + further_saving;
  const double least = saved - std::hypot(there.estimate - there.low, here.high - here.estimate);
  const double most = saved + std::hypot(there.high - there.estimate, here.estimate - here.low);
  return {amount_to_repay(upfront, saved), amount_to_repay(upfront, most), amount_to_repay(upfront, least)};
}

Estimate uncached_call(const Cost& cost) {
  return {cost.per_call_uncached, std::min(cost.uncached.low, cost.per_call_uncached),
          std::max(cost.uncached.high, cost.per_call_uncached), cost.per_call.n};
}

Estimate per_month(const Estimate& call, double calls_per_month) {
  return {call.estimate * calls_per_month, call.low * calls_per_month, call.high * calls_per_month, call.n};
}

// What is the same however a call is paid for.
Cost fixed_cost_of(const UpfrontWork& work, Upkeep upkeep, const Prices& prices) {
  const double second = prices.machine_hour / 3600.0;
  Cost cost;
  cost.currency = prices.currency;
  cost.labelling = static_cast<double>(work.labels) * prices.labelled_example;
  cost.training = work.training_seconds * second;
  cost.indexing = work.indexing_seconds * second;
  cost.evaluation = work.evaluation_seconds * second;
  cost.upfront = cost.labelling + cost.training + cost.indexing + cost.evaluation;
  cost.machine_upkeep_per_month = work.indexings_per_month * cost.indexing;
  cost.upkeep_per_month =
      cost.machine_upkeep_per_month + (upkeep == Upkeep::adapter ? prices.upkeep_month : 0);
  return cost;
}

}  // namespace

double Cost::total(double calls_per_month, double months) const {
  return upfront + months * (upkeep_per_month + calls_per_month * per_call.estimate);
}

Cost cost_of(const Latency& latency, const TokensPerCall& tokens, const UpfrontWork& work, Upkeep upkeep,
             const Prices& prices) {
  const double second = prices.machine_hour / 3600.0;
  Cost cost = fixed_cost_of(work, upkeep, prices);
  const Estimate& call = latency.mean_seconds;
  cost.per_call = {call.estimate * second, call.low * second, call.high * second, call.n};
  cost.machine_per_call = cost.per_call.estimate;
  cost.per_call_uncached = cost.per_call.estimate;
  cost.uncached = {cost.per_call.low, cost.per_call.high};
  double seconds_a_token = 0;
  if (!latency.cold_seconds.empty()) {
    const Estimate cold = estimate_mean_unbounded(latency.cold_seconds);
    cost.per_call_uncached = latency.cold_mean_seconds * second;
    // Nothing takes less than no time; a single cold call says nothing of the spread.
    cost.uncached = {std::max(0.0, cold.low) * second, cold.high * second};
    if (tokens.cached > 0)
      seconds_a_token = std::max(0.0, latency.cold_mean_seconds - call.estimate) / tokens.cached;
  }
  const double of_model = std::max(0.0, call.estimate - latency.retrieval_seconds);
  const double of_prompt = std::min(of_model, (tokens.prompt - tokens.cached) * seconds_a_token);
  cost.parts = {of_prompt * second, 0, (of_model - of_prompt) * second,
                std::min(call.estimate, latency.retrieval_seconds) * second};
  return cost;
}

Cost cost_at(const TokenPrices& listed, const Latency& latency, const TokensPerCall& tokens,
             const UpfrontWork& work, Upkeep upkeep, const Prices& prices) {
  if (listed.currency != prices.currency)
    throw_error(ErrorCode::invalid_argument,
                "pricing calls as {}: its prices of {} are in {}, and the task counts in {}; give "
                "--exchange-rate, or put a line in {} "
                "into the price list",
                listed.model, listed.date, listed.currency, prices.currency, prices.currency);
  constexpr double kMillion = 1e6;
  Cost cost = fixed_cost_of(work, upkeep, prices);
  cost.parts.prompt = (tokens.prompt - tokens.cached) * listed.prompt / kMillion;
  cost.parts.cached_prompt = tokens.cached * listed.cached_prompt / kMillion;
  cost.parts.completion = tokens.completion * listed.completion / kMillion;
  cost.parts.retrieval = latency.retrieval_seconds * prices.machine_hour / 3600.0;
  cost.machine_per_call = cost.parts.retrieval;
  const double rest = cost.parts.completion + cost.parts.retrieval;
  const double call = cost.parts.prompt + cost.parts.cached_prompt + rest;
  // Listed prices have no spread, and the tokens of a call are counted, not timed.
  cost.per_call = {call, call, call, latency.mean_seconds.n};
  cost.per_call_uncached = tokens.prompt * listed.prompt / kMillion + rest;
  cost.uncached = {cost.per_call_uncached, cost.per_call_uncached};
  return cost;
}

BreakEven break_even(const Cost& dearer_upfront, const Cost& cheaper_upfront) {
  const double upfront = dearer_upfront.upfront - cheaper_upfront.upfront;
  const RepayRange warm = repay_range(upfront, dearer_upfront.per_call, cheaper_upfront.per_call);
  const RepayRange cold = repay_range(upfront, uncached_call(dearer_upfront), uncached_call(cheaper_upfront));
  return {warm.at, warm.low, warm.high, cold.at, cold.low, cold.high};
}

Estimate cost_of_right_answer(const Cost& cost, const Estimate& quality, PromptCaching cache) {
  const Estimate call = cache == PromptCaching::warm ? cost.per_call : uncached_call(cost);
  if (!(quality.estimate > 0)) return {kInfinity, kInfinity, kInfinity, quality.n};
  const double answer = call.estimate / quality.estimate;
  if (!(answer > 0)) return {answer, answer, answer, quality.n};
  const auto apart = [](double a, double b) { return a > 0 && b > 0 ? std::log(a / b) : kInfinity; };
  return {
      answer,
      answer * std::exp(-std::hypot(apart(call.estimate, call.low), apart(quality.high, quality.estimate))),
      answer * std::exp(std::hypot(apart(call.high, call.estimate), apart(quality.estimate, quality.low))),
      quality.n};
}

RepayRange break_even_in_right_answers(const Cost& dearer_upfront, const Estimate& quality,
                                       const Cost& cheaper_upfront, const Estimate& other_quality,
                                       PromptCaching cache) {
  const double upfront = dearer_upfront.upfront - cheaper_upfront.upfront;
  const Estimate here = cost_of_right_answer(dearer_upfront, quality, cache);
  const Estimate there = cost_of_right_answer(cheaper_upfront, other_quality, cache);
  if (upfront <= 0) return {};
  if (!std::isfinite(here.estimate)) return {kInfinity, kInfinity, kInfinity};
  if (!std::isfinite(there.estimate)) return {};  // any right answer is worth more than none
  return repay_range(upfront, here, there);
}

double months_to_repay(const Cost& dearer_upfront, const Cost& cheaper_upfront, double calls_per_month) {
  return repay_months(dearer_upfront, cheaper_upfront, calls_per_month).at;
}

RepayRange repay_months(const Cost& dearer_upfront, const Cost& cheaper_upfront, double calls_per_month) {
  return repay_range(dearer_upfront.upfront - cheaper_upfront.upfront,
                     per_month(dearer_upfront.per_call, calls_per_month),
                     per_month(cheaper_upfront.per_call, calls_per_month),
                     cheaper_upfront.upkeep_per_month - dearer_upfront.upkeep_per_month);
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
