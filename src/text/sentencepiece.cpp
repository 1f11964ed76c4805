#include "text/sentencepiece.h"

#include <fmt/core.h>

#include <utility>

#include "base/error.h"
#include "base/unicode.h"

namespace fulcrum {
namespace {

// What SentencePiece shows for its unknown token.
constexpr std::string_view kUnknownSurface = " \xE2\x81\x87 ";

std::vector<SpecialTokens::Entry> special_entries(const Vocabulary& vocabulary) {
  std::vector<SpecialTokens::Entry> entries;
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    const TokenType type = vocabulary.types[id];
    const bool always = type == TokenType::user_defined;
    if (!always && type != TokenType::control && type != TokenType::unknown) continue;
    entries.push_back({always ? replace_space_marks(vocabulary.tokens[id]) : vocabulary.tokens[id],
                       static_cast<TokenId>(id), always});
  }
  return entries;
}

Vocabulary with_defaults(Vocabulary vocabulary) {
  if (vocabulary.types.empty()) vocabulary.types = infer_token_types(vocabulary);
  if (vocabulary.scores.empty()) vocabulary.scores.assign(vocabulary.tokens.size(), 0.0f);
  return vocabulary;
}

}  // namespace

std::optional<unsigned char> parse_byte_token(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return std::nullopt;
  unsigned value = 0;
  for (char c : token.substr(3, 2)) {
    value *= 16;
    if (c >= '0' && c <= '9') {
      value += static_cast<unsigned>(c - '0');
    } else if (c >= 'A' && c <= 'F') {
      value += static_cast<unsigned>(c - 'A') + 10;
    } else if (c >= 'a' && c <= 'f') {
      value += static_cast<unsigned>(c - 'a') + 10;
    } else {
      return std::nullopt;
    }
  }
  return static_cast<unsigned char>(value);
}

std::string byte_token(unsigned char byte) {
  return fmt::format("<0x{:02X}>", byte);
}

std::string replace_space_marks(std::string_view piece) {
  std::string text;
  text.reserve(piece.size());
  for (std::size_t at = 0; at < piece.size();) {
    if (piece.substr(at, kSpaceMark.size()) == kSpaceMark) {
      text += ' ';
      at += kSpaceMark.size();
    } else {
      text += piece[at++];
    }
  }
  return text;
}

SentencePieceTokenizer::SentencePieceTokenizer(Vocabulary vocabulary)
    : vocabulary_(with_defaults(std::move(vocabulary))),
      special_(special_entries(vocabulary_)),
      merges_(vocabulary_) {
  for (std::size_t i = 0; i < vocabulary_.tokens.size(); ++i)
    all_.emplace(vocabulary_.tokens[i], static_cast<TokenId>(i));
}

std::optional<TokenId> SentencePieceTokenizer::find(std::string_view token) const {
  const auto found = all_.find(token);
  if (found == all_.end()) return std::nullopt;
  return found->second;
}

std::vector<TokenId> SentencePieceTokenizer::encode(std::string_view text, Special special) const {
  const Part part{text, special};
  return encode_parts({&part, 1});
}

std::vector<TokenId> SentencePieceTokenizer::encode_parts(std::span<const Part> parts) const {
  std::vector<TokenId> ids;
  std::string stretch;
  const auto flush = [&] {
    if (!stretch.empty()) encode_stretch(stretch, ids);
    stretch.clear();
  };
  for (const Part& part : parts) {
    for (const SpecialTokens::Fragment& fragment : special_.split(part.text, part.special)) {
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

// `text` is ordinary text as given, without special tokens.
void SentencePieceTokenizer::encode_stretch(std::string_view text, std::vector<TokenId>& ids) const {
  std::string word;  // in the vocabulary's alphabet: ' ' is U+2581
  const auto flush = [&] {
    if (!word.empty()) merges_.encode(word, ids);
    word.clear();
  };
  bool after_space = true;
  if (vocabulary_.add_space_prefix) word += kSpaceMark;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == ' ') {
      if (!after_space && merges_.words_are_independent()) flush();
      word += kSpaceMark;
      after_space = true;
      ++at;
    } else if (merges_.has_bytes() && text.substr(at, kSpaceMark.size()) == kSpaceMark) {
      flush();
      for (char c : kSpaceMark) ids.push_back(merges_.bytes()[static_cast<unsigned char>(c)]);
      after_space = false;
      at += kSpaceMark.size();
    } else {
      word += text[at++];
      after_space = false;
    }
  }
  flush();
}

std::string SentencePieceTokenizer::piece(TokenId id) const {
  if (id < 0 || id >= size()) {
    throw_error(ErrorCode::invalid_argument, "decoding: token {} is outside the vocabulary of {} tokens", id,
                size());
  }
  const std::string& token = vocabulary_.tokens[static_cast<std::size_t>(id)];
  switch (type(id)) {
    case TokenType::byte:
      return std::string(1, static_cast<char>(*parse_byte_token(token)));
    case TokenType::control:
    case TokenType::unused:
      return "";
    case TokenType::unknown:
      return std::string(kUnknownSurface);
    case TokenType::undefined:
    case TokenType::normal:
    case TokenType::user_defined:
      break;
  }
  return replace_space_marks(token);
}

// Encoding put a space before the text and behind every special token.
std::string SentencePieceTokenizer::piece_after(std::optional<TokenId> previous, TokenId id) const {
  const auto is_special = [&](TokenId token) {
    return type(token) == TokenType::control || type(token) == TokenType::user_defined;
  };
  std::string text = piece(id);
  const bool behind_border = !previous || is_special(*previous);
  if (vocabulary_.add_space_prefix && behind_border && !is_special(id) && text.starts_with(' '))
    text.erase(0, 1);
  return text;
}

std::string SentencePieceTokenizer::decode(std::span<const TokenId> ids) const {
  std::string text;
  std::optional<TokenId> previous;
  for (TokenId id : ids) {
    text += piece_after(previous, id);
    previous = id;
  }
  return text;
}

}  // namespace fulcrum
