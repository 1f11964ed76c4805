// From a row of logits to the next token.
//
// Greedy, or a draw after temperature, top-k and top-p, in this order (Holtzman et al. 2020 for top-p). A
// draw is a pure function of (seed, position in the answer): it does not matter what else runs in the batch.
// Equal logits are ordered by token id, so every cut is the same on every machine.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "text/lm.h"
#include "text/tokenizer.h"

namespace fulcrum {

struct SampledToken {
  TokenId token = 0;
  double log_likelihood = 0;  // natural log, at temperature 1 and uncut, whatever the sampling was
};

class Sampler {
 public:
  // Error(invalid_argument) naming the number that cannot be: temperature below 0, top_k below 1, top_p
  // outside (0, 1].
  explicit Sampler(const Sampling& sampling);

  // `position` counts the tokens of the answer from 0. Error(corrupt) if the logits hold no finite largest
  // value.
  SampledToken sample(std::span<const float> logits, std::int64_t position);
  // The same among these tokens only, ascending and at least one. The likelihood stays that of the whole
  // distribution.
  SampledToken sample_among(std::span<const TokenId> allowed, std::span<const float> logits,
                            std::int64_t position);

 private:
  double normalizer(std::span<const float> logits, std::int64_t position) const;
  // One of order_.
  TokenId draw(std::span<const float> logits, std::int64_t position);

  Sampling sampling_;
  std::vector<TokenId> order_;
  std::vector<double> weights_;
};

// The largest logit, the smallest id among equals.
TokenId largest_logit(std::span<const float> logits);

}  // namespace fulcrum
