#include "infer/prefix_cache.h"

#include <algorithm>

namespace fulcrum {

// Every use gets its own time, and a parent is used whenever its child is, so leaves_ never needs a tie-break
// by address and the order of eviction is the same in every run.
void PrefixCache::touch(Node& node) {
  const bool leaf = node.children.empty();
  if (leaf) leaves_.erase({node.last_used, &node});
  node.last_used = ++clock_;
  if (leaf) leaves_.insert({node.last_used, &node});
}

std::vector<KvCache::Block> PrefixCache::find(AdapterKey adapter, std::span<const TokenId> tokens) {
  std::vector<KvCache::Block> blocks;
  const auto root = roots_.find(adapter);
  if (root == roots_.end()) return blocks;
  const auto step = static_cast<std::size_t>(cache_->block_tokens());
  Node* node = &root->second;
  for (std::size_t begin = 0; begin + step <= tokens.size(); begin += step) {
    const std::vector<TokenId> edge(tokens.begin() + static_cast<std::ptrdiff_t>(begin),
                                    tokens.begin() + static_cast<std::ptrdiff_t>(begin + step));
    const auto child = node->children.find(edge);
    if (child == node->children.end()) break;
    node = child->second.get();
    touch(*node);
    blocks.push_back(node->block);
  }
  return blocks;
}

void PrefixCache::insert(AdapterKey adapter, std::span<const TokenId> tokens, const KvSequence& sequence) {
  const auto step = static_cast<std::size_t>(cache_->block_tokens());
  const std::size_t length = std::min(tokens.size(), static_cast<std::size_t>(sequence.length()));
  Node* node = &roots_[adapter];
  for (std::size_t begin = 0; begin + step <= length; begin += step) {
    std::vector<TokenId> edge(tokens.begin() + static_cast<std::ptrdiff_t>(begin),
                              tokens.begin() + static_cast<std::ptrdiff_t>(begin + step));
    auto child = node->children.find(edge);
    if (child == node->children.end()) {
      if (node->parent && node->children.empty()) leaves_.erase({node->last_used, node});
      child = node->children.emplace(std::move(edge), std::make_unique<Node>()).first;
      Node& added = *child->second;
      added.parent = node;
      added.edge = &child->first;
      added.block = sequence.blocks()[begin / step];
      cache_->retain(added.block);
      ++size_;
    }
    node = child->second.get();
    touch(*node);
  }
}

void PrefixCache::drop(Node& leaf) {
  cache_->release(leaf.block);
  --size_;
  leaves_.erase({leaf.last_used, &leaf});
  Node* parent = leaf.parent;
  parent->children.erase(parent->children.find(*leaf.edge));
  if (parent->parent && parent->children.empty()) leaves_.insert({parent->last_used, parent});
}

std::int64_t PrefixCache::releasable_blocks() const {
  std::int64_t count = 0;
  const auto visit = [&](const auto& self, const Node& node) -> void {
    for (const auto& [edge, child] : node.children) {
      if (cache_->references(child->block) == 1) ++count;
      self(self, *child);
    }
  };
  for (const auto& [adapter, root] : roots_) visit(visit, root);
  return count;
}

bool PrefixCache::make_free(std::int64_t blocks) {
  if (cache_->free_blocks() >= blocks) return true;
  // Looking before giving anything up: what a running sequence holds too would be lost to others without a
  // gain.
  if (cache_->free_blocks() + releasable_blocks() < blocks) return false;
  // Some more than asked for, so that looking, which visits every block, is not done for every single one.
  const std::int64_t target = blocks + cache_->capacity_blocks() / 32;
  auto leaf = leaves_.begin();
  while (cache_->free_blocks() < target && leaf != leaves_.end()) {
    if (cache_->references(leaf->second->block) > 1) {
      ++leaf;
    } else {
      drop(*leaf->second);
      leaf = leaves_.begin();
    }
  }
  return cache_->free_blocks() >= blocks;
}

void PrefixCache::drop_below(Node& node) {
  while (!node.children.empty()) {
    Node& child = *node.children.begin()->second;
    drop_below(child);
    drop(child);
  }
}

void PrefixCache::forget(AdapterKey adapter) {
  const auto root = roots_.find(adapter);
  if (root == roots_.end()) return;
  drop_below(root->second);
  roots_.erase(root);
}

void PrefixCache::clear() {
  while (!roots_.empty()) forget(roots_.begin()->first);
}

}  // namespace fulcrum
