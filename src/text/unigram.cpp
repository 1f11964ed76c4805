#include "text/unigram.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "base/unicode.h"

namespace fulcrum {
namespace {

constexpr double kUnknownPenalty = 10;  // SentencePiece's kUnkPenalty
constexpr std::int32_t kUnknown = -1;   // in place of a token

TokenTrie trie_of(const std::vector<UnigramModel::Token>& tokens) {
  std::vector<std::pair<std::string_view, TokenId>> entries;
  entries.reserve(tokens.size());
  for (std::size_t i = 0; i < tokens.size(); ++i)
    entries.emplace_back(tokens[i].text, static_cast<TokenId>(i));
  return TokenTrie(std::move(entries));
}

}  // namespace

UnigramModel::UnigramModel(const std::vector<Token>& tokens, Options options)
    : options_(std::move(options)), trie_(trie_of(tokens)) {
  if (!options_.unknown && !options_.bytes) {
    throw_error(
        ErrorCode::corrupt,
        "making a tokenizer: the vocabulary has neither all 256 byte tokens nor an unknown token, so it "
        "cannot express every text");
  }
  for (const Token& token : tokens) {
    if (!std::isfinite(token.score)) {
      throw_error(ErrorCode::corrupt, "making a tokenizer: the score of token {} is not a finite number",
                  token.id);
    }
    scores_.push_back(token.score);
    ids_.push_back(token.id);
  }
}

void UnigramModel::encode(std::string_view stretch, std::vector<TokenId>& ids) const {
  if (options_.sums == Sums::single_precision) {
    encode_with<float>(stretch, ids);
  } else {
    encode_with<double>(stretch, ids);
  }
}

template <typename Sum>
void UnigramModel::encode_with(std::string_view stretch, std::vector<TokenId>& ids) const {
  // The best way to the text that ends at a byte: where its last token begins and which it is.
  struct Node {
    Sum score = 0;
    std::int64_t begin = -1;  // -1: not reached
    std::int32_t token = kUnknown;
  };
  const Sum unknown_score = static_cast<Sum>(options_.least_score) - static_cast<Sum>(kUnknownPenalty);
  std::vector<Node> nodes(stretch.size() + 1);
  const auto offer = [&](std::size_t begin, std::size_t end, Sum score, std::int32_t token) {
    Node& node = nodes[end];
    const Sum sum = nodes[begin].score + score;
    if (node.begin < 0 || sum > node.score) node = {sum, static_cast<std::int64_t>(begin), token};
  };
  for (std::size_t at = 0; at < stretch.size();) {
    std::size_t next = at;
    decode_utf8(stretch, next);
    bool has_character = false;
    trie_.prefixes(stretch.substr(at), [&](std::size_t size, TokenId token) {
      offer(at, at + size, static_cast<Sum>(scores_[static_cast<std::size_t>(token)]), token);
      has_character = has_character || at + size == next;
    });
    if (!has_character) offer(at, next, unknown_score, kUnknown);
    at = next;
  }
  std::vector<std::size_t> path;  // ends of the tokens, last first
  for (std::size_t end = stretch.size(); end > 0; end = static_cast<std::size_t>(nodes[end].begin))
    path.push_back(end);
  bool behind_unknown = false;
  for (auto end = path.rbegin(); end != path.rend(); ++end) {
    const Node& node = nodes[*end];
    if (node.token != kUnknown) {
      ids.push_back(ids_[static_cast<std::size_t>(node.token)]);
    } else if (options_.bytes) {
      for (std::size_t i = static_cast<std::size_t>(node.begin); i < *end; ++i)
        ids.push_back((*options_.bytes)[static_cast<unsigned char>(stretch[i])]);
    } else if (!behind_unknown) {
      ids.push_back(*options_.unknown);
    }
    behind_unknown = node.token == kUnknown;
  }
}

}  // namespace fulcrum
