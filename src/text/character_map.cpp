#include "text/character_map.h"

#include <cstring>

#include "base/error.h"

namespace fulcrum {
namespace {

// A unit of Darts' double array: either a value (top bit) or a label, whether a value hangs below, and the
// offset to the children.
std::uint32_t label_of(std::uint32_t unit) {
  return unit & 0x800000FFu;
}
bool has_value(std::uint32_t unit) {
  return ((unit >> 8) & 1u) != 0;
}
std::uint32_t value_of(std::uint32_t unit) {
  return unit & 0x7FFFFFFFu;
}
std::uint32_t offset_of(std::uint32_t unit) {
  return (unit >> 10) << ((unit & 0x200u) >> 6);
}

}  // namespace

CharacterMap::CharacterMap(std::string_view compiled) {
  std::uint32_t trie_bytes = 0;
  if (compiled.size() < sizeof trie_bytes) {
    throw_error(ErrorCode::corrupt, "reading a character map: {} bytes, expected at least 4",
                compiled.size());
  }
  std::memcpy(&trie_bytes, compiled.data(), sizeof trie_bytes);
  compiled.remove_prefix(sizeof trie_bytes);
  if (trie_bytes == 0 || trie_bytes % 4 != 0 || trie_bytes > compiled.size()) {
    throw_error(ErrorCode::corrupt,
                "reading a character map: its trie has {} bytes, expected a multiple of 4 of at most {}",
                trie_bytes, compiled.size());
  }
  units_.resize(trie_bytes / 4);
  std::memcpy(units_.data(), compiled.data(), trie_bytes);
  texts_ = compiled.substr(trie_bytes);
  if (texts_.empty() || texts_.back() != '\0') {
    throw_error(ErrorCode::corrupt, "reading a character map: its last text has no end");
  }
}

std::string_view CharacterMap::replacement_at(std::uint32_t offset) const {
  if (offset >= texts_.size()) return {};
  return texts_.c_str() + offset;  // ends at the next zero byte
}

template <typename Visit>
void CharacterMap::prefixes(std::string_view text, Visit&& visit) const {
  std::uint32_t at = offset_of(units_[0]);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    at ^= byte;
    if (at >= units_.size()) return;
    const std::uint32_t unit = units_[at];
    if (label_of(unit) != byte) return;
    at ^= offset_of(unit);
    if (has_value(unit)) {
      if (at >= units_.size()) return;
      if (!visit(Match{replacement_at(value_of(units_[at])), i + 1})) return;
    }
  }
}

std::optional<CharacterMap::Match> CharacterMap::longest(std::string_view text) const {
  std::optional<Match> best;
  prefixes(text, [&](const Match& match) {
    best = match;
    return true;
  });
  return best;
}

std::optional<CharacterMap::Match> CharacterMap::shortest(std::string_view text) const {
  std::optional<Match> first;
  prefixes(text, [&](const Match& match) {
    first = match;
    return false;
  });
  return first;
}

}  // namespace fulcrum
