#include "text/bpe_model.h"

#include "base/error.h"
#include "base/unicode.h"
#include "text/sentencepiece.h"

namespace fulcrum {

BpeModel::BpeModel(TokenIndex tokens, const std::vector<std::pair<std::string, std::string>>& merges,
                   Options options)
    : tokens_(std::move(tokens)), options_(std::move(options)) {
  const std::string& prefix = options_.continuing_subword_prefix;
  for (std::size_t i = 0; i < merges.size(); ++i) {
    const auto& [left, right] = merges[i];
    const auto left_id = find(left), right_id = find(right);
    const auto result = find(left + (right.starts_with(prefix) ? right.substr(prefix.size()) : right));
    if (!left_id || !right_id || !result) {
      throw_error(ErrorCode::corrupt, "making a tokenizer: merge {} is \"{}\" and \"{}\", {} is no token", i,
                  left, right,
                  !left_id    ? "the first"
                  : !right_id ? "the second"
                              : "what they join to");
    }
    merges_.add(*left_id, *right_id, static_cast<std::int32_t>(i), *result);
  }
  if (options_.byte_fallback) {
    bytes_.emplace();
    for (std::size_t b = 0; b < 256; ++b) {
      const auto id = find(byte_token(static_cast<unsigned char>(b)));
      // A vocabulary may lack some of the bytes; characters that need them are unknown.
      (*bytes_)[b] = id.value_or(-1);
    }
  }
}

std::optional<TokenId> BpeModel::find(std::string_view text) const {
  const auto found = tokens_.find(text);
  if (found == tokens_.end()) return std::nullopt;
  return found->second;
}

void BpeModel::encode(std::string_view word, std::vector<TokenId>& ids) const {
  if (options_.whole_words_first) {
    if (const auto whole = find(word)) {
      ids.push_back(*whole);
      return;
    }
  }
  std::vector<TokenId> symbols;
  symbols.reserve(word.size());
  const auto append_bytes = [&](std::string_view text) {
    if (!bytes_) return false;
    for (char c : text) {
      if ((*bytes_)[static_cast<unsigned char>(c)] < 0) return false;
    }
    for (char c : text) symbols.push_back((*bytes_)[static_cast<unsigned char>(c)]);
    return true;
  };
  bool behind_unknown = false;
  std::string affixed;
  for (std::size_t at = 0; at < word.size();) {
    const std::size_t begin = at;
    decode_utf8(word, at);
    std::string_view character = word.substr(begin, at - begin);
    const bool has_prefix = begin > 0 && !options_.continuing_subword_prefix.empty();
    const bool has_suffix = at == word.size() && !options_.end_of_word_suffix.empty();
    if (has_prefix || has_suffix) {
      affixed = has_prefix ? options_.continuing_subword_prefix : std::string();
      affixed += character;
      if (has_suffix) affixed += options_.end_of_word_suffix;
      character = affixed;
    }
    if (const auto id = find(character)) {
      symbols.push_back(*id);
      behind_unknown = false;
    } else if (append_bytes(character)) {
      behind_unknown = false;
    } else if (options_.unknown) {
      if (!behind_unknown || !options_.fuse_unknown) symbols.push_back(*options_.unknown);
      behind_unknown = true;
    }
  }
  merges_.apply(symbols);
  ids.insert(ids.end(), symbols.begin(), symbols.end());
}

}  // namespace fulcrum
