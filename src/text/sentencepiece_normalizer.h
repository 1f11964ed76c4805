// SentencePiece's normaliser: what a model's file says is done to a text before it is cut into pieces.
//
// Characters go through the model's character map, the longest sequence first, except where a user-defined
// piece stands. Spaces become U+2581; one is put before the text (add_space_prefix) and, where
// remove_extra_whitespaces asks for it, those at the ends go and runs become one.
// Thread-safe after construction. Source: Kudo and Richardson 2018, and SentencePiece's normalizer.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "text/character_map.h"
#include "text/token_trie.h"
#include "text/tokenizer.h"

namespace fulcrum {

class SentencePieceNormalizer {
 public:
  // What happens to a byte that is not UTF-8.
  enum class IllFormed { replace, keep };
  // `user_defined` finds the pieces that stay as they are.
  SentencePieceNormalizer(const Vocabulary& vocabulary, TokenTrie user_defined, IllFormed ill_formed);

  std::string normalize(std::string_view text) const;

 private:
  // What stands for the start of `text`, which is not empty, and how many of its bytes that covers.
  CharacterMap::Match next(std::string_view text) const;

  std::optional<CharacterMap> map_;
  TokenTrie user_defined_;
  IllFormed ill_formed_;
  bool add_space_prefix_, remove_extra_whitespaces_;
};

}  // namespace fulcrum
