// Finds whole tokens inside a text before it is cut up any further: user-defined tokens always, control and
// unknown tokens only where the text may hold them. Leftmost first, longest among those that start at the
// same byte.
//
// Knows nothing of how the text between them becomes tokens.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace fulcrum {

class SpecialTokens {
 public:
  struct Entry {
    std::string text;  // as it stands in a text
    TokenId id = 0;
    bool always = false;  // user-defined: found in any text
  };
  explicit SpecialTokens(std::vector<Entry> entries);

  // A stretch of ordinary text, or one token.
  struct Fragment {
    std::string_view text;
    std::optional<TokenId> token;
  };
  // The fragments in order; together they are `text`. Empty stretches are left out.
  std::vector<Fragment> split(std::string_view text, Tokenizer::Special special) const;

 private:
  const Entry* match_at(std::string_view text, std::size_t offset, Tokenizer::Special special) const;

  std::vector<Entry> entries_;  // by first byte, then longest first
  std::array<std::uint32_t, 257>
      first_byte_;  // entries that start with byte b: first_byte_[b] to first_byte_[b + 1]
};

}  // namespace fulcrum
