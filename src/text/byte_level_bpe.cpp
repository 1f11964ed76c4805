#include "text/byte_level_bpe.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "base/unicode.h"

namespace fulcrum {
namespace {

// Printable bytes stand for themselves, the others in their order for the code points from 256 on.
const std::array<char32_t, 256>& alphabet() {
  static const std::array<char32_t, 256> table = [] {
    std::array<char32_t, 256> result{};
    char32_t next = 256;
    for (char32_t b = 0; b < 256; ++b) {
      const bool printable = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
      result[b] = printable ? b : next++;
    }
    return result;
  }();
  return table;
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

std::string to_byte_alphabet(std::string_view bytes) {
  std::string text;
  for (char c : bytes) append_utf8(text, alphabet()[static_cast<unsigned char>(c)]);
  return text;
}

std::string from_byte_alphabet(std::string_view text) {
  static const std::unordered_map<char32_t, char> bytes = [] {
    std::unordered_map<char32_t, char> result;
    for (std::size_t b = 0; b < 256; ++b) result[alphabet()[b]] = static_cast<char>(b);
    return result;
  }();
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const auto found = bytes.find(decode_utf8(text, at));
    if (found != bytes.end()) {
      result += found->second;
    } else {
      result += text.substr(begin, at - begin);
    }
  }
  return result;
}

ByteLevelBpeTokenizer::ByteLevelBpeTokenizer(Vocabulary vocabulary)
    : vocabulary_(with_types(std::move(vocabulary))),
      special_(special_entries(vocabulary_)),
      pre_tokenizer_(PreTokenizer::named(vocabulary_.pre.empty() ? "gpt-2" : vocabulary_.pre)),
      whole_words_first_(PreTokenizer::takes_whole_tokens(vocabulary_.pre)) {
  for (std::size_t i = 0; i < vocabulary_.tokens.size(); ++i) {
    ids_.emplace(vocabulary_.tokens[i], static_cast<TokenId>(i));
  }
  for (std::size_t b = 0; b < 256; ++b) {
    const char byte = static_cast<char>(b);
    const auto found = find(to_byte_alphabet({&byte, 1}));
    bytes_[b] = found ? *found : vocabulary_.unknown.value_or(-1);
  }
  for (std::size_t i = 0; i < vocabulary_.merges.size(); ++i) {
    const std::string& line = vocabulary_.merges[i];
    const std::size_t space = line.find(' ', 1);
    if (space == std::string::npos || space + 1 >= line.size()) {
      throw_error(ErrorCode::corrupt,
                  "making a tokenizer: merge {} is \"{}\", expected two parts with a space between", i, line);
    }
    const auto left = find(std::string_view(line).substr(0, space)),
               right = find(std::string_view(line).substr(space + 1));
    const auto result = find(line.substr(0, space) + line.substr(space + 1));
    // Vocabularies that were cut down keep merges whose parts are gone; such a pair cannot arise.
    if (left && right && result) merges_.add(*left, *right, static_cast<std::int32_t>(i), *result);
  }
}

std::optional<TokenId> ByteLevelBpeTokenizer::find(std::string_view token) const {
  const auto found = ids_.find(token);
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

std::vector<TokenId> ByteLevelBpeTokenizer::encode(std::string_view text, Special special) const {
  const Part part{text, special};
  return encode_parts({&part, 1});
}

std::vector<TokenId> ByteLevelBpeTokenizer::encode_parts(std::span<const Part> parts) const {
  std::vector<TokenId> ids;
  std::string plain;
  std::vector<TokenId> symbols;
  const auto flush = [&] {
    for (std::string_view stretch : pre_tokenizer_.split(plain)) {
      if (whole_words_first_) {
        if (const auto whole = find(to_byte_alphabet(stretch))) {
          ids.push_back(*whole);
          continue;
        }
      }
      symbols.clear();
      for (char c : stretch) {
        const TokenId id = bytes_[static_cast<unsigned char>(c)];
        if (id >= 0) symbols.push_back(id);
      }
      merges_.apply(symbols);
      ids.insert(ids.end(), symbols.begin(), symbols.end());
    }
    plain.clear();
  };
  for (const Part& part : parts) {
    for (const SpecialTokens::Fragment& fragment : special_.split(part.text, part.special)) {
      if (fragment.token) {
        flush();
        ids.push_back(*fragment.token);
      } else {
        plain += fragment.text;
      }
    }
  }
  flush();
  return ids;
}

std::string ByteLevelBpeTokenizer::piece(TokenId id) const {
  if (id < 0 || id >= size()) {
    throw_error(ErrorCode::invalid_argument, "decoding: token {} is outside the vocabulary of {} tokens", id,
                size());
  }
  const auto i = static_cast<std::size_t>(id);
  switch (vocabulary_.types[i]) {
    case TokenType::control:
    case TokenType::unused:
      return "";
    case TokenType::user_defined:
      return vocabulary_.tokens[i];
    default:
      return from_byte_alphabet(vocabulary_.tokens[i]);
  }
}

std::string ByteLevelBpeTokenizer::decode(std::span<const TokenId> ids) const {
  std::string text;
  for (TokenId id : ids) text += piece(id);
  return text;
}

}  // namespace fulcrum
