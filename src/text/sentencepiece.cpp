#include "text/sentencepiece.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
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

bool has_inner_space_mark(std::string_view token) {
  std::size_t at = token.find(kSpaceMark);
  while (at != std::string_view::npos) {
    const bool after_other =
        at > 0 &&
        (at < kSpaceMark.size() || token.substr(at - kSpaceMark.size(), kSpaceMark.size()) != kSpaceMark);
    if (after_other) return true;
    at = token.find(kSpaceMark, at + kSpaceMark.size());
  }
  return false;
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

// A stretch of the text that is one token so far, in a doubly linked list.
struct SentencePieceTokenizer::Symbol {
  std::int32_t previous, next;  // -1: none
  std::uint32_t begin, size;    // bytes; size 0: merged into its left neighbour
};

struct SentencePieceTokenizer::Candidate {
  float score;
  std::int32_t left, right;
  std::uint32_t size;  // of both symbols when proposed: a candidate that has been overtaken has another size
  bool operator<(const Candidate& other) const {
    return score != other.score ? score < other.score : left > other.left;
  }
};

struct SentencePieceTokenizer::Scratch {
  std::vector<Symbol> symbols;
  std::vector<Candidate> heap;
};

SentencePieceTokenizer::SentencePieceTokenizer(Vocabulary vocabulary)
    : vocabulary_(with_defaults(std::move(vocabulary))), special_(special_entries(vocabulary_)) {
  bytes_.fill(-1);
  for (std::size_t i = 0; i < vocabulary_.tokens.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    const std::string& token = vocabulary_.tokens[i];
    if (!std::isfinite(vocabulary_.scores[i])) {
      throw_error(ErrorCode::corrupt, "making a tokenizer: the score of token {} is not a finite number", id);
    }
    all_.emplace(token, id);
    if (type(id) == TokenType::byte) {
      const auto byte = parse_byte_token(token);
      if (!byte) {
        throw_error(ErrorCode::corrupt,
                    "making a tokenizer: token {} is of type byte, its text \"{}\" is not <0xHH>", id, token);
      }
      bytes_[*byte] = id;
    } else if (type(id) == TokenType::normal && !token.empty()) {
      mergeable_.emplace(token, id);
      longest_bytes_ = std::max(longest_bytes_, token.size());
      words_are_independent_ = words_are_independent_ && !has_inner_space_mark(token);
    }
  }
  has_bytes_ = std::none_of(bytes_.begin(), bytes_.end(), [](TokenId id) { return id < 0; });
  if (!has_bytes_ && !vocabulary_.unknown) {
    throw_error(ErrorCode::corrupt,
                "making a tokenizer: the vocabulary has neither all 256 byte tokens nor an unknown token, so "
                "it cannot "
                "express every text");
  }
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
  Scratch scratch;
  std::string word;  // in the vocabulary's alphabet: ' ' is U+2581
  const auto flush = [&] {
    if (!word.empty()) merge(word, scratch, ids);
    word.clear();
  };
  bool after_space = true;
  if (vocabulary_.add_space_prefix) word += kSpaceMark;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == ' ') {
      if (!after_space && words_are_independent_) flush();
      word += kSpaceMark;
      after_space = true;
      ++at;
    } else if (has_bytes_ && text.substr(at, kSpaceMark.size()) == kSpaceMark) {
      flush();
      for (char c : kSpaceMark) ids.push_back(bytes_[static_cast<unsigned char>(c)]);
      after_space = false;
      at += kSpaceMark.size();
    } else {
      word += text[at++];
      after_space = false;
    }
  }
  flush();
}

void SentencePieceTokenizer::propose(std::string_view text, std::int32_t left, Scratch& scratch) const {
  if (left < 0) return;
  const Symbol& a = scratch.symbols[static_cast<std::size_t>(left)];
  if (a.next < 0) return;
  const std::uint32_t size = a.size + scratch.symbols[static_cast<std::size_t>(a.next)].size;
  if (size > longest_bytes_) return;
  const auto found = mergeable_.find(text.substr(a.begin, size));
  if (found == mergeable_.end()) return;
  const float score = vocabulary_.scores[static_cast<std::size_t>(found->second)];
  scratch.heap.push_back({score, left, a.next, size});
  std::push_heap(scratch.heap.begin(), scratch.heap.end());
}

void SentencePieceTokenizer::merge(std::string_view text, Scratch& scratch, std::vector<TokenId>& ids) const {
  std::vector<Symbol>& symbols = scratch.symbols;
  std::vector<Candidate>& heap = scratch.heap;
  symbols.clear();
  heap.clear();
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    decode_utf8(text, at);
    const auto index = static_cast<std::int32_t>(symbols.size());
    symbols.push_back({index - 1, at < text.size() ? index + 1 : -1, static_cast<std::uint32_t>(begin),
                       static_cast<std::uint32_t>(at - begin)});
  }
  for (std::size_t i = 0; i + 1 < symbols.size(); ++i) propose(text, static_cast<std::int32_t>(i), scratch);
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end());
    const Candidate best = heap.back();
    heap.pop_back();
    Symbol& left = symbols[static_cast<std::size_t>(best.left)];
    Symbol& right = symbols[static_cast<std::size_t>(best.right)];
    if (left.size == 0 || right.size == 0 || left.size + right.size != best.size) continue;
    left.size = best.size;
    left.next = right.next;
    right.size = 0;
    if (left.next >= 0) symbols[static_cast<std::size_t>(left.next)].previous = best.left;
    propose(text, left.previous, scratch);
    propose(text, best.left, scratch);
  }
  for (const Symbol& symbol : symbols) {
    if (symbol.size > 0) emit(text.substr(symbol.begin, symbol.size), ids);
  }
}

// A symbol that merging has left: a token, or one character that has none.
void SentencePieceTokenizer::emit(std::string_view symbol, std::vector<TokenId>& ids) const {
  if (const auto found = mergeable_.find(symbol); found != mergeable_.end()) {
    ids.push_back(found->second);
    return;
  }
  if (!has_bytes_) {
    ids.push_back(*vocabulary_.unknown);
    return;
  }
  for (char c : symbol) ids.push_back(bytes_[static_cast<unsigned char>(c)]);
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
