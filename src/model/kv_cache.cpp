#include "model/kv_cache.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "tensor/paged_layout.h"

namespace fulcrum {
namespace {

// Blocks begin at a cache line, so that full vectors do not straddle two.
constexpr std::uintptr_t kLineBytes = 64;

std::byte* first_line(std::byte* memory) {
  const std::uintptr_t beyond = reinterpret_cast<std::uintptr_t>(memory) % kLineBytes;
  return beyond == 0 ? memory : memory + (kLineBytes - beyond);
}

}  // namespace

DType cache_dtype(const ModelWeights& weights) {
  for (const LayerWeights& layer : weights.layers) {
    for (const Tensor* matrix : {&layer.attn_q, &layer.attn_k, &layer.attn_v, &layer.attn_output,
                                 &layer.ffn_gate, &layer.ffn_up, &layer.ffn_down}) {
      if (is_quantised(matrix->dtype)) return DType::f16;
    }
  }
  return DType::f32;
}

std::int64_t cache_bytes_per_token(const ModelConfig& config, DType dtype) {
  return 2 * config.n_layers * row_bytes(dtype, config.n_kv_heads * config.head_dim);
}

KvCache::KvCache(const ModelConfig& config, DType dtype, std::int64_t block_tokens,
                 std::int64_t capacity_bytes)
    : dtype_(dtype),
      block_tokens_(block_tokens),
      n_layers_(config.n_layers),
      capacity_bytes_(capacity_bytes),
      part_bytes_(row_bytes(dtype, block_tokens * config.n_kv_heads * config.head_dim)) {
  if (block_tokens < 1) {
    throw_error(ErrorCode::invalid_argument,
                "making a key/value cache: block_tokens is {}, expected at least 1", block_tokens);
  }
  if (capacity_bytes < block_bytes()) {
    throw_error(
        ErrorCode::too_large,
        "making a key/value cache: one block of {} tokens takes {} bytes, but only {} bytes are allowed; "
        "allow more cache memory",
        block_tokens, block_bytes(), capacity_bytes);
  }
  const auto blocks =
      static_cast<std::size_t>(std::min<std::int64_t>(capacity_bytes / block_bytes(), INT32_MAX));
  memory_.resize(blocks);
  references_.assign(blocks, 0);
  free_.resize(blocks);
  // Low numbers are handed out first, so that memory already taken is used again before more is taken.
  for (std::size_t i = 0; i < blocks; ++i) free_[i] = static_cast<Block>(blocks - 1 - i);
}

KvCache::Block KvCache::acquire() {
  if (free_.empty()) {
    throw_error(ErrorCode::too_large,
                "taking memory for keys and values: all {} blocks of {} tokens ({} bytes) are in use; allow "
                "more cache "
                "memory or run fewer or shorter sequences at once",
                capacity_blocks(), block_tokens_, capacity_bytes_);
  }
  const Block block = free_.back();
  auto& memory = memory_[static_cast<std::size_t>(block)];
  if (!memory) {
    const std::int64_t slack = row_bytes(dtype_, kPagedSlack) + static_cast<std::int64_t>(kLineBytes);
    memory.reset(new std::byte[static_cast<std::size_t>(block_bytes() + slack)]);
  }
  free_.pop_back();
  references_[static_cast<std::size_t>(block)] = 1;
  return block;
}

void KvCache::retain(Block block) {
  ++references_[static_cast<std::size_t>(block)];
}

void KvCache::release(Block block) {
  if (--references_[static_cast<std::size_t>(block)] == 0) free_.push_back(block);
}

std::byte* KvCache::keys(Block block, std::int64_t layer) {
  return first_line(memory_[static_cast<std::size_t>(block)].get()) + layer * 2 * part_bytes_;
}

std::byte* KvCache::values(Block block, std::int64_t layer) {
  return keys(block, layer) + part_bytes_;
}

void KvCache::copy(Block from, Block to) {
  std::copy_n(keys(from, 0), block_bytes(), keys(to, 0));
}

KvSequence::KvSequence(KvCache& cache, std::span<const KvCache::Block> prefix)
    : cache_(&cache),
      blocks_(prefix.begin(), prefix.end()),
      length_(static_cast<std::int64_t>(prefix.size()) * cache.block_tokens()) {
  for (const KvCache::Block block : blocks_) cache_->retain(block);
}

KvSequence::~KvSequence() {
  for (const KvCache::Block block : blocks_) cache_->release(block);
}

KvSequence::KvSequence(KvSequence&& other) noexcept
    : cache_(other.cache_),
      blocks_(std::exchange(other.blocks_, {})),
      length_(std::exchange(other.length_, 0)) {}

KvSequence& KvSequence::operator=(KvSequence&& other) noexcept {
  std::swap(cache_, other.cache_);
  std::swap(blocks_, other.blocks_);
  std::swap(length_, other.length_);
  return *this;
}

KvSequence KvSequence::fork() const {
  const std::int64_t full = length_ / cache_->block_tokens();
  KvSequence copy(*cache_, blocks().first(static_cast<std::size_t>(full)));
  if (length_ > copy.length_) {
    copy.make_room(length_ - copy.length_);
    cache_->copy(blocks_[static_cast<std::size_t>(full)], copy.blocks_.back());
    copy.length_ = length_;
  }
  return copy;
}

void KvSequence::make_room(std::int64_t tokens) {
  const std::int64_t missing =
      cache_->blocks_of(length_ + tokens) - static_cast<std::int64_t>(blocks_.size());
  if (missing > cache_->free_blocks()) {
    throw_error(
        ErrorCode::too_large,
        "making room for {} more tokens behind {}: {} more blocks of {} tokens are needed and {} of {} are "
        "free; allow more cache memory or run fewer or shorter sequences at once",
        tokens, length_, missing, cache_->block_tokens(), cache_->free_blocks(), cache_->capacity_blocks());
  }
  for (std::int64_t i = 0; i < missing; ++i) blocks_.push_back(cache_->acquire());
}

void KvSequence::advance(std::int64_t tokens) {
  if (cache_->blocks_of(length_ + tokens) > static_cast<std::int64_t>(blocks_.size())) {
    throw_error(ErrorCode::internal,
                "advancing a cached sequence by {} tokens from {}: there is no room for them", tokens,
                length_);
  }
  length_ += tokens;
}

}  // namespace fulcrum
