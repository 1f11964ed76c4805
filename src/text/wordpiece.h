// WordPiece: the GGUF family "bert" (BERT and its kin, for embeddings).
//
// The text is decomposed, freed of accents and control characters and put in lower case, cut at white space,
// around punctuation, ASCII symbols and ideographs, and each word is covered by the longest tokens from the
// left; a word that cannot be covered is the unknown token. Tokens are written as in GGUF: those that begin a
// word begin with U+2581, the others do not ("##" of vocab.txt is gone). Decoding gives words back, not the
// text.
//
// Source: Devlin et al. 2018 (BERT, uncased), as llama.cpp reads it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/special_tokens.h"
#include "text/token_index.h"
#include "text/tokenizer.h"

namespace fulcrum {

class WordPieceTokenizer final : public Tokenizer {
 public:
  // Error(corrupt) without an unknown token.
  explicit WordPieceTokenizer(Vocabulary vocabulary);

  std::vector<TokenId> encode(std::string_view text, Special special) const override;
  std::string piece(TokenId id) const override;
  std::string piece_after(std::optional<TokenId> previous, TokenId id) const override;
  std::string decode(std::span<const TokenId> ids) const override;
  const Vocabulary& vocabulary() const override { return vocabulary_; }
  std::optional<TokenId> find(std::string_view token) const override;

 private:
  void encode_word(const std::string& word, std::vector<TokenId>& ids) const;

  Vocabulary vocabulary_;
  TokenIndex ids_;
  std::size_t longest_bytes_ = 0;
  SpecialTokens special_;
};

}  // namespace fulcrum
