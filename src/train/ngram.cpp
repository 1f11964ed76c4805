#include "train/ngram.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace fulcrum {
namespace {

// FNV-1a over whole tokens, with a final mix (splitmix64) so that sorting spreads.
std::uint64_t key_of(std::span<const TokenId> tokens) {
  std::uint64_t key = 0xCBF29CE484222325ULL;
  for (const TokenId token : tokens) key = (key ^ static_cast<std::uint64_t>(token + 1)) * 0x100000001B3ULL;
  key = (key ^ (key >> 30)) * 0xBF58476D1CE4E5B9ULL;
  key = (key ^ (key >> 27)) * 0x94D049BB133111EBULL;
  return key ^ (key >> 31);
}

// An n-gram where it stands, with the keys of what it is counted under.
struct Entry {
  std::uint64_t gram, context, left_extended;
};

template <typename Items>
const typename Items::value_type* find(const Items& items, std::uint64_t key) {
  const auto at = std::lower_bound(items.begin(), items.end(), key,
                                   [](const auto& item, std::uint64_t wanted) { return item.key < wanted; });
  return at != items.end() && at->key == key ? &*at : nullptr;
}

}  // namespace

NgramModel::NgramModel(std::span<const std::vector<TokenId>> texts, int order, std::int64_t vocabulary_tokens)
    : levels_(static_cast<std::size_t>(order)), vocabulary_tokens_(vocabulary_tokens) {
  if (order < 1)
    throw_error(ErrorCode::invalid_argument, "an n-gram model of order {}: at least 1 is needed", order);
  for (std::size_t length = 1; length <= levels_.size(); ++length) {
    const bool highest = length == levels_.size();
    std::vector<Entry> entries;
    for (const std::vector<TokenId>& text : texts) {
      const std::span<const TokenId> tokens(text);
      for (std::size_t i = 0; i + length <= tokens.size(); ++i) {
        // Lower orders count what stands to the left of them; the first of a text has nothing there.
        if (!highest && i == 0) continue;
        entries.push_back({key_of(tokens.subspan(i, length)), key_of(tokens.subspan(i, length - 1)),
                           highest ? 0 : key_of(tokens.subspan(i - 1, length + 1))});
      }
    }
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
      return a.gram != b.gram ? a.gram < b.gram : a.left_extended < b.left_extended;
    });
    Level& level = levels_[length - 1];
    std::vector<Context> contexts;  // one an n-gram, then added up
    double once = 0, twice = 0;
    for (std::size_t i = 0; i < entries.size();) {
      std::uint32_t count = 0;
      std::size_t end = i;
      for (; end < entries.size() && entries[end].gram == entries[i].gram; ++end)
        if (highest || end == i || entries[end].left_extended != entries[end - 1].left_extended) ++count;
      level.grams.push_back({entries[i].gram, count});
      contexts.push_back({entries[i].context, count, 1});
      once += count == 1 ? 1 : 0;
      twice += count == 2 ? 1 : 0;
      i = end;
    }
    level.discount = once > 0 ? once / (once + 2 * twice) : 0.5;
    std::sort(contexts.begin(), contexts.end(),
              [](const Context& a, const Context& b) { return a.key < b.key; });
    for (const Context& each : contexts) {
      if (level.contexts.empty() || level.contexts.back().key != each.key) {
        level.contexts.push_back(each);
      } else {
        level.contexts.back().total += each.total;
        ++level.contexts.back().distinct;
      }
    }
  }
}

double NgramModel::probability(std::span<const TokenId> context, TokenId next) const {
  const Level& level = levels_[context.size()];
  const double shorter =
      context.empty() ? 1.0 / static_cast<double>(vocabulary_tokens_) : probability(context.subspan(1), next);
  const Context* seen = find(level.contexts, key_of(context));
  if (seen == nullptr) return shorter;
  std::vector<TokenId> gram(context.begin(), context.end());
  gram.push_back(next);
  const Count* counted = find(level.grams, key_of(gram));
  const double count = counted == nullptr ? 0 : std::max(0.0, counted->count - level.discount);
  return (count + level.discount * seen->distinct * shorter) / seen->total;
}

double NgramModel::log_probability(std::span<const TokenId> context, TokenId next) const {
  const std::size_t length = std::min(context.size(), levels_.size() - 1);
  return std::log(probability(context.last(length), next));
}

}  // namespace fulcrum
