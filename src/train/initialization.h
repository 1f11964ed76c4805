// Random weights to start training from, with an optional head start: attention heads that look back or match
// from the first step, so that copying does not have to be discovered.
//
// Scales: embedding N(0, e); q, k, v, gate, up N(0, 0.8/sqrt(C)); the two projections into the residual
// stream N(0, 0.1 e/sqrt(inputs)), so that layers start out nearly silent. Norm gains 1, but for the last
// norm's, which sets how sure the first predictions are; biases 0.
//
// A plan names the heads of the first layers, one text a layer, one word a head (query heads sharing a kv
// head stand side by side):
//   oN  looks N tokens back: q and k biases on the five fastest RoPE frequencies make the score a function of
//   distance
//       alone that peaks at N
//   wN  looks at a window of about the last N tokens: the same on slower frequencies, flatter
//   m   looks at earlier occurrences of the same token: q and k are one random map on the slowest frequencies
//   iN  looks behind earlier occurrences of the last N tokens (N = 1, or 3 for o1, o2 and o3 together): its q
//   reads the
//       token itself, its k reads what the oN heads of layer 0 wrote. An induction head, ready made
//   b   looks behind earlier occurrences of the pair (token before, token): like i1, but copies a name whose
//   syllables
//       repeat without losing its place
//   -   left random
// o and w stand in layer 0 only, i, b and m above it. Measurements: docs/LOG.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/config.h"
#include "train/parameters.h"

namespace fulcrum {

struct InitialWeights {
  double embedding_deviation = 0.4;
  double final_norm_gain = 0.15;
  std::vector<std::string> heads;  // the plan; empty: all heads random
};

// Error(invalid_argument): a plan that does not fit the model (biases, split-halves RoPE, the number of
// heads) or holds a word that is not one of the above.
void initialize_decoder(const ModelConfig& config, const InitialWeights& initial, std::uint64_t seed,
                        const ParameterLayout& layout, ParameterArray& array);

}  // namespace fulcrum
