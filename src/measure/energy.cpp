#include "measure/energy.h"

#include <fstream>

namespace fulcrum {

namespace {

// Kernel files change while they are read and report no size; a plain stream is all they need.
std::optional<std::uint64_t> read_count(const Path& file) {
  std::ifstream stream(file);
  std::uint64_t value = 0;
  if (!(stream >> value)) return std::nullopt;
  return value;
}

// "intel-rapl:0" is a package, "intel-rapl:0:1" a part of it that must not be counted again.
bool is_package(const std::string& name) {
  const std::size_t first = name.find(':');
  return first != std::string::npos && name.find(':', first + 1) == std::string::npos;
}

}  // namespace

std::optional<EnergyMeter> EnergyMeter::open(const Path& folder) {
  EnergyMeter meter;
  std::error_code problem;
  for (const auto& entry : std::filesystem::directory_iterator(folder, problem)) {
    if (!is_package(entry.path().filename().string())) continue;
    const auto now = read_count(entry.path() / "energy_uj");
    const auto range = read_count(entry.path() / "max_energy_range_uj");
    if (now && range) meter.packages_.push_back({entry.path() / "energy_uj", *range, *now, 0});
  }
  if (meter.packages_.empty()) return std::nullopt;
  return meter;
}

double EnergyMeter::joules() const {
  double microjoules = 0;
  for (const Counter& counter : packages_) {
    if (const auto now = read_count(counter.file)) {
      const bool ran_over = *now < counter.last_microjoules;
      const std::uint64_t more = ran_over ? counter.range_microjoules - counter.last_microjoules + *now
                                          : *now - counter.last_microjoules;
      counter.sum_microjoules += static_cast<double>(more);
      counter.last_microjoules = *now;
    }
    microjoules += counter.sum_microjoules;
  }
  return microjoules * 1e-6;
}

}  // namespace fulcrum
