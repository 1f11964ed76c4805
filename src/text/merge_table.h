// The merges of a byte-pair encoding (Sennrich et al. 2016) and how they are applied: the adjacent pair of
// the lowest rank first, leftmost among equals, until no pair is left. text/bpe_merges.h learns such merges;
// here they are only used.
//
// Cost: n log n in the symbols. Thread-safe once filled.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "text/tokenizer.h"

namespace fulcrum {

class MergeTable {
 public:
  // The first rank given for a pair stays.
  void add(TokenId left, TokenId right, std::int32_t rank, TokenId result);
  // `symbols` in place. None may be negative.
  void apply(std::vector<TokenId>& symbols) const;

 private:
  struct Merge {
    std::int32_t rank;
    TokenId result;
  };
  std::unordered_map<std::uint64_t, Merge> merges_;  // by left and right
};

}  // namespace fulcrum
