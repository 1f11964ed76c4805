// How keys and values of past tokens lie in the blocks of a paged cache.
//
// A block holds `block_tokens` tokens of one layer: keys as [K, D, block_tokens], so that a vector holds
// neighbouring tokens, and values as [K, block_tokens, D]. Attention reads them as they lie: a token is put
// in its place once, and no later step packs it again. Elements are f32 or f16; what is put into f16 is
// rounded there, so that every query, those of the token's own step too, reads the rounded values.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/attention.h"
#include "tensor/dtype.h"

namespace fulcrum {

// Elements that can be read behind each block, whatever they are, because a vector may begin in its last row.
inline constexpr std::int64_t kPagedSlack = 16;

// Writes one token's keys and values, [K*D] each, as token `slot` of a block whose elements are `dtype`: f32,
// or f16 as tensor/f16_rows.h rounds to it. Error(internal) for another.
void store_paged(const float* k, const float* v, std::int64_t slot, std::int64_t block_tokens,
                 const AttentionShape& shape, DType dtype, std::byte* key_block, std::byte* value_block);

}  // namespace fulcrum
