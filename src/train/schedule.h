// The learning rate as a function of the step: up from zero, along at the peak, down to a fraction of it.
#pragma once

#include <cstdint>
#include <string_view>

namespace fulcrum {

enum class DecayShape { constant, linear, cosine };
// Error(invalid_argument) for any other word than "constant", "linear" and "cosine".
DecayShape parse_decay_shape(std::string_view word);

struct Schedule {
  double peak = 1e-3;
  std::int64_t total_steps = 1;
  std::int64_t warmup_steps = 0;  // linear from peak / (warmup_steps + 1)
  DecayShape shape = DecayShape::cosine;
  double decay_share = 1.0;     // the last share of the steps, over which the rate goes down
  double final_fraction = 0.0;  // of the peak, at the end
  // The first step whose rate depends on total_steps and decay_share: up to it a run may be lengthened.
  double decay_start() const;
  // step counts from 0.
  double at(std::int64_t step) const;
};

}  // namespace fulcrum
