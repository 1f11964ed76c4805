// A SentencePiece model as its own library runs it: the normaliser of its file, user-defined pieces that stay
// whole, then Unigram or byte-pair encoding. From tokenizer.model files, and the GGUF family "t5".
//
// Differs from text/sentencepiece.h, the GGUF family "llama", by the normaliser and in that no space is put
// behind user-defined pieces. Ill-formed bytes become byte tokens where the model has them, and U+FFFD, as in
// SentencePiece, where it has not; then decoding cannot give the text back, and nor can it where the
// normaliser has changed it. Source: Kudo and Richardson 2018.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/sentencepiece_normalizer.h"
#include "text/special_tokens.h"
#include "text/subword_model.h"
#include "text/token_index.h"
#include "text/unigram.h"

namespace fulcrum {

class NormalizedSentencePieceTokenizer final : public Tokenizer {
 public:
  // The family "t5" is Unigram, "llama" byte-pair encoding. Errors: those of text/unigram.h,
  // text/score_merges.h and text/character_map.h.
  NormalizedSentencePieceTokenizer(Vocabulary vocabulary, UnigramModel::Sums sums);

  std::vector<TokenId> encode(std::string_view text, Special special) const override;
  std::vector<TokenId> encode_parts(std::span<const Part> parts) const override;
  std::string piece(TokenId id) const override;
  std::string piece_after(std::optional<TokenId> previous, TokenId id) const override;
  std::optional<TokenId> context_after(std::optional<TokenId> previous, TokenId id) const override;
  std::string decode(std::span<const TokenId> ids) const override;
  const Vocabulary& vocabulary() const override { return vocabulary_; }
  std::optional<TokenId> find(std::string_view token) const override;

 private:
  TokenType type(TokenId id) const { return vocabulary_.types[static_cast<std::size_t>(id)]; }
  void encode_stretch(std::string_view text, std::vector<TokenId>& ids) const;

  Vocabulary vocabulary_;
  TokenIndex all_;
  SpecialTokens control_;
  bool has_bytes_;
  TokenTrie user_defined_;  // in the normalised spelling
  SentencePieceNormalizer normalizer_;
  std::unique_ptr<SubwordModel> model_;
  bool model_knows_user_defined_;  // Unigram weighs them against other tokens
};

}  // namespace fulcrum
