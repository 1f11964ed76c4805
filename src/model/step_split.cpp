#include "model/step_split.h"

namespace fulcrum {
namespace {

constexpr double kMostOfShare = 1.125;

}  // namespace

std::vector<std::size_t> split_evenly(std::span<const StepWork> steps, std::int64_t parts,
                                      std::int64_t least_rows) {
  double total = 0;
  for (const StepWork& step : steps) total += step.work;
  const double share = total / static_cast<double>(parts);
  std::vector<std::size_t> ends;
  double before = 0;  // work of the steps up to here
  std::size_t next = 0;
  for (std::int64_t part = 1; part <= parts; ++part) {
    const double begin = before, goal = share * static_cast<double>(part);
    std::int64_t rows = 0;
    // A step goes to the run in which more than half of it lies.
    while (next < steps.size() && (part == parts || before + steps[next].work / 2 <= goal)) {
      before += steps[next].work;
      rows += steps[next].rows;
      ++next;
    }
    if (rows < least_rows || before - begin > kMostOfShare * share) return {};
    ends.push_back(next);
  }
  return ends;
}

}  // namespace fulcrum
