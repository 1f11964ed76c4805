// How often the rule makes the same choice when the test items and the latencies are drawn anew: items with
// repetition from those measured, the same for every recipe; costs per call from the normal approximation of
// their intervals.
//
// Inside a resample, pairs are tested by exact McNemar (scores of 0 and 1) or Student's t on the paired
// differences, because a bootstrap inside a bootstrap would take minutes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "decide/comparisons.h"
#include "decide/rule.h"

namespace fulcrum {

struct ChoiceShare {
  std::string recipe;
  double share = 0;
  bool operator==(const ChoiceShare&) const = default;
};

// Largest share first, ties in the order of the options; only recipes chosen at least once. arms and options
// are in the same order.
std::vector<ChoiceShare> resample_choices(std::span<const Arm> arms, const std::vector<RuleOption>& options,
                                          const Circumstances& circumstances, std::uint64_t seed,
                                          int resamples);

// Where it is said what a right answer is worth: by how much, in the mean over those resamples, the one of
// these options that is worth the most there is worth more than the chosen one.
double expected_loss(std::span<const Arm> arms, const std::vector<RuleOption>& options,
                     std::span<const std::size_t> among, std::size_t chosen,
                     const Circumstances& circumstances, std::uint64_t seed, int resamples);

}  // namespace fulcrum
