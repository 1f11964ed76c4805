// Which tokens a text begins with: a trie over bytes.
//
// Nodes are numbered breadth first, so that the children of a node stand side by side. Thread-safe after
// construction. Memory: at most about ten bytes for each byte of the tokens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "text/tokenizer.h"

namespace fulcrum {

class TokenTrie {
 public:
  TokenTrie() : TokenTrie(std::vector<std::pair<std::string_view, TokenId>>()) {}
  // The first of two equal texts stays; empty ones are left out. The texts may go afterwards.
  explicit TokenTrie(std::vector<std::pair<std::string_view, TokenId>> tokens);

  // Calls visit(length in bytes, id) for each token that `text` begins with, shortest first.
  template <typename Visit>
  void prefixes(std::string_view text, Visit&& visit) const {
    std::uint32_t node = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
      node = child(node, static_cast<unsigned char>(text[at]));
      if (node == 0) return;
      if (ids_[node] >= 0) visit(at + 1, ids_[node]);
    }
  }

 private:
  std::uint32_t child(std::uint32_t node, unsigned char byte) const;  // 0: none

  std::vector<std::uint32_t> first_child_;  // by node, and one more
  std::vector<unsigned char> labels_;       // the byte that leads to a node
  std::vector<TokenId> ids_;                // -1: no token ends here
};

}  // namespace fulcrum
