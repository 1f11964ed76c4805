// SentencePiece-type BPE by score with byte fallback: the GGUF family "llama" (Llama 1 and 2, Mistral,
// llama2.c, the bundled model).
//
// Encoding: a space before the text and after every special token (add_space_prefix), ' ' becomes U+2581,
// then, starting from characters, the adjacent pair whose joined text is a token of the highest score is
// merged, leftmost first among equals, until no pair is left. A character without a token becomes its bytes
// <0xE2> <0x96> ..., and so do ill-formed bytes and a U+2581 that stands in the text itself, so that decoding
// gives the text back byte by byte.
//
// There is no pre-tokenizer and no normalisation. Cost: n log n in the text, n being the longest stretch that
// a token could span. Sources: Kudo and Richardson 2018 (SentencePiece); llama.cpp's handling of the family,
// which users compare with.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/special_tokens.h"
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
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  using Index = std::unordered_map<std::string, TokenId, Hash, std::equal_to<>>;
  struct Symbol;
  struct Candidate;
  struct Scratch;

  TokenType type(TokenId id) const { return vocabulary_.types[static_cast<std::size_t>(id)]; }
  void encode_stretch(std::string_view text, std::vector<TokenId>& ids) const;
  void merge(std::string_view text, Scratch& scratch, std::vector<TokenId>& ids) const;
  void propose(std::string_view text, std::int32_t left, Scratch& scratch) const;
  void emit(std::string_view symbol, std::vector<TokenId>& ids) const;

  Vocabulary vocabulary_;
  Index all_;        // every token by its text
  Index mergeable_;  // those that merging may make
  SpecialTokens special_;
  std::array<TokenId, 256> bytes_;
  bool has_bytes_ = true;          // all 256 of them; otherwise what has no token is the unknown token
  std::size_t longest_bytes_ = 0;  // of mergeable_
  // No token runs from a letter into a space mark, so the text can be cut before each word.
  bool words_are_independent_ = true;
};

}  // namespace fulcrum
