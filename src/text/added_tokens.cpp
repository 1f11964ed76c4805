#include "text/added_tokens.h"

#include <algorithm>
#include <utility>

#include "base/unicode.h"
#include "text/code_points.h"

namespace fulcrum {
namespace {

// Where the last code point of `text`, which is not empty, begins.
std::size_t last_code_point(std::string_view text) {
  std::size_t at = text.size() - 1;
  for (int i = 0; i < 3 && at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80; ++i) --at;
  std::size_t end = at;
  decode_utf8(text, end);
  return end == text.size() ? at : text.size() - 1;  // an ill-formed byte stands alone
}

char32_t code_point_at(std::string_view text, std::size_t at) {
  return decode_utf8(text, at);
}

bool cuts_a_word(std::string_view text, std::size_t begin, std::size_t end) {
  const std::string_view before = text.substr(0, begin);
  if (!before.empty() && is_word_character(code_point_at(text, last_code_point(before)))) return true;
  return end < text.size() && is_word_character(code_point_at(text, end));
}

std::size_t without_space_before(std::string_view text, std::size_t begin, std::size_t least) {
  while (begin > least) {
    const std::size_t at = last_code_point(text.substr(0, begin));
    if (at < least || !is_white_space(code_point_at(text, at))) break;
    begin = at;
  }
  return begin;
}

std::size_t past_space(std::string_view text, std::size_t end) {
  while (end < text.size()) {
    std::size_t next = end;
    if (!is_white_space(decode_utf8(text, next))) break;
    end = next;
  }
  return end;
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)) {
  std::erase_if(tokens_, [](const AddedToken& token) { return token.text.empty(); });
  const auto first = [](const AddedToken& token) { return static_cast<unsigned char>(token.text[0]); };
  std::stable_sort(tokens_.begin(), tokens_.end(), [&](const AddedToken& a, const AddedToken& b) {
    return first(a) != first(b) ? first(a) < first(b) : a.text.size() > b.text.size();
  });
  first_byte_.fill(0);
  for (const AddedToken& token : tokens_) ++first_byte_[first(token) + 1u];
  for (std::size_t b = 1; b < first_byte_.size(); ++b) first_byte_[b] += first_byte_[b - 1];
}

const AddedToken* AddedTokens::match_at(std::string_view text, std::size_t at) const {
  const auto byte = static_cast<unsigned char>(text[at]);
  for (std::uint32_t i = first_byte_[byte]; i < first_byte_[byte + 1u]; ++i) {
    if (text.substr(at, tokens_[i].text.size()) == tokens_[i].text) return &tokens_[i];
  }
  return nullptr;
}

std::vector<AddedTokens::Fragment> AddedTokens::split(std::string_view text, const Allowed& allowed) const {
  std::vector<Fragment> fragments;
  std::size_t covered = 0;
  for (std::size_t at = 0; at < text.size();) {
    const AddedToken* token = match_at(text, at);
    if (token == nullptr) {
      ++at;
      continue;
    }
    std::size_t begin = at, end = at + token->text.size();
    at = end;
    // Within what rstrip took: spaces are looked for once.
    if (begin < covered) continue;
    if (token->special && !allowed(begin, end)) continue;
    if (token->single_word && cuts_a_word(text, begin, end)) continue;
    if (token->lstrip) begin = without_space_before(text, begin, covered);
    if (token->rstrip) end = past_space(text, end);
    if (begin > covered) fragments.push_back({text.substr(covered, begin - covered), std::nullopt});
    fragments.push_back({text.substr(begin, end - begin), token->id});
    covered = end;
  }
  if (covered < text.size()) fragments.push_back({text.substr(covered), std::nullopt});
  return fragments;
}

}  // namespace fulcrum
