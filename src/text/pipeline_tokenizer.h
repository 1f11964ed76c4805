// A tokenizer put together from the steps that a tokenizer.json names: added tokens are found, the text
// between them is normalised, cut into words, and each word goes through the model; decoding has steps of its
// own.
//
// The steps themselves are read from the file by text/tokenizer_json_*.h. Differs from Hugging Face
// tokenizers in three points: bytes that are not UTF-8 are taken and, where the steps allow it, given back as
// they are; special tokens are looked for in the text as given, not as normalised, so that it stays known who
// wrote them; and the model never makes a special token out of ordinary text. Thread-safe after construction.
// Source: Hugging Face tokenizers.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/added_tokens.h"
#include "text/subword_model.h"
#include "text/token_index.h"
#include "text/tokenizer.h"

namespace fulcrum {

class Normalizer {
 public:
  virtual ~Normalizer() = default;
  virtual std::string normalize(std::string text) const = 0;
};

// What lies between two cuts.
struct Word {
  std::string text;
  bool starts_text = false;  // nothing stands before it in the whole text
};

class WordSplitter {
 public:
  virtual ~WordSplitter() = default;
  // Cuts each word further, or changes it. Words that become empty are left out.
  virtual void split(std::vector<Word>& words) const = 0;
};

class PieceDecoder {
 public:
  virtual ~PieceDecoder() = default;
  struct Place {
    std::optional<std::string_view> previous;  // the token before, none: at the start
    bool is_added = false;                     // an added token
  };
  // What `piece`, a token as the decoders before left it, adds to a text.
  virtual std::string decode(std::string piece, const Place& place) const = 0;
};

class PipelineTokenizer final : public Tokenizer {
 public:
  struct Steps {
    std::vector<AddedToken> added;
    std::vector<std::unique_ptr<Normalizer>> normalizers;
    std::vector<std::unique_ptr<WordSplitter>> splitters;
    std::unique_ptr<SubwordModel> model;
    std::vector<std::unique_ptr<PieceDecoder>> decoders;  // none: tokens are joined by spaces
  };
  // `vocabulary` has types; its ids are those of `steps`.
  PipelineTokenizer(Vocabulary vocabulary, Steps steps);

  std::vector<TokenId> encode(std::string_view text, Special special) const override;
  std::vector<TokenId> encode_parts(std::span<const Part> parts) const override;
  std::string piece(TokenId id) const override;
  std::string piece_after(std::optional<TokenId> previous, TokenId id) const override;
  std::optional<TokenId> context_after(std::optional<TokenId> previous, TokenId id) const override;
  std::string decode(std::span<const TokenId> ids) const override;
  const Vocabulary& vocabulary() const override { return vocabulary_; }
  std::optional<TokenId> find(std::string_view token) const override;

 private:
  std::string normalize(std::string text) const;
  void encode_stretch(std::string_view text, bool starts_text, std::vector<TokenId>& ids) const;
  std::string decode_piece(TokenId id, const PieceDecoder::Place& place) const;
  const std::string& token(TokenId id) const;
  bool is_hidden(TokenId id) const;

  Vocabulary vocabulary_;
  Steps steps_;
  TokenIndex all_;
  std::vector<bool> is_added_;  // by id
  std::unordered_map<TokenId, std::string>
      spelled_;                     // added tokens that are decoded in their normalised spelling
  AddedTokens given_, normalized_;  // found in the text as given, and in the normalised text
};

}  // namespace fulcrum
