// WordPiece as a tokenizer.json describes it: a word is covered by the longest tokens from the left, those
// that continue it with a prefix ("##"). A word that cannot be covered, or is too long, is the unknown token.
//
// Cost: word length times the longest token. Thread-safe after construction. Sources: Devlin et al. 2018
// (BERT); Hugging Face tokenizers' WordPiece. text/wordpiece.h is the GGUF family of the same method.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/subword_model.h"
#include "text/token_index.h"

namespace fulcrum {

class WordPieceModel final : public SubwordModel {
 public:
  struct Options {
    TokenId unknown = 0;
    std::string continuing_subword_prefix = "##";
    std::size_t longest_word_characters = 100;
  };
  // `tokens` are those that text may become.
  WordPieceModel(TokenIndex tokens, Options options);

  void encode(std::string_view word, std::vector<TokenId>& ids) const override;

 private:
  TokenIndex tokens_;
  Options options_;
  std::size_t longest_bytes_ = 0;
};

}  // namespace fulcrum
