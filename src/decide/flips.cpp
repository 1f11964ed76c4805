#include "decide/flips.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>

namespace fulcrum {

namespace {

// Calls a month beyond this are another company.
constexpr double kMostCalls = 1e9;
constexpr double kPriceSpan = 1000;   // prices from a thousandth to a thousand times today's
constexpr double kGridFactor = 1.25;  // first step of the search; bisection follows
constexpr double kTargetStep = 0.01;

using ChosenAt = std::function<std::size_t(double)>;

// The first place on the way from `start` to `end` where the choice is another, to within a hundredth part of
// a step.
std::optional<Flip> first_flip(const ChosenAt& chosen_at, const std::vector<RuleOption>& options,
                               double start, double end, const std::function<double(double)>& step,
                               FlipAxis axis, FlipSide side) {
  const std::size_t now = chosen_at(start);
  const auto beyond = [&](double value) { return side == FlipSide::above ? value > end : value < end; };
  for (double inside = start, next = step(start); !beyond(next); inside = next, next = step(next)) {
    if (chosen_at(next) == now) continue;
    double outside = next;
    for (int i = 0; i < 30; ++i) {
      const double middle = 0.5 * (inside + outside);
      (chosen_at(middle) == now ? inside : outside) = middle;
    }
    return Flip{axis, side, outside, options[chosen_at(outside)].recipe};
  }
  return std::nullopt;
}

}  // namespace

Cost repriced(const Cost& cost, double machine_hour_factor, double label_factor) {
  Cost changed = cost;
  changed.labelling *= label_factor;
  for (double* amount : {&changed.training, &changed.indexing, &changed.evaluation})
    *amount *= machine_hour_factor;
  // A call timed at home is machine time with all its spread; of one that a provider lists only the search
  // is.
  const bool at_home = cost.machine_per_call >= cost.per_call.estimate;
  const auto moved = [&](double& amount) {
    amount =
        at_home ? amount * machine_hour_factor : amount + (machine_hour_factor - 1) * cost.machine_per_call;
  };
  for (double* amount : {&changed.per_call.estimate, &changed.per_call.low, &changed.per_call.high,
                         &changed.per_call_uncached, &changed.uncached.low, &changed.uncached.high})
    moved(*amount);
  changed.machine_per_call *= machine_hour_factor;
  changed.machine_upkeep_per_month *= machine_hour_factor;
  changed.upkeep_per_month += changed.machine_upkeep_per_month - cost.machine_upkeep_per_month;
  changed.upfront = changed.labelling + changed.training + changed.indexing + changed.evaluation;
  return changed;
}

std::vector<Flip> find_flips(const std::vector<RuleOption>& options, const Circumstances& circumstances,
                             const PairTest& p_value) {
  std::vector<Flip> flips;
  const auto keep = [&](const std::optional<Flip>& flip) {
    if (flip) flips.push_back(*flip);
  };
  const auto up = [](double value) { return value * kGridFactor; };
  const auto down = [](double value) { return value / kGridFactor; };

  const ChosenAt by_volume = [&](double calls) {
    Circumstances other = circumstances;
    other.calls_per_month = calls;
    return choose(options, other, p_value).chosen;
  };
  const double calls = std::max(1.0, circumstances.calls_per_month);
  keep(first_flip(by_volume, options, calls, kMostCalls, up, FlipAxis::calls_per_month, FlipSide::above));
  keep(first_flip(by_volume, options, calls, 1.0, down, FlipAxis::calls_per_month, FlipSide::below));

  if (circumstances.target) {
    const ChosenAt by_target = [&](double target) {
      Circumstances other = circumstances;
      other.target = target;
      return choose(options, other, p_value).chosen;
    };
    keep(first_flip(
        by_target, options, *circumstances.target, 1.0, [](double t) { return t + kTargetStep; },
        FlipAxis::target, FlipSide::above));
    keep(first_flip(
        by_target, options, *circumstances.target, 0.0, [](double t) { return t - kTargetStep; },
        FlipAxis::target, FlipSide::below));
  }

  const auto by_price = [&](bool machine) -> ChosenAt {
    return [&, machine](double factor) {
      std::vector<RuleOption> other = options;
      for (RuleOption& option : other)
        option.cost = repriced(option.cost, machine ? factor : 1.0, machine ? 1.0 : factor);
      return choose(other, circumstances, p_value).chosen;
    };
  };
  for (const bool machine : {true, false}) {
    const FlipAxis axis = machine ? FlipAxis::machine_hour_price : FlipAxis::label_price;
    keep(first_flip(by_price(machine), options, 1.0, kPriceSpan, up, axis, FlipSide::above));
    keep(first_flip(by_price(machine), options, 1.0, 1 / kPriceSpan, down, axis, FlipSide::below));
  }

  if (const auto worth = circumstances.worth_of_right_answer; worth && *worth > 0) {
    const ChosenAt by_worth = [&](double each) {
      Circumstances other = circumstances;
      other.worth_of_right_answer = each;
      return choose(options, other, p_value).chosen;
    };
    constexpr auto kAxis = FlipAxis::right_answer_worth;
    keep(first_flip(by_worth, options, *worth, *worth * kPriceSpan, up, kAxis, FlipSide::above));
    keep(first_flip(by_worth, options, *worth, *worth / kPriceSpan, down, kAxis, FlipSide::below));
  }

  const std::size_t now = choose(options, circumstances, p_value).chosen;
  Circumstances other = circumstances;
  other.facts_change = !other.facts_change;
  if (const std::size_t then = choose(options, other, p_value).chosen; then != now)
    flips.push_back({FlipAxis::facts_change, FlipSide::otherwise, 0, options[then].recipe});
  other = circumstances;
  other.behaviour_stable = !other.behaviour_stable;
  if (const std::size_t then = choose(options, other, p_value).chosen; then != now)
    flips.push_back({FlipAxis::behaviour, FlipSide::otherwise, 0, options[then].recipe});
  return flips;
}

}  // namespace fulcrum
