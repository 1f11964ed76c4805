// The layers that adapter files of an architecture name, and how pairs of this engine become theirs and back.
//
// Files of an architecture with fused projections (phi3) adapt q, k and v by one pair: an A for all and a B
// whose rows are theirs one below the other. Read, it is three pairs with the same A. Written, three pairs
// become one whose A has theirs one below the other and whose B is block-diagonal: exactly the same sum, of
// the ranks' sum. Rows of q and k follow a RopeLayout of the caller's choice. PEFT and GGUF files differ in
// names only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/adapter.h"

namespace fulcrum {

struct AdapterLayer {
  std::string_view peft, block, gguf;  // "q_proj", "self_attn", "attn_q"
  std::vector<LinearModule> parts;     // one, or those that are fused
};
// By PEFT's order of modules.
const std::vector<AdapterLayer>& adapter_layers(const ModelConfig& config);
Shape linear_shape(const ModelConfig& config, const AdapterLayer& layer);  // [out, in]

// A pair as a file holds it: y += scale * B (A x).
struct StoredPair {
  std::int64_t layer = 0;
  const AdapterLayer* module = nullptr;
  std::int64_t rank = 0;
  double scale = 0;
  std::vector<float> a;  // [rank, in]
  std::vector<float> b;  // [out, rank]
};

// Pairs in the order of layers and modules. Where projections are fused, B holds the parts' own scales.
std::vector<StoredPair> to_stored_pairs(const LoraAdapter& adapter, const ModelConfig& config,
                                        RopeLayout stored);
// `alpha` is what gives pair.scale under the adapter's scaling; `pair` has the shapes of its module.
std::vector<LoraPair> from_stored_pair(const StoredPair& pair, double alpha, const ModelConfig& config,
                                       RopeLayout stored);

}  // namespace fulcrum
