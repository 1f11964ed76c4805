// SentencePiece's byte-pair encoding: starting from characters, the adjacent pair whose joined text is a
// token of the highest score is merged, leftmost first among equals, until no pair is left.
//
// A character without a token becomes its byte tokens <0xE2> ..., or the unknown token where not all bytes
// have one. A token of type unused may arise on the way and is taken apart again at the end. Cost: n log n in
// the stretch. Thread-safe after construction. Source: Kudo and Richardson 2018.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "text/subword_model.h"
#include "text/token_index.h"

namespace fulcrum {

class ScoreMerges final : public SubwordModel {
 public:
  // `vocabulary` must outlive this and have scores and types. Error(corrupt): a score that is not a finite
  // number, a byte token whose text is not <0xHH>, neither all bytes nor an unknown token.
  explicit ScoreMerges(const Vocabulary& vocabulary);

  void encode(std::string_view stretch, std::vector<TokenId>& ids) const override;
  // By byte; meaningful only if every byte has one.
  const std::array<TokenId, 256>& bytes() const { return bytes_; }
  bool has_bytes() const { return has_bytes_; }
  // No token runs from a letter into a space mark, so a text may be cut before each word.
  bool words_are_independent() const { return words_are_independent_; }

 private:
  struct Scratch;
  void propose(std::string_view text, std::int32_t left, Scratch& scratch) const;
  void emit(std::string_view symbol, const Scratch& scratch, std::vector<TokenId>& ids) const;

  const Vocabulary& vocabulary_;
  TokenIndex mergeable_;
  std::array<TokenId, 256> bytes_;
  bool has_bytes_ = true;
  std::size_t longest_bytes_ = 0;  // of mergeable_
  bool words_are_independent_ = true;
};

}  // namespace fulcrum
