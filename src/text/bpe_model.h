// Byte-pair encoding as a tokenizer.json describes it: a word's characters become tokens, then its merges are
// applied (text/merge_table.h).
//
// A character without a token becomes its byte tokens (byte_fallback), else the unknown token, else nothing.
// Thread-safe after construction. Sources: Sennrich et al. 2016; Hugging Face tokenizers' BPE.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/merge_table.h"
#include "text/subword_model.h"
#include "text/token_index.h"

namespace fulcrum {

class BpeModel final : public SubwordModel {
 public:
  struct Options {
    std::optional<TokenId> unknown;
    std::string continuing_subword_prefix;  // before every character of a word but the first
    std::string end_of_word_suffix;         // behind the last
    bool fuse_unknown = false;              // a run of unknown characters is one token
    bool byte_fallback = false;
    bool whole_words_first = false;  // a word that is a token is that token ("ignore_merges")
  };
  // `tokens` are those that text may become. Error(corrupt): a merge whose parts or result are no tokens.
  BpeModel(TokenIndex tokens, const std::vector<std::pair<std::string, std::string>>& merges,
           Options options);

  void encode(std::string_view word, std::vector<TokenId>& ids) const override;

 private:
  std::optional<TokenId> find(std::string_view text) const;

  TokenIndex tokens_;
  Options options_;
  std::optional<std::array<TokenId, 256>> bytes_;
  MergeTable merges_;
};

}  // namespace fulcrum
