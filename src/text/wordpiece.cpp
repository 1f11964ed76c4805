#include "text/wordpiece.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "base/unicode.h"
#include "text/sentencepiece.h"

namespace fulcrum {
namespace {

utf8proc_category_t category(char32_t c) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(c));
}

bool is_space(char32_t c) {
  const utf8proc_category_t kind = category(c);
  return c == '\t' || c == '\n' || c == '\r' || kind == UTF8PROC_CATEGORY_ZS ||
         kind == UTF8PROC_CATEGORY_ZL || kind == UTF8PROC_CATEGORY_ZP;
}

bool is_dropped(char32_t c) {
  const utf8proc_category_t kind = category(c);
  return c == 0 || c == 0xFFFD || kind == UTF8PROC_CATEGORY_CC || kind == UTF8PROC_CATEGORY_CF ||
         kind == UTF8PROC_CATEGORY_MN;
}

bool is_ideograph(char32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) ||
         (c >= 0x2A700 && c <= 0x2CEAF) || (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

bool stands_alone(char32_t c) {
  const utf8proc_category_t kind = category(c);
  const bool is_punctuation = kind >= UTF8PROC_CATEGORY_PC && kind <= UTF8PROC_CATEGORY_PO;
  const bool is_symbol = kind >= UTF8PROC_CATEGORY_SM && kind <= UTF8PROC_CATEGORY_SO;
  return is_punctuation || (c < 0x7F && is_symbol) || is_ideograph(c);
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  const auto flush = [&] {
    if (!word.empty()) words.push_back(std::exchange(word, {}));
  };
  for (std::size_t at = 0; at < text.size();) {
    const char32_t original = decode_utf8(text, at);
    // The longest canonical decomposition has four code points.
    std::array<utf8proc_int32_t, 8> parts{};
    int boundary = 0;
    const utf8proc_ssize_t count = utf8proc_decompose_char(
        static_cast<utf8proc_int32_t>(original), parts.data(), parts.size(), UTF8PROC_DECOMPOSE, &boundary);
    for (utf8proc_ssize_t i = 0; i < std::min<utf8proc_ssize_t>(count, parts.size()); ++i) {
      const auto c = static_cast<char32_t>(parts[static_cast<std::size_t>(i)]);
      if (is_space(c)) {
        flush();
      } else if (is_dropped(c)) {
        continue;
      } else {
        const bool alone = stands_alone(c);
        if (alone) flush();
        append_utf8(word, static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))));
        if (alone) flush();
      }
    }
  }
  flush();
  return words;
}

Vocabulary with_types(Vocabulary vocabulary) {
  if (vocabulary.types.empty()) vocabulary.types = infer_token_types(vocabulary);
  return vocabulary;
}

std::vector<SpecialTokens::Entry> special_entries(const Vocabulary& vocabulary) {
  std::vector<SpecialTokens::Entry> entries;
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    const TokenType type = vocabulary.types[id];
    if (type != TokenType::user_defined && type != TokenType::control && type != TokenType::unknown) continue;
    entries.push_back({vocabulary.tokens[id], static_cast<TokenId>(id), type == TokenType::user_defined});
  }
  return entries;
}

}  // namespace

WordPieceTokenizer::WordPieceTokenizer(Vocabulary vocabulary)
    : vocabulary_(with_types(std::move(vocabulary))), special_(special_entries(vocabulary_)) {
  if (!vocabulary_.unknown)
    throw_error(ErrorCode::corrupt, "making a tokenizer: the vocabulary has no unknown token");
  for (std::size_t i = 0; i < vocabulary_.tokens.size(); ++i) {
    ids_.emplace(vocabulary_.tokens[i], static_cast<TokenId>(i));
    longest_bytes_ = std::max(longest_bytes_, vocabulary_.tokens[i].size());
  }
}

std::optional<TokenId> WordPieceTokenizer::find(std::string_view token) const {
  const auto found = ids_.find(token);
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

std::vector<TokenId> WordPieceTokenizer::encode(std::string_view text, Special special) const {
  std::vector<TokenId> ids;
  for (const SpecialTokens::Fragment& fragment : special_.split(text, special)) {
    if (fragment.token) {
      ids.push_back(*fragment.token);
    } else {
      for (const std::string& word : words_of(fragment.text)) encode_word(word, ids);
    }
  }
  return ids;
}

void WordPieceTokenizer::encode_word(const std::string& word, std::vector<TokenId>& ids) const {
  const std::string marked = std::string(kSpaceMark) + word;
  const std::size_t before = ids.size();
  for (std::size_t begin = 0; begin < marked.size();) {
    std::size_t size = std::min(longest_bytes_, marked.size() - begin);
    std::optional<TokenId> token;
    for (; size > 0 && !token; --size) token = find(std::string_view(marked).substr(begin, size));
    if (!token) {
      ids.resize(before);
      ids.push_back(*vocabulary_.unknown);
      return;
    }
    ids.push_back(*token);
    begin += size + 1;
  }
}

std::string WordPieceTokenizer::piece(TokenId id) const {
  if (id < 0 || id >= size()) {
    throw_error(ErrorCode::invalid_argument, "decoding: token {} is outside the vocabulary of {} tokens", id,
                size());
  }
  const auto i = static_cast<std::size_t>(id);
  return vocabulary_.types[i] == TokenType::control ? "" : replace_space_marks(vocabulary_.tokens[i]);
}

std::string WordPieceTokenizer::piece_after(std::optional<TokenId> previous, TokenId id) const {
  std::string text = piece(id);
  const bool begins =
      !previous || vocabulary_.types[static_cast<std::size_t>(*previous)] == TokenType::control;
  if (begins && text.starts_with(' ')) text.erase(0, 1);
  return text;
}

std::string WordPieceTokenizer::decode(std::span<const TokenId> ids) const {
  std::string text;
  std::optional<TokenId> previous;
  for (TokenId id : ids) {
    text += piece_after(previous, id);
    previous = id;
  }
  return text;
}

}  // namespace fulcrum
