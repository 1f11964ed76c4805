// Cuts the steps of a batch into runs of neighbours, one a thread: where many sequences write at once, each
// thread takes its own through the whole model, and nobody waits for anybody between two operations.
//
// The weights are then read by every thread, so it takes enough rows that computing hides the reading.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace fulcrum {

struct StepWork {
  std::int64_t rows = 0;
  double work = 0;  // in any unit
};

// Where each of `parts` runs ends; empty if there is no cut that gives every run at least `least_rows` rows
// and none more than an eighth above its share of the work.
std::vector<std::size_t> split_evenly(std::span<const StepWork> steps, std::int64_t parts,
                                      std::int64_t least_rows);

}  // namespace fulcrum
