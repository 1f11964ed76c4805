#include "text/token_trie.h"

#include <algorithm>

namespace fulcrum {

TokenTrie::TokenTrie(std::vector<std::pair<std::string_view, TokenId>> tokens) {
  std::erase_if(tokens, [](const auto& token) { return token.first.empty(); });
  std::ranges::stable_sort(tokens, {}, [](const auto& token) { return token.first; });
  // The tokens below a node, all with the same first `depth` bytes; nodes wait here in the order of their
  // numbers.
  struct Range {
    std::size_t begin, end, depth;
  };
  std::vector<Range> nodes = {{0, tokens.size(), 0}};
  labels_.push_back(0);
  for (std::size_t node = 0; node < nodes.size(); ++node) {
    const auto [begin, end, depth] = nodes[node];
    first_child_.push_back(static_cast<std::uint32_t>(nodes.size()));
    std::size_t at = begin;
    ids_.push_back(at < end && tokens[at].first.size() == depth ? tokens[at].second : -1);
    while (at < end && tokens[at].first.size() == depth) ++at;
    while (at < end) {
      const char byte = tokens[at].first[depth];
      std::size_t stop = at;
      while (stop < end && tokens[stop].first[depth] == byte) ++stop;
      nodes.push_back({at, stop, depth + 1});
      labels_.push_back(static_cast<unsigned char>(byte));
      at = stop;
    }
  }
  first_child_.push_back(static_cast<std::uint32_t>(nodes.size()));
}

std::uint32_t TokenTrie::child(std::uint32_t node, unsigned char byte) const {
  const auto begin = labels_.begin() + first_child_[node], end = labels_.begin() + first_child_[node + 1];
  const auto found = std::lower_bound(begin, end, byte);
  return found != end && *found == byte ? static_cast<std::uint32_t>(found - labels_.begin()) : 0;
}

}  // namespace fulcrum
