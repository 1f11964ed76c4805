// The baseline that a language model of prose has to beat: an n-gram model of tokens with interpolated
// Kneser-Ney smoothing (Kneser & Ney 1995; one absolute discount an order, n1 / (n1 + 2 n2)).
//
// Counts are sorted arrays of 64-bit hashes: two n-grams whose hashes collide would share a count, which at
// 10^7 entries is expected for about 10^-5 of a pair.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "text/tokenizer.h"

namespace fulcrum {

class NgramModel {
 public:
  // Texts do not continue each other. order >= 1.
  NgramModel(std::span<const std::vector<TokenId>> texts, int order, std::int64_t vocabulary_tokens);
  // Natural log of p(next | the last order - 1 tokens of `context`).
  double log_probability(std::span<const TokenId> context, TokenId next) const;

 private:
  struct Count {
    std::uint64_t key = 0;
    std::uint32_t count = 0;
  };
  struct Context {
    std::uint64_t key = 0;
    std::uint32_t total = 0, distinct = 0;
  };
  // Of n-grams of one length: how often each stands in the text (highest order) or after how many different
  // tokens.
  struct Level {
    std::vector<Count> grams;
    std::vector<Context> contexts;
    double discount = 0;
  };
  double probability(std::span<const TokenId> context, TokenId next) const;

  std::vector<Level> levels_;  // levels_[n - 1]: n-grams
  std::int64_t vocabulary_tokens_ = 0;
};

}  // namespace fulcrum
