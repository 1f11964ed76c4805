// The "model" of a tokenizer.json: its vocabulary, and the step that turns words into ids.
//
// Errors: corrupt for a vocabulary that contradicts itself, unsupported for another model than BPE, Unigram
// and WordPiece, and for sampling (dropout).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "text/json_tree.h"
#include "text/subword_model.h"
#include "text/tokenizer.h"

namespace fulcrum {

class TokenizerJsonModel {
 public:
  enum class Kind { bpe, unigram, wordpiece };
  // `component` must outlive this.
  explicit TokenizerJsonModel(const JsonTree& component);

  Kind kind() const { return kind_; }
  // By id; an id that no token has is an empty text.
  const std::vector<std::string>& tokens() const { return tokens_; }
  const std::vector<double>& scores() const { return scores_; }     // Unigram only
  std::vector<std::pair<std::string, std::string>> merges() const;  // BPE only
  std::optional<TokenId> unknown() const { return unknown_; }
  bool byte_fallback() const { return byte_fallback_; }

  // `is_special` by id: tokens that ordinary text must not become.
  std::unique_ptr<SubwordModel> make(const std::vector<bool>& is_special) const;

 private:
  void read_vocabulary_object();
  void read_vocabulary_list();
  void place(TokenId id, const std::string& token);

  const JsonTree& component_;
  Kind kind_;
  std::vector<std::string> tokens_;
  std::vector<double> scores_;
  std::optional<TokenId> unknown_;
  bool byte_fallback_ = false;
};

}  // namespace fulcrum
