#include "prompt/demonstrations.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "base/random.h"
#include "base/unicode.h"

namespace fulcrum {

std::vector<Demonstration> choose_demonstrations(std::span<const Demonstration> pool, std::int64_t count,
                                                 std::uint64_t seed) {
  Random random(seed, stream_of("demonstrations"));
  std::vector<std::size_t> order(pool.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  random.shuffle(order);
  // One queue an output; the queues in the order in which the shuffle first meets them.
  std::vector<std::vector<std::size_t>> queues;
  std::map<std::string_view, std::size_t> queue_of;
  for (const std::size_t item : order) {
    const auto [entry, is_new] = queue_of.emplace(pool[item].output, queues.size());
    if (is_new) queues.emplace_back();
    queues[entry->second].push_back(item);
  }
  std::vector<Demonstration> chosen;
  const std::size_t wanted =
      std::min(pool.size(), static_cast<std::size_t>(std::max<std::int64_t>(count, 0)));
  for (std::size_t round = 0; chosen.size() < wanted; ++round) {
    for (const auto& queue : queues) {
      if (round < queue.size() && chosen.size() < wanted) chosen.push_back(pool[queue[round]]);
    }
  }
  return chosen;
}

struct DemonstrationFinder::State {
  struct Posting {
    std::size_t item;
    double count;
  };
  std::map<std::string, std::vector<Posting>, std::less<>> postings;
  std::vector<double> lengths;
  double mean_length = 1;
};

DemonstrationFinder::DemonstrationFinder(std::span<const Demonstration> pool) {
  auto state = std::make_shared<State>();
  for (std::size_t item = 0; item < pool.size(); ++item) {
    std::map<std::string, double> counts;
    const std::vector<std::string> words = fold_words(pool[item].input);
    for (const std::string& word : words) counts[word] += 1;
    for (const auto& [word, count] : counts) state->postings[word].push_back({item, count});
    state->lengths.push_back(static_cast<double>(words.size()));
  }
  const double total = std::accumulate(state->lengths.begin(), state->lengths.end(), 0.0);
  if (total > 0) state->mean_length = total / static_cast<double>(pool.size());
  state_ = std::move(state);
}

std::vector<std::size_t> DemonstrationFinder::nearest(std::string_view input, std::int64_t count) const {
  constexpr double kSaturation = 1.2, kLengthShare = 0.75;  // k1 and b
  const std::size_t items = state_->lengths.size();
  std::vector<double> scores(items, 0.0);
  for (const std::string& word : fold_words(input)) {
    const auto found = state_->postings.find(word);
    if (found == state_->postings.end()) continue;
    const double holders = static_cast<double>(found->second.size());
    // The 1 inside keeps words that most items hold from counting against them.
    const double rarity = std::log(1.0 + (static_cast<double>(items) - holders + 0.5) / (holders + 0.5));
    for (const auto& [item, occurrences] : found->second) {
      const double length = 1.0 - kLengthShare + kLengthShare * state_->lengths[item] / state_->mean_length;
      scores[item] += rarity * occurrences * (kSaturation + 1.0) / (occurrences + kSaturation * length);
    }
  }
  std::vector<std::size_t> order(items);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  order.resize(std::min(items, static_cast<std::size_t>(std::max<std::int64_t>(count, 0))));
  std::reverse(order.begin(), order.end());
  return order;
}

}  // namespace fulcrum
