// SentencePiece's compiled character map ("precompiled_charsmap"): which character sequences become which
// text, NFKC with additions as a rule.
//
// Layout (little-endian): u32 size of a double-array trie in bytes, the trie (u32 units, Darts), then the
// texts, each ended by a zero byte; the trie's values are offsets into them. Every step through the trie is
// checked against its size. Error(corrupt) for sizes that contradict each other.
// Thread-safe after construction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fulcrum {

class CharacterMap {
 public:
  explicit CharacterMap(std::string_view compiled);

  struct Match {
    std::string_view replacement;
    std::size_t size = 0;  // bytes of the text that it replaces
  };
  // The longest, and the shortest, sequence of the map that `text` begins with.
  std::optional<Match> longest(std::string_view text) const;
  std::optional<Match> shortest(std::string_view text) const;

 private:
  template <typename Visit>
  void prefixes(std::string_view text, Visit&& visit) const;
  std::string_view replacement_at(std::uint32_t offset) const;

  std::vector<std::uint32_t> units_;
  std::string texts_;
};

}  // namespace fulcrum
