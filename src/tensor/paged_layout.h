// How keys and values of past tokens lie in the blocks of a paged cache.
//
// A block holds `block_tokens` tokens of one layer: keys as [K, D, block_tokens], so that a vector holds
// neighbouring tokens, and values as [K, block_tokens, D]. Attention reads them as they lie: a token is put
// in its place once, and no later step packs it again.
#pragma once

#include <algorithm>
#include <cstdint>

#include "tensor/attention.h"

namespace fulcrum {

// Floats that can be read behind each block, whatever they are, because a vector may begin in its last row.
inline constexpr std::int64_t kPagedSlack = 16;

// Writes one token's keys and values, [K*D] each, as token `slot` of a block.
inline void store_paged(const float* k, const float* v, std::int64_t slot, std::int64_t block_tokens,
                        const AttentionShape& shape, float* key_block, float* value_block) {
  const std::int64_t head_dim = shape.head_dim, width = shape.kv_heads * head_dim;
  for (std::int64_t i = 0; i < width; ++i) key_block[i * block_tokens + slot] = k[i];
  for (std::int64_t head = 0; head < shape.kv_heads; ++head) {
    std::copy_n(v + head * head_dim, head_dim, value_block + (head * block_tokens + slot) * head_dim);
  }
}

}  // namespace fulcrum
