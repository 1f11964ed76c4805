// Unigram segmentation: of all ways to write a stretch as tokens, the one whose scores (log probabilities)
// sum to the most, by Viterbi's algorithm from left to right.
//
// A character without a token is unknown and costs ten more than the worst token; it becomes its byte tokens
// where the vocabulary has them, and a run of unknown characters is one unknown token where it has not.
// Cost: characters times the longest token that matches. Thread-safe after construction.
// Source: Kudo 2018 (Subword Regularization); SentencePiece's and Hugging Face's implementations, which agree
// but for the precision of their sums.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "text/subword_model.h"
#include "text/token_trie.h"

namespace fulcrum {

class UnigramModel final : public SubwordModel {
 public:
  struct Token {
    std::string_view text;
    double score = 0;
    TokenId id = 0;
  };
  // How scores are added up: SentencePiece uses float, Hugging Face and llama.cpp double.
  enum class Sums { single_precision, double_precision };
  struct Options {
    std::optional<TokenId> unknown;
    // By byte; tokens such as <0x0A>. Used where `unknown` would be.
    std::optional<std::array<TokenId, 256>> bytes;
    // The worst score that counts for the cost of the unknown.
    double least_score = 0;
    Sums sums = Sums::double_precision;
  };
  // Error(corrupt): a score that is not finite; neither an unknown token nor bytes. Ids are the caller's.
  UnigramModel(const std::vector<Token>& tokens, Options options);

  void encode(std::string_view stretch, std::vector<TokenId>& ids) const override;

 private:
  template <typename Sum>
  void encode_with(std::string_view stretch, std::vector<TokenId>& ids) const;

  Options options_;
  TokenTrie trie_;  // to places in scores_
  std::vector<double> scores_;
  std::vector<TokenId> ids_;
};

}  // namespace fulcrum
