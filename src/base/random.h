// Counter-based random numbers: Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2,
// 3").
//
// A draw is a pure function of (seed, stream, position), so it does not matter who draws first, in which
// batch, or on which thread. Samplers use at(position); data generators use the running form.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace fulcrum {

class Random {
 public:
  explicit Random(std::uint64_t seed, std::uint64_t stream = 0) : seed_(seed), stream_(stream) {}

  // The four words of block `position`; does not move the running position.
  std::array<std::uint32_t, 4> at(std::uint64_t position) const;
  // Uniform in [0, 1) with 53 random bits, from block `position`.
  double uniform_at(std::uint64_t position) const;

  // The running form: each call uses the next block.
  std::uint64_t bits();
  double uniform();
  // Uniform in [0, bound); bound must be positive. Exact: rejection, no modulo bias.
  std::uint64_t below(std::uint64_t bound);
  // Uniform in [low, high], both ends included.
  std::int64_t between(std::int64_t low, std::int64_t high);
  double normal();  // mean 0, variance 1 (Box-Muller)
  bool chance(double probability) { return uniform() < probability; }

  template <typename T>
  const T& choose(const std::vector<T>& items) {
    return items[below(items.size())];
  }
  template <typename T>
  const T& choose(std::span<const T> items) {
    return items[below(items.size())];
  }
  // Fisher-Yates.
  template <typename T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

  // Position of the running form, so that a stream can be saved and continued.
  std::uint64_t position() const { return position_; }
  void seek(std::uint64_t position) { position_ = position; }

 private:
  std::uint64_t seed_, stream_, position_ = 0;
};

// A stream number for a name, so that independent parts of a program never share draws (FNV-1a).
std::uint64_t stream_of(std::string_view name);

}  // namespace fulcrum
