// Which beginnings of prompts are still in the key/value cache.
//
// A tree of full blocks: an edge is the tokens of one block, a node holds one reference to the block that was
// computed for them behind the node's ancestors. Keys and values also depend on the adapter, so each adapter
// has a tree of its own. The least recently used leaves are given up first. Not here: the blocks' memory
// (model/kv_cache.h).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "model/kv_cache.h"
#include "text/tokenizer.h"

namespace fulcrum {

class PrefixCache {
 public:
  // Tells adapters apart, and one from another later loaded under its name. The base is kBase.
  using AdapterKey = std::uint64_t;
  static constexpr AdapterKey kBase = 0;

  explicit PrefixCache(KvCache& cache) : cache_(&cache) {}
  ~PrefixCache() { clear(); }
  PrefixCache(const PrefixCache&) = delete;
  PrefixCache& operator=(const PrefixCache&) = delete;

  // The blocks of the longest known beginning of `tokens`. They stay valid until something is evicted; a
  // KvSequence made from them keeps them.
  std::vector<KvCache::Block> find(AdapterKey adapter, std::span<const TokenId> tokens);

  // Makes the full blocks of `sequence`, which were computed from `tokens`, known. A beginning that is known
  // already keeps its blocks.
  void insert(AdapterKey adapter, std::span<const TokenId> tokens, const KvSequence& sequence);

  // True if the pool has `blocks` free ones, for which least recently used beginnings are given up where
  // needed. Those that a sequence holds are kept, because giving them up would free nothing.
  bool make_free(std::int64_t blocks);

  void forget(AdapterKey adapter);
  void clear();
  std::int64_t size_blocks() const { return size_; }
  // Blocks that nothing but this cache holds.
  std::int64_t releasable_blocks() const;

 private:
  struct Node {
    std::map<std::vector<TokenId>, std::unique_ptr<Node>> children;
    Node* parent = nullptr;
    const std::vector<TokenId>* edge = nullptr;  // its key in parent->children
    KvCache::Block block = -1;                   // a root has none
    std::uint64_t last_used = 0;
  };

  void touch(Node& node);
  void drop(Node& leaf);
  void drop_below(Node& node);

  KvCache* cache_;
  std::map<AdapterKey, Node> roots_;
  std::set<std::pair<std::uint64_t, Node*>> leaves_;  // by last use
  std::uint64_t clock_ = 0;
  std::int64_t size_ = 0;
};

}  // namespace fulcrum
