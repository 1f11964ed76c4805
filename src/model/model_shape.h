// A model by its numbers alone: "layers=30,width=576,heads=9,kv_heads=3,ff=1536,vocabulary=49152", for
// measuring speed on random weights. Llama layout, own output matrix; it has learnt nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/model_file.h"

namespace fulcrum {

struct ModelShape {
  std::int64_t layers = 0, width = 0, heads = 0, kv_heads = 0, ff = 0, vocabulary = 0;
};

// A list of the six numbers, in any order, or one of the names "8.9M", "163M" and "1.1B".
// Error(invalid_argument) naming what is missing or unknown.
ModelShape parse_model_shape(std::string_view text);

// f32 weights, and a SentencePiece-type vocabulary filled up with tokens that no text contains, so that other
// engines open the file too. Error(invalid_argument) for a vocabulary smaller than the tokens it must have.
ModelFile make_random_model(const ModelShape& shape, std::int64_t context_tokens, std::uint64_t seed);

// Multiplications and additions of one token's forward pass, attention to `past_tokens` included.
double flop_per_token(const ModelConfig& config, std::int64_t past_tokens);

}  // namespace fulcrum
