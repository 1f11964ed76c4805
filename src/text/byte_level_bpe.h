// Byte-level BPE: the GGUF family "gpt2" (GPT-2, Llama 3, Qwen, Falcon, StarCoder, ...).
//
// A pre-tokenizer (Vocabulary.pre, text/pre_tokenizer.h; gpt-2 where none is named) cuts the text, each
// stretch becomes its bytes, and the adjacent pair that stands first in Vocabulary.merges is merged, leftmost
// first among equals, until no pair is left. Tokens are written in GPT-2's alphabet, where every byte is a
// printable character. Decoding gives any bytes back, ill-formed UTF-8 included, as far as every byte has a
// token.
//
// Sources: Radford et al. 2019 (GPT-2); Sennrich et al. 2016.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/merge_table.h"
#include "text/pre_tokenizer.h"
#include "text/special_tokens.h"
#include "text/token_index.h"
#include "text/tokenizer.h"

namespace fulcrum {

// Bytes in GPT-2's alphabet, and back; a character outside of it gives its own bytes.
std::string to_byte_alphabet(std::string_view bytes);
std::string from_byte_alphabet(std::string_view text);

class ByteLevelBpeTokenizer final : public Tokenizer {
 public:
  // Error(corrupt): a merge that is not two parts. A byte without a token (Falcon has such) is the unknown
  // token, or is left out where there is none, as other engines do. Error(unsupported): an unknown
  // pre-tokenizer.
  explicit ByteLevelBpeTokenizer(Vocabulary vocabulary);

  std::vector<TokenId> encode(std::string_view text, Special special) const override;
  std::vector<TokenId> encode_parts(std::span<const Part> parts) const override;
  std::string piece(TokenId id) const override;
  std::string decode(std::span<const TokenId> ids) const override;
  const Vocabulary& vocabulary() const override { return vocabulary_; }
  std::optional<TokenId> find(std::string_view token) const override;

 private:
  Vocabulary vocabulary_;
  TokenIndex ids_;
  MergeTable merges_;
  std::array<TokenId, 256> bytes_;  // of one byte each; -1: none
  SpecialTokens special_;
  PreTokenizer pre_tokenizer_;
  bool whole_words_first_ = false;  // a stretch that is a token is taken as it is (Llama 3)
};

}  // namespace fulcrum
