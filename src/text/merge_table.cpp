#include "text/merge_table.h"

#include <queue>

namespace fulcrum {
namespace {

constexpr TokenId kGone = -1;  // merged into its left neighbour

std::uint64_t pair_key(TokenId left, TokenId right) {
  return (static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32) |
         static_cast<std::uint32_t>(right);
}

struct Candidate {
  std::int32_t rank;
  std::size_t left, right;  // places
  TokenId left_id, right_id, result;
  bool operator<(const Candidate& other) const {
    return rank != other.rank ? rank > other.rank : left > other.left;
  }
};

}  // namespace

void MergeTable::add(TokenId left, TokenId right, std::int32_t rank, TokenId result) {
  merges_.emplace(pair_key(left, right), Merge{rank, result});
}

void MergeTable::apply(std::vector<TokenId>& symbols) const {
  if (symbols.size() < 2) return;
  const std::size_t none = symbols.size();
  std::vector<std::size_t> previous(symbols.size()), next(symbols.size());
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    previous[i] = i == 0 ? none : i - 1;
    next[i] = i + 1;
  }
  std::priority_queue<Candidate> queue;
  const auto propose = [&](std::size_t left) {
    if (left == none || next[left] == none) return;
    const TokenId left_id = symbols[left], right_id = symbols[next[left]];
    const auto found = merges_.find(pair_key(left_id, right_id));
    if (found == merges_.end()) return;
    queue.push({found->second.rank, left, next[left], left_id, right_id, found->second.result});
  };
  for (std::size_t i = 0; i < symbols.size(); ++i) propose(i);
  while (!queue.empty()) {
    const Candidate best = queue.top();
    queue.pop();
    const bool still_there = symbols[best.left] == best.left_id && symbols[best.right] == best.right_id &&
                             next[best.left] == best.right;
    if (!still_there) continue;
    symbols[best.left] = best.result;
    symbols[best.right] = kGone;
    next[best.left] = next[best.right];
    if (next[best.left] != none) previous[next[best.left]] = best.left;
    propose(previous[best.left]);
    propose(best.left);
  }
  std::erase(symbols, kGone);
}

}  // namespace fulcrum
