// Keys and values of past tokens, in blocks that sequences can share.
//
// A KvCache is a pool of blocks; a block holds `block_tokens` tokens of every layer: [L][keys, values], laid
// out as tensor/paged_layout.h says. Blocks are counted by reference: a prefix that many sequences begin with
// stands in memory once. A KvSequence is one sequence's list of blocks. A shared block
// is always full and never written again; what is appended goes into blocks of the sequence's own.
//
// Source of the idea: Kwon et al. 2023, "Efficient memory management for large language model serving with
// PagedAttention". Not here: which prefixes to keep (infer/prefix_cache.h). One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "model/config.h"
#include "model/weights.h"
#include "tensor/dtype.h"

namespace fulcrum {

// What the keys and values of these weights are kept in. With quantised matrices f16: half as much to read,
// and finer than the int8 that inputs of those matrices are rounded to. Else f32: logits are then those of
// the reference to 2e-4 (as tested), of which f16 would make up to 2e-2.
DType cache_dtype(const ModelWeights& weights);
// Bytes of one token's keys and values in all layers.
std::int64_t cache_bytes_per_token(const ModelConfig& config, DType dtype);

class KvCache {
 public:
  using Block = std::int32_t;

  // `dtype`: f32 or f16. Memory is taken block by block as it is first needed, never more than
  // `capacity_bytes` of keys and values. Error(too_large) if that is less than one block.
  KvCache(const ModelConfig& config, DType dtype, std::int64_t block_tokens, std::int64_t capacity_bytes);
  KvCache(const KvCache&) = delete;
  KvCache& operator=(const KvCache&) = delete;

  DType dtype() const { return dtype_; }
  std::int64_t block_tokens() const { return block_tokens_; }
  std::int64_t block_bytes() const { return 2 * n_layers_ * part_bytes_; }
  std::int64_t capacity_blocks() const { return static_cast<std::int64_t>(references_.size()); }
  std::int64_t free_blocks() const { return static_cast<std::int64_t>(free_.size()); }
  // Blocks that so many tokens fill or begin.
  std::int64_t blocks_of(std::int64_t tokens) const { return (tokens + block_tokens_ - 1) / block_tokens_; }

  // A block with one reference. Error(too_large) with the bound if none is free.
  Block acquire();
  void retain(Block block);
  void release(Block block);
  std::int32_t references(Block block) const { return references_[static_cast<std::size_t>(block)]; }

  std::byte* keys(Block block, std::int64_t layer);
  std::byte* values(Block block, std::int64_t layer);
  void copy(Block from, Block to);

 private:
  DType dtype_;
  std::int64_t block_tokens_, n_layers_, capacity_bytes_;
  std::int64_t part_bytes_;  // one layer's keys in a block, or its values
  std::vector<std::unique_ptr<std::byte[]>> memory_;
  std::vector<std::int32_t> references_;
  std::vector<Block> free_;
};

// The tokens of one sequence that stand in the cache: positions 0 to length()-1. Gives its blocks back when
// destroyed.
class KvSequence {
 public:
  explicit KvSequence(KvCache& cache) : cache_(&cache) {}
  // Begins with full blocks that something else holds already, each of which gets one more reference.
  KvSequence(KvCache& cache, std::span<const KvCache::Block> prefix);
  ~KvSequence();
  KvSequence(KvSequence&& other) noexcept;
  KvSequence& operator=(KvSequence&& other) noexcept;

  // A second sequence with the same past: full blocks are shared, a begun one is copied.
  KvSequence fork() const;

  KvCache& cache() const { return *cache_; }
  std::int64_t length() const { return length_; }
  std::span<const KvCache::Block> blocks() const { return blocks_; }

  // Makes room for `tokens` more; Error(too_large) if the pool has too few blocks, and then nothing has
  // changed.
  void make_room(std::int64_t tokens);
  // Counts `tokens` as written; there must be room.
  void advance(std::int64_t tokens);

 private:
  KvCache* cache_;
  std::vector<KvCache::Block> blocks_;
  std::int64_t length_ = 0;
};

}  // namespace fulcrum
