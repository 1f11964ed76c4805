// How long work tells its caller where it is, and how the caller stops it. Library folders never print: they
// call this.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace fulcrum {

struct Progress {
  std::string stage;         // "training triage", "answering with 8 demonstrations"
  std::uint64_t done = 0;    // in `unit`
  std::uint64_t total = 0;   // 0: not known
  std::string unit;          // "tokens", "items", "steps"
  double seconds_left = -1;  // negative: not known
  std::vector<std::pair<std::string, double>> figures;  // {"loss", 1.23}, {"tokens/s", 25000}
};

using ProgressCallback = std::function<void(const Progress&)>;

// Set by Ctrl-C or a client that went away; long work polls it between steps.
class CancelToken {
 public:
  void cancel() { flag_.store(true, std::memory_order_relaxed); }
  bool cancelled() const { return flag_.load(std::memory_order_relaxed); }
  // Throws Error(cancelled) naming what was being done.
  void check(const std::string& doing) const;

 private:
  std::atomic<bool> flag_{false};
};

}  // namespace fulcrum
