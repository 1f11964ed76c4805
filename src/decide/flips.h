// What would turn the verdict: the same rule on the same measurements in other circumstances, one of them
// changed at a time, to the nearest point on either side where the choice is another.
#pragma once

#include <string>
#include <vector>

#include "decide/rule.h"

namespace fulcrum {

enum class FlipAxis {
  calls_per_month,
  target,
  machine_hour_price,
  label_price,
  right_answer_worth,
  facts_change,
  behaviour
};
enum class FlipSide { above, below, otherwise };  // otherwise: an axis with only two places

struct Flip {
  FlipAxis axis = FlipAxis::target;
  FlipSide side = FlipSide::above;
  double at = 0;  // calls a month, target, worth, or price as a multiple of today's
  std::string recipe;
};

std::vector<Flip> find_flips(const std::vector<RuleOption>& options, const Circumstances& circumstances,
                             const PairTest& p_value);

// The cost if a machine-hour or a label had another price, as multiples of today's.
Cost repriced(const Cost& cost, double machine_hour_factor, double label_factor);

}  // namespace fulcrum
