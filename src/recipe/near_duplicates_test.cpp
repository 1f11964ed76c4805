#include "recipe/near_duplicates.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/random.h"

namespace fulcrum {
namespace {

std::string random_words(Random& random, int words) {
  std::string text;
  for (int i = 0; i < words; ++i) text += fmt::format("{}w{}", text.empty() ? "" : " ", random.below(5000));
  return text;
}

TEST(NearDuplicates, LikenessIsTheJaccardIndexOfFiveCharacterRuns) {
  // "abcdefg" has abcde, bcdef, cdefg; "abcdefh" shares the first two of four.
  EXPECT_DOUBLE_EQ(likeness("abcdefg", "ABCDEFH!"), 0.5);
  EXPECT_DOUBLE_EQ(likeness("ab", "ab"), 1);
  EXPECT_DOUBLE_EQ(likeness("?!", "?!"), 0);
  EXPECT_DOUBLE_EQ(likeness("größere", "GRÖSSERE"), 1);  // folding writes ss for the sharp s
}

TEST(NearDuplicates, FindsWhatAnExhaustiveSearchFindsAndNothingElse) {
  Random random(7);
  std::vector<std::string> texts;
  for (int i = 0; i < 120; ++i) {
    if (i % 3 != 0 && !texts.empty()) {
      // A copy of an earlier text with a few words put at its end: likeness falls with their number.
      texts.push_back(texts[random.below(texts.size())] + " " +
                      random_words(random, static_cast<int>(random.below(6))));
    } else {
      texts.push_back(random_words(random, 20));
    }
  }
  for (const double threshold : {0.5, 0.8, 0.95}) {
    std::vector<std::pair<std::size_t, std::size_t>> expected, found;
    for (std::size_t i = 0; i < texts.size(); ++i)
      for (std::size_t j = i + 1; j < texts.size(); ++j)
        if (likeness(texts[i], texts[j]) >= threshold) expected.emplace_back(i, j);
    for (const NearPair& pair : find_near_duplicates(texts, threshold)) {
      found.emplace_back(pair.first, pair.second);
      EXPECT_DOUBLE_EQ(pair.likeness, likeness(texts[pair.first], texts[pair.second]));
    }
    EXPECT_GT(expected.size(), 10u) << threshold;
    EXPECT_EQ(found, expected) << threshold;
  }
}

TEST(NearDuplicates, AThresholdOutsideItsRangeIsRefused) {
  const std::vector<std::string> texts = {"a", "b"};
  EXPECT_THROW(find_near_duplicates(texts, 0), Error);
  EXPECT_THROW(find_near_duplicates(texts, 1.5), Error);
}

TEST(NearDuplicates, ATextInsideADocumentIsFoundWithAWordChanged) {
  const std::vector<std::string> documents = {
      "Nothing of the kind.",
      "Opening hours. The shop in the old town opens at nine on every day but Sunday, and closes at six."};
  const std::vector<std::string> texts = {
      "the shop in the old town opens at nine on every day but Monday",  // the last of fourteen words
      "where is the shop in the old town", "opens at nine"};
  const auto found = find_contained(texts, documents, 0.8, 6);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].text, 0u);
  EXPECT_EQ(found[0].document, 1u);
  EXPECT_DOUBLE_EQ(found[0].share, 10.0 / 11);  // of eleven runs of four words only the last holds it
}

}  // namespace
}  // namespace fulcrum
