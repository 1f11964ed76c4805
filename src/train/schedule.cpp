#include "train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"

namespace fulcrum {

DecayShape parse_decay_shape(std::string_view word) {
  if (word == "constant") return DecayShape::constant;
  if (word == "linear") return DecayShape::linear;
  if (word == "cosine") return DecayShape::cosine;
  throw_error(ErrorCode::invalid_argument, "schedule '{}' is not known; use constant, linear or cosine",
              word);
}

double Schedule::decay_start() const {
  if (shape == DecayShape::constant) return static_cast<double>(total_steps);
  return std::max(static_cast<double>(warmup_steps), static_cast<double>(total_steps) * (1.0 - decay_share));
}

double Schedule::at(std::int64_t step) const {
  const double warmup = std::min(1.0, static_cast<double>(step + 1) / static_cast<double>(warmup_steps + 1));
  const double start = decay_start(), length = std::max(1.0, static_cast<double>(total_steps) - start);
  const double done = std::clamp((static_cast<double>(step) - start) / length, 0.0, 1.0);
  double remaining = 1.0;
  if (shape == DecayShape::linear) remaining = 1.0 - done;
  if (shape == DecayShape::cosine) remaining = 0.5 * (1.0 + std::cos(std::numbers::pi * done));
  return peak * warmup * (final_fraction + (1.0 - final_fraction) * remaining);
}

}  // namespace fulcrum
