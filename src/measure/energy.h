// The energy that the CPU has used, where the kernel shows its counters (RAPL, /sys/class/powercap): whole
// packages, so whatever else runs on the machine is in it. Most virtual machines show none.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/file.h"

namespace fulcrum {

class EnergyMeter {
 public:
  // Absent where there is no counter that may be read.
  static std::optional<EnergyMeter> open(const Path& folder = "/sys/class/powercap");
  // Since the meter was opened. A counter may run over once between two readings, not twice.
  double joules() const;

 private:
  struct Counter {
    Path file;
    std::uint64_t range_microjoules = 0;  // where it starts again from 0
    mutable std::uint64_t last_microjoules = 0;
    mutable double sum_microjoules = 0;
  };
  std::vector<Counter> packages_;
};

}  // namespace fulcrum
