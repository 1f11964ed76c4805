// The tokens that a tokenizer.json adds to its model: found as whole texts before anything else is done, with
// the conditions that the file gives each.
//
// The leftmost match wins, and the longest of those that begin at one place. A match that does not meet its
// condition is passed over whole. Thread-safe after construction. Source: Hugging Face tokenizers'
// AddedVocabulary.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace fulcrum {

struct AddedToken {
  std::string text;
  TokenId id = 0;
  bool single_word = false;             // not inside of a word
  bool lstrip = false, rstrip = false;  // takes the white space before, behind
  bool normalized = true;               // looked for in the normalised text
  bool special = false;                 // a control token
};

class AddedTokens {
 public:
  AddedTokens() : AddedTokens(std::vector<AddedToken>()) {}
  explicit AddedTokens(std::vector<AddedToken> tokens);

  // A stretch of text, or a token and the text that it took.
  struct Fragment {
    std::string_view text;
    std::optional<TokenId> token;
  };
  // Whether the special token found at [begin, end) may stand there.
  using Allowed = std::function<bool(std::size_t begin, std::size_t end)>;
  // In order; together they are `text`. None is empty.
  std::vector<Fragment> split(std::string_view text, const Allowed& allowed) const;

 private:
  const AddedToken* match_at(std::string_view text, std::size_t at) const;

  std::vector<AddedToken> tokens_;             // by first byte, then longest first
  std::array<std::uint32_t, 257> first_byte_;  // those that start with byte b: first_byte_[b] to [b + 1]
};

}  // namespace fulcrum
