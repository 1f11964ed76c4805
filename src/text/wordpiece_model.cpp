#include "text/wordpiece_model.h"

#include <algorithm>
#include <utility>

#include "base/unicode.h"

namespace fulcrum {

WordPieceModel::WordPieceModel(TokenIndex tokens, Options options)
    : tokens_(std::move(tokens)), options_(std::move(options)) {
  for (const auto& [text, id] : tokens_) longest_bytes_ = std::max(longest_bytes_, text.size());
}

void WordPieceModel::encode(std::string_view word, std::vector<TokenId>& ids) const {
  std::size_t characters = 0;
  for (std::size_t at = 0; at < word.size() && characters <= options_.longest_word_characters; ++characters)
    decode_utf8(word, at);
  if (characters > options_.longest_word_characters) {
    ids.push_back(options_.unknown);
    return;
  }
  const std::size_t before = ids.size();
  std::string candidate;
  for (std::size_t begin = 0; begin < word.size();) {
    candidate = begin > 0 ? options_.continuing_subword_prefix : "";
    const std::size_t prefix_bytes = candidate.size();
    candidate += word.substr(begin, longest_bytes_);
    auto found = tokens_.end();
    for (; candidate.size() > prefix_bytes; candidate.pop_back()) {
      found = tokens_.find(candidate);
      if (found != tokens_.end()) break;
    }
    if (found == tokens_.end()) {
      ids.resize(before);
      ids.push_back(options_.unknown);
      return;
    }
    ids.push_back(found->second);
    begin += candidate.size() - prefix_bytes;
  }
}

}  // namespace fulcrum
