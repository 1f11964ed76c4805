#include "text/sentencepiece_normalizer.h"

#include <utility>

#include "base/unicode.h"
#include "text/sentencepiece.h"

namespace fulcrum {
namespace {

constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

}  // namespace

SentencePieceNormalizer::SentencePieceNormalizer(const Vocabulary& vocabulary, TokenTrie user_defined,
                                                 IllFormed ill_formed)
    : user_defined_(std::move(user_defined)),
      ill_formed_(ill_formed),
      add_space_prefix_(vocabulary.add_space_prefix),
      remove_extra_whitespaces_(vocabulary.remove_extra_whitespaces) {
  if (!vocabulary.precompiled_charsmap.empty()) map_.emplace(vocabulary.precompiled_charsmap);
}

CharacterMap::Match SentencePieceNormalizer::next(std::string_view text) const {
  std::size_t user_defined = 0;
  user_defined_.prefixes(text, [&](std::size_t size, TokenId) { user_defined = size; });
  if (user_defined > 0) return {text.substr(0, user_defined), user_defined};
  if (map_) {
    if (const auto match = map_->longest(text)) return *match;
  }
  std::size_t size = 0;
  const bool is_ill_formed = decode_utf8(text, size) == 0xFFFD && size == 1;
  if (is_ill_formed && ill_formed_ == IllFormed::replace) return {kReplacementCharacter, size};
  return {text.substr(0, size), size};
}

std::string SentencePieceNormalizer::normalize(std::string_view text) const {
  if (remove_extra_whitespaces_) {
    while (!text.empty()) {
      const CharacterMap::Match first = next(text);
      if (first.replacement != " ") break;
      text.remove_prefix(first.size);
    }
  }
  if (text.empty()) return {};
  std::string result;
  result.reserve(text.size() + text.size() / 2);
  if (add_space_prefix_) result += kSpaceMark;
  bool behind_space = remove_extra_whitespaces_;
  while (!text.empty()) {
    const CharacterMap::Match match = next(text);
    std::string_view part = match.replacement;
    while (behind_space && part.starts_with(' ')) part.remove_prefix(1);
    for (char c : part) {
      if (c == ' ') {
        result += kSpaceMark;
      } else {
        result += c;
      }
    }
    if (!part.empty()) behind_space = remove_extra_whitespaces_ && part.ends_with(' ');
    text.remove_prefix(match.size);
  }
  if (remove_extra_whitespaces_) {
    while (result.ends_with(kSpaceMark)) result.resize(result.size() - kSpaceMark.size());
  }
  return result;
}

}  // namespace fulcrum
