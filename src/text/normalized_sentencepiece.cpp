#include "text/normalized_sentencepiece.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/error.h"
#include "base/unicode.h"
#include "text/score_merges.h"
#include "text/sentencepiece.h"

namespace fulcrum {
namespace {

// What SentencePiece shows for its unknown token.
constexpr std::string_view kUnknownSurface = " \xE2\x81\x87 ";

Vocabulary with_defaults(Vocabulary vocabulary) {
  if (vocabulary.types.empty()) vocabulary.types = infer_token_types(vocabulary);
  if (vocabulary.scores.empty()) vocabulary.scores.assign(vocabulary.tokens.size(), 0.0f);
  return vocabulary;
}

std::vector<SpecialTokens::Entry> control_entries(const Vocabulary& vocabulary) {
  std::vector<SpecialTokens::Entry> entries;
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    if (vocabulary.types[id] != TokenType::control && vocabulary.types[id] != TokenType::unknown) continue;
    entries.push_back({vocabulary.tokens[id], static_cast<TokenId>(id), false});
  }
  return entries;
}

std::optional<std::array<TokenId, 256>> byte_ids(const Vocabulary& vocabulary) {
  std::array<TokenId, 256> ids;
  ids.fill(-1);
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    if (vocabulary.types[id] != TokenType::byte) continue;
    const auto byte = parse_byte_token(vocabulary.tokens[id]);
    if (!byte) {
      throw_error(ErrorCode::corrupt,
                  "making a tokenizer: token {} is of type byte, its text \"{}\" is not <0xHH>", id,
                  vocabulary.tokens[id]);
    }
    ids[*byte] = static_cast<TokenId>(id);
  }
  if (std::ranges::find(ids, -1) != ids.end()) return std::nullopt;
  return ids;
}

TokenTrie user_defined_trie(const Vocabulary& vocabulary) {
  std::vector<std::pair<std::string_view, TokenId>> entries;
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    if (vocabulary.types[id] == TokenType::user_defined)
      entries.emplace_back(vocabulary.tokens[id], static_cast<TokenId>(id));
  }
  return TokenTrie(std::move(entries));
}

std::unique_ptr<SubwordModel> make_unigram(const Vocabulary& vocabulary, UnigramModel::Sums sums) {
  std::vector<UnigramModel::Token> tokens;
  // As in SentencePiece, where the greatest score starts from the least positive float.
  float least = std::numeric_limits<float>::max(), greatest = std::numeric_limits<float>::min();
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    if (vocabulary.types[id] != TokenType::normal) continue;
    least = std::min(least, vocabulary.scores[id]);
    greatest = std::max(greatest, vocabulary.scores[id]);
  }
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    const TokenType type = vocabulary.types[id];
    const std::string& text = vocabulary.tokens[id];
    double score = static_cast<double>(vocabulary.scores[id]);
    if (type == TokenType::user_defined) {
      score = static_cast<double>(static_cast<float>(text.size()) * greatest) - 0.1;
    } else if (type != TokenType::normal) {
      continue;
    }
    tokens.push_back({text, score, static_cast<TokenId>(id)});
  }
  UnigramModel::Options options;
  options.unknown = vocabulary.unknown;
  options.bytes = byte_ids(vocabulary);
  options.least_score = static_cast<double>(least);
  options.sums = sums;
  return std::make_unique<UnigramModel>(tokens, options);
}

}  // namespace

NormalizedSentencePieceTokenizer::NormalizedSentencePieceTokenizer(Vocabulary vocabulary,
                                                                   UnigramModel::Sums sums)
    : vocabulary_(with_defaults(std::move(vocabulary))),
      control_(control_entries(vocabulary_)),
      has_bytes_(byte_ids(vocabulary_).has_value()),
      user_defined_(user_defined_trie(vocabulary_)),
      normalizer_(vocabulary_, user_defined_,
                  has_bytes_ ? SentencePieceNormalizer::IllFormed::keep
                             : SentencePieceNormalizer::IllFormed::replace),
      model_knows_user_defined_(vocabulary_.family == "t5") {
  for (std::size_t id = 0; id < vocabulary_.tokens.size(); ++id)
    all_.emplace(vocabulary_.tokens[id], static_cast<TokenId>(id));
  if (model_knows_user_defined_) {
    model_ = make_unigram(vocabulary_, sums);
  } else {
    model_ = std::make_unique<ScoreMerges>(vocabulary_);
  }
}

std::optional<TokenId> NormalizedSentencePieceTokenizer::find(std::string_view token) const {
  const auto found = all_.find(token);
  if (found == all_.end()) return std::nullopt;
  return found->second;
}

std::vector<TokenId> NormalizedSentencePieceTokenizer::encode(std::string_view text, Special special) const {
  const Part part{text, special};
  return encode_parts({&part, 1});
}

std::vector<TokenId> NormalizedSentencePieceTokenizer::encode_parts(std::span<const Part> parts) const {
  std::vector<TokenId> ids;
  std::string stretch;
  const auto flush = [&] {
    encode_stretch(stretch, ids);
    stretch.clear();
  };
  for (const Part& part : parts) {
    for (const SpecialTokens::Fragment& fragment : control_.split(part.text, part.special)) {
      if (fragment.token) {
        flush();
        ids.push_back(*fragment.token);
      } else {
        stretch += fragment.text;
      }
    }
  }
  flush();
  return ids;
}

void NormalizedSentencePieceTokenizer::encode_stretch(std::string_view text,
                                                      std::vector<TokenId>& ids) const {
  const std::string normalized = normalizer_.normalize(text);
  const std::string_view all = normalized;
  const std::size_t before = ids.size();
  if (model_knows_user_defined_) {
    if (!all.empty()) model_->encode(all, ids);
  } else {
    std::size_t begin = 0;
    for (std::size_t at = 0; at < all.size();) {
      std::size_t size = 0;
      TokenId token = 0;
      user_defined_.prefixes(all.substr(at), [&](std::size_t longer, TokenId id) {
        size = longer;
        token = id;
      });
      if (size > 0) {
        if (at > begin) model_->encode(all.substr(begin, at - begin), ids);
        ids.push_back(token);
        begin = at += size;
      } else {
        decode_utf8(all, at);
      }
    }
    if (begin < all.size()) model_->encode(all.substr(begin), ids);
  }
  if (has_bytes_) return;
  // A run of unknown characters is one token.
  const auto is_same_unknown = [&](TokenId a, TokenId b) { return a == b && a == *vocabulary_.unknown; };
  const auto begin = ids.begin() + static_cast<std::ptrdiff_t>(before);
  ids.erase(std::unique(begin, ids.end(), is_same_unknown), ids.end());
}

std::string NormalizedSentencePieceTokenizer::piece(TokenId id) const {
  if (id < 0 || id >= size()) {
    throw_error(ErrorCode::invalid_argument, "decoding: token {} is outside the vocabulary of {} tokens", id,
                size());
  }
  const std::string& token = vocabulary_.tokens[static_cast<std::size_t>(id)];
  switch (type(id)) {
    case TokenType::byte:
      return std::string(1, static_cast<char>(*parse_byte_token(token)));
    case TokenType::control:
      return "";
    case TokenType::unknown:
      return std::string(kUnknownSurface);
    default:
      return replace_space_marks(token);
  }
}

std::string NormalizedSentencePieceTokenizer::piece_after(std::optional<TokenId> previous, TokenId id) const {
  std::string text = piece(id);
  const bool at_start = !previous || type(*previous) == TokenType::control;
  const bool has_added_space = vocabulary_.add_space_prefix || vocabulary_.remove_extra_whitespaces;
  const bool may_begin_with_it = type(id) != TokenType::byte && type(id) != TokenType::unknown;
  if (at_start && has_added_space && may_begin_with_it && text.starts_with(' ')) text.erase(0, 1);
  return text;
}

// Where spaces at the start are none of the text's, more than one piece may be passed over there.
std::optional<TokenId> NormalizedSentencePieceTokenizer::context_after(std::optional<TokenId> previous,
                                                                       TokenId id) const {
  if (previous || !vocabulary_.remove_extra_whitespaces || type(id) == TokenType::control) return id;
  return piece_after(previous, id).empty() ? std::nullopt : std::optional<TokenId>(id);
}

std::string NormalizedSentencePieceTokenizer::decode(std::span<const TokenId> ids) const {
  std::string text;
  std::optional<TokenId> previous;
  for (TokenId id : ids) {
    text += piece_after(previous, id);
    previous = context_after(previous, id);
  }
  return text;
}

}  // namespace fulcrum
