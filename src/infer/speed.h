// How fast the engine is on given weights: prompts, answers of one or many streams, and items that share a
// prefix.
//
// Tokens are drawn at random and go through the same scheduler as every request. Sampling is greedy; an
// answer ends only at its length.
#pragma once

#include <cstdint>

#include "infer/scheduler.h"
#include "model/transformer.h"

namespace fulcrum {

struct SharedPrefixItems {
  std::int64_t items = 300, shared_tokens = 800, own_tokens = 60, generated_tokens = 8;
};

// Runs on the calling thread with `threads` of OpenMP. Each measurement has a cache of its own, large enough
// for it.
class InferenceSpeed {
 public:
  InferenceSpeed(const Transformer& transformer, int threads);

  // Seconds for one prompt, the median of `repetitions` after one that is not counted.
  double prompt_seconds(std::int64_t prompt_tokens, int repetitions) const;
  // Seconds for `streams` answers of `generated_tokens` each, from the step after the last prompt was read;
  // the median of `repetitions`.
  double decode_seconds(std::int64_t streams, std::int64_t prompt_tokens, std::int64_t generated_tokens,
                        int repetitions) const;
  // Seconds from the first item handed over to the last answer.
  double shared_prefix_seconds(const SharedPrefixItems& items) const;

 private:
  double decode_once(std::int64_t streams, std::int64_t prompt_tokens, std::int64_t generated_tokens) const;

  const Transformer& transformer_;
  int threads_;
};

}  // namespace fulcrum
