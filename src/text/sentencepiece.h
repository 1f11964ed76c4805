// SentencePiece-type BPE by score with byte fallback: the GGUF family "llama" (Llama 1 and 2, Mistral,
// llama2.c, the bundled model).
//
// Encoding: a space before the text and after every special token (add_space_prefix), ' ' becomes U+2581,
// then text/score_merges.h. A character without a token becomes its bytes <0xE2> <0x96> ..., and so do
// ill-formed bytes and a U+2581 that stands in the text itself, so that decoding gives the text back byte by
// byte.
//
// There is no pre-tokenizer and no normalisation. Cost: n log n in the text, n being the longest stretch that
// a token could span. Sources: Kudo and Richardson 2018 (SentencePiece); llama.cpp's handling of the family,
// which users compare with.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/score_merges.h"
#include "text/special_tokens.h"
#include "text/token_index.h"
#include "text/tokenizer.h"

namespace fulcrum {

// U+2581, the visible space of SentencePiece vocabularies.
inline constexpr std::string_view kSpaceMark = "\xE2\x96\x81";

// "<0x0A>" is byte 10; anything else is none.
std::optional<unsigned char> parse_byte_token(std::string_view token);
std::string byte_token(unsigned char byte);
std::string replace_space_marks(std::string_view piece);  // U+2581 becomes ' '

class SentencePieceTokenizer final : public Tokenizer {
 public:
  // Error(corrupt): a score that is not a number; a vocabulary that can express neither bytes nor the
  // unknown.
  explicit SentencePieceTokenizer(Vocabulary vocabulary);

  std::vector<TokenId> encode(std::string_view text, Special special) const override;
  std::vector<TokenId> encode_parts(std::span<const Part> parts) const override;
  std::string piece(TokenId id) const override;
  std::string piece_after(std::optional<TokenId> previous, TokenId id) const override;
  std::string decode(std::span<const TokenId> ids) const override;
  const Vocabulary& vocabulary() const override { return vocabulary_; }
  std::optional<TokenId> find(std::string_view token) const override;

 private:
  TokenType type(TokenId id) const { return vocabulary_.types[static_cast<std::size_t>(id)]; }
  void encode_stretch(std::string_view text, std::vector<TokenId>& ids) const;

  Vocabulary vocabulary_;
  TokenIndex all_;  // every token by its text
  SpecialTokens special_;
  ScoreMerges merges_;
};

}  // namespace fulcrum
