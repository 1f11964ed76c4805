#include "recipe/splits.h"

#include <fmt/ranges.h>

#include <map>

#include "base/error.h"
#include "base/unicode.h"

namespace fulcrum {
namespace {

constexpr std::size_t kOverlapsShown = 20;

// Shorter inputs ("where is my card") may stand in a document by chance.
constexpr std::size_t kFewestWordsInDocument = 6;

std::string normalised(const std::string& text) {
  const std::vector<std::string> words = fold_words(text);
  // An input without a single word is compared as it is.
  return words.empty() ? text : fmt::format("{}", fmt::join(words, " "));
}

// The items of one split by their normalised input.
using Inputs = std::multimap<std::string, const Example*>;

Inputs inputs_of(const std::vector<Example>& split) {
  Inputs inputs;
  for (const Example& example : split) inputs.emplace(normalised(example.input_text()), &example);
  return inputs;
}

void compare(const std::vector<Example>& split, std::string_view place, const Inputs& others,
             std::string_view other_place, std::vector<Overlap>& found) {
  for (const Example& example : split) {
    const std::string text = example.input_text();
    const auto [begin, end] = others.equal_range(normalised(text));
    if (begin == end) continue;
    // One report an item: the exact twin if there is one.
    const Example* twin = begin->second;
    for (auto entry = begin; entry != end; ++entry) {
      if (entry->second->input_text() == text) {
        twin = entry->second;
        break;
      }
    }
    found.push_back({example.id, twin->id, std::string(place), std::string(other_place), text,
                     twin->input_text() == text});
  }
}

void compare_with_documents(const std::vector<Example>& split, std::string_view place,
                            std::span<const DocumentText> documents, std::vector<Overlap>& found) {
  std::vector<std::string> texts;
  for (const DocumentText& document : documents) texts.push_back(' ' + normalised(document.text) + ' ');
  for (const Example& example : split) {
    const std::string text = example.input_text();
    const std::vector<std::string> words = fold_words(text);
    if (words.size() < kFewestWordsInDocument) continue;
    const std::string wanted = fmt::format(" {} ", fmt::join(words, " "));
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (texts[i].find(wanted) == std::string::npos) continue;
      const bool exact = documents[i].text.find(text) != std::string::npos;
      found.push_back({example.id, documents[i].id, std::string(place), "documents", text, exact});
      break;
    }
  }
}

std::string shortened(const std::string& text) {
  constexpr std::size_t kShownBytes = 60;
  if (text.size() <= kShownBytes) return text;
  return text.substr(0, complete_utf8_prefix(text.substr(0, kShownBytes))) + "...";
}

}  // namespace

std::vector<Overlap> find_overlaps(const Splits& splits, std::span<const DocumentText> documents) {
  const Inputs train = inputs_of(splits.train), dev = inputs_of(splits.dev);
  std::vector<Overlap> found;
  compare(splits.test, "test", train, "train", found);
  compare(splits.test, "test", dev, "dev", found);
  compare(splits.dev, "dev", train, "train", found);
  compare_with_documents(splits.test, "test", documents, found);
  return found;
}

void check_splits(const Splits& splits, std::span<const DocumentText> documents) {
  const std::pair<std::string_view, const std::vector<Example>*> named[] = {
      {"train", &splits.train}, {"dev", &splits.dev}, {"test", &splits.test}};
  for (const auto& [name, split] : named) {
    if (split->empty())
      throw_error(ErrorCode::invalid_argument, "checking the splits: the {} split is empty", name);
  }
  const std::vector<Overlap> overlaps = find_overlaps(splits, documents);
  if (overlaps.empty()) return;
  std::string message = fmt::format(
      "checking the splits: {} {} in two places, so a measurement would count what was seen before. Take "
      "them out of one:",
      overlaps.size(), overlaps.size() == 1 ? "item stands" : "items stand");
  const std::size_t shown = std::min(overlaps.size(), kOverlapsShown);
  for (std::size_t i = 0; i < shown; ++i) {
    const Overlap& overlap = overlaps[i];
    message += fmt::format("\n  {} item {} {} {} {}: \"{}\"", overlap.first_place, overlap.first,
                           overlap.exact ? "is also in" : "is, but for case and punctuation, also in",
                           overlap.second_place, overlap.second, shortened(overlap.text));
  }
  if (shown < overlaps.size()) message += fmt::format("\n  and {} more", overlaps.size() - shown);
  throw Error(ErrorCode::invalid_argument, message);
}

}  // namespace fulcrum
