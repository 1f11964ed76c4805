#include "text/special_tokens.h"

#include <algorithm>
#include <utility>

namespace fulcrum {

SpecialTokens::SpecialTokens(std::vector<Entry> entries) : entries_(std::move(entries)) {
  std::erase_if(entries_, [](const Entry& entry) { return entry.text.empty(); });
  const auto first = [](const Entry& entry) { return static_cast<unsigned char>(entry.text[0]); };
  std::stable_sort(entries_.begin(), entries_.end(), [&](const Entry& a, const Entry& b) {
    if (first(a) != first(b)) return first(a) < first(b);
    return a.text.size() > b.text.size();
  });
  first_byte_.fill(0);
  for (const Entry& entry : entries_) ++first_byte_[first(entry) + 1u];
  for (std::size_t b = 1; b < first_byte_.size(); ++b) first_byte_[b] += first_byte_[b - 1];
}

const SpecialTokens::Entry* SpecialTokens::match_at(std::string_view text, std::size_t offset,
                                                    Tokenizer::Special special) const {
  const auto byte = static_cast<unsigned char>(text[offset]);
  for (std::uint32_t i = first_byte_[byte]; i < first_byte_[byte + 1u]; ++i) {
    const Entry& entry = entries_[i];
    if (!entry.always && special == Tokenizer::Special::as_text) continue;
    if (text.substr(offset, entry.text.size()) == entry.text) return &entry;
  }
  return nullptr;
}

std::vector<SpecialTokens::Fragment> SpecialTokens::split(std::string_view text,
                                                          Tokenizer::Special special) const {
  std::vector<Fragment> fragments;
  std::size_t begin = 0;
  for (std::size_t offset = 0; offset < text.size();) {
    const Entry* entry = match_at(text, offset, special);
    if (entry == nullptr) {
      ++offset;
      continue;
    }
    if (offset > begin) fragments.push_back({text.substr(begin, offset - begin), std::nullopt});
    fragments.push_back({text.substr(offset, entry->text.size()), entry->id});
    offset += entry->text.size();
    begin = offset;
  }
  if (begin < text.size()) fragments.push_back({text.substr(begin), std::nullopt});
  return fragments;
}

}  // namespace fulcrum
