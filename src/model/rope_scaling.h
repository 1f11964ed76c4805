// How a model stretches RoPE over more tokens than it was pretrained on.
//
// Every kind comes down to a divisor of each frequency and a factor on cosines and sines. Sources: Chen et
// al. 2023 (linear), Peng et al. 2023 (YaRN), Ding et al. 2024 (LongRoPE), Meta's Llama 3.1 release (llama3).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "tensor/rope.h"

namespace fulcrum {

// given: a file names the divisors themselves (GGUF's rope_freqs.weight).
enum class RopeScalingKind { none, linear, llama3, yarn, longrope, given };
std::string_view to_string(RopeScalingKind kind);  // Hugging Face's and GGUF's names, "none", "linear", ...

struct RopeScaling {
  RopeScalingKind kind = RopeScalingKind::none;
  double factor = 1;                                           // linear, llama3, yarn
  std::int64_t original_context_tokens = 0;                    // llama3, yarn, longrope: of pretraining
  double low_frequency_factor = 1, high_frequency_factor = 4;  // llama3
  double beta_fast = 32, beta_slow = 1;                        // yarn
  std::optional<double> attention_factor = std::nullopt;       // yarn, longrope; absent: by their formulas
  std::vector<float> divisors = {};                            // given; longrope: the short factors
  std::vector<float> long_divisors = {};                       // longrope: kept for whoever writes it
  std::int64_t extended_context_tokens = 0;                    // longrope: what the long factors reach to

  bool operator==(const RopeScaling&) const = default;
  // Error(corrupt) if the numbers cannot be a scaling of `rotary_dim` dimensions.
  void check(std::int64_t rotary_dim) const;
};

// The frequencies of a model. LongRoPE's are those for contexts of up to original_context_tokens.
RopeFrequencies scaled_frequencies(RopeLayout layout, std::int64_t head_dim, std::int64_t rotary_dim,
                                   double theta, const RopeScaling& scaling);

// [R/2] divisors of the unscaled frequencies; empty for none.
std::vector<float> frequency_divisors(std::int64_t rotary_dim, double theta, const RopeScaling& scaling);

}  // namespace fulcrum
