// Demonstrations: train examples shown in the context, and how they are chosen.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fulcrum {

struct Demonstration {
  std::string id;  // of the train item
  std::string input, output;
  std::vector<std::string> passages;  // documents shown with it
  bool operator==(const Demonstration&) const = default;
};

// `count` of the pool, a pure function of (pool, count, seed). Stratified: outputs take turns, in an order
// drawn by the seed, so that k demonstrations show as many different outputs as they can; where all outputs
// differ that is a plain sample. Smaller counts are prefixes of larger ones. Fewer come back if the pool is
// smaller.
std::vector<Demonstration> choose_demonstrations(std::span<const Demonstration> pool, std::int64_t count,
                                                 std::uint64_t seed);

// Finds the demonstrations whose inputs are most like a given one (BM25 over folded words, k1 = 1.2, b =
// 0.75: Robertson and Zaragoza 2009, "The probabilistic relevance framework").
class DemonstrationFinder {
 public:
  explicit DemonstrationFinder(std::span<const Demonstration> pool);
  // Positions in the pool, the nearest last: what stands next to the question weighs most. Ties: the earlier
  // item.
  std::vector<std::size_t> nearest(std::string_view input, std::int64_t count) const;

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

}  // namespace fulcrum
