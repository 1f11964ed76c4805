#include "measure/power.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "measure/distributions.h"
#include "measure/multiplicity.h"

namespace fulcrum {

namespace {

double standard_errors_needed(int contrasts) {
  return normal_quantile(1.0 - 0.5 * kSignificanceLevel / std::max(1, contrasts)) + normal_quantile(kPower);
}

}  // namespace

double smallest_detectable_difference(std::int64_t items, double discordant_share, int contrasts) {
  return smallest_detectable_difference_graded(items, std::sqrt(discordant_share), contrasts);
}

double smallest_detectable_difference_graded(std::int64_t items, double standard_deviation, int contrasts) {
  if (items <= 0) return 1.0;
  return std::min(
      1.0, standard_errors_needed(contrasts) * standard_deviation / std::sqrt(static_cast<double>(items)));
}

std::int64_t items_to_detect(double difference, double discordant_share, int contrasts) {
  if (!(difference > 0))
    throw_error(ErrorCode::invalid_argument, "the difference to detect must be positive, found {}",
                difference);
  const double z = standard_errors_needed(contrasts);
  return static_cast<std::int64_t>(std::ceil(z * z * discordant_share / (difference * difference)));
}

}  // namespace fulcrum
