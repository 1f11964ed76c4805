#include "retrieve/chunk.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace fulcrum {
namespace {

std::vector<std::string> texts_of(const std::vector<Chunk>& chunks) {
  std::vector<std::string> texts;
  for (const Chunk& chunk : chunks) texts.push_back(chunk.text);
  return texts;
}

std::string_view source_of(const Document& document, const Chunk& chunk) {
  return std::string_view(document.source).substr(chunk.begin_bytes, chunk.end_bytes - chunk.begin_bytes);
}

constexpr std::string_view kPolicy =
    "# Refunds\n\nMoney comes back.\n\n## Cards\n\nWithin five days. Ask us.\n\n## Cash\n\nNever.\n";

TEST(Chunks, ADocumentThatFitsIsOneChunk) {
  const Document document = parse_document("refunds.md", std::string(kPolicy));
  const std::vector<Chunk> chunks = split_document(document, {20, 0}, count_words);
  ASSERT_EQ(chunks.size(), 1u);
  EXPECT_EQ(chunks[0].id(), "refunds.md#0");
  EXPECT_EQ(chunks[0].text, "Refunds\nMoney comes back.\nCards\nWithin five days. Ask us.\nCash\nNever.");
  EXPECT_EQ(chunks[0].begin_bytes, 0u);
  EXPECT_EQ(chunks[0].end_bytes, kPolicy.size() - 1);
  EXPECT_EQ(chunks[0].heading_path, "");
}

TEST(Chunks, ALongerOneIsCutAtItsHeadings) {
  const Document document = parse_document("refunds.md", std::string(kPolicy));
  const std::vector<Chunk> chunks = split_document(document, {8, 0}, count_words);
  EXPECT_EQ(texts_of(chunks), (std::vector<std::string>{"Refunds\nMoney comes back.",
                                                        "Cards\nWithin five days. Ask us.", "Cash\nNever."}));
  EXPECT_EQ(chunks[1].heading_path, "Refunds");
  EXPECT_EQ(source_of(document, chunks[1]), "## Cards\n\nWithin five days. Ask us.");
  EXPECT_EQ(chunks[2].ordinal, 2);
}

TEST(Chunks, AHeadingAloneJoinsWhatFollows) {
  const Document document =
      parse_document("a.md", "# One\n\n## Two\n\ntext here is longer\n\n## Three\n\nmore text stands here\n");
  EXPECT_EQ(texts_of(split_document(document, {7, 0}, count_words)),
            (std::vector<std::string>{"One\nTwo\ntext here is longer", "Three\nmore text stands here"}));
}

TEST(Chunks, ALongParagraphIsCutBetweenSentencesAndThenWords) {
  const Document document = parse_document(
      "a.md",
      "The **first** one ends. A [second](x) one too! one two three four five six seven eight nine\n");
  const std::vector<Chunk> chunks = split_document(document, {4, 0}, count_words);
  EXPECT_EQ(texts_of(chunks),
            (std::vector<std::string>{"The first one ends.", "A second one too!", "one two three four",
                                      "five six seven eight", "nine"}));
  EXPECT_EQ(source_of(document, chunks[0]), "The **first** one ends.");
  EXPECT_EQ(source_of(document, chunks[1]), "A [second](x) one too!");
  EXPECT_EQ(source_of(document, chunks[4]), "nine");
}

TEST(Chunks, OverlapRepeatsTheEndOfTheOneBefore) {
  const Document document = parse_document("a.txt", "One is here. Two is here. Three is here. Four is here.");
  EXPECT_EQ(texts_of(split_document(document, {6, 3}, count_words)),
            (std::vector<std::string>{"One is here. Two is here.", "Two is here. Three is here.",
                                      "Three is here. Four is here."}));
  EXPECT_EQ(texts_of(split_document(document, {6, 2}, count_words)),
            (std::vector<std::string>{"One is here. Two is here.", "Three is here. Four is here."}));
}

TEST(Chunks, EveryWordOfTheDocumentIsInSomeChunkAndNoChunkIsTooLong) {
  std::string text;
  for (int i = 0; i < 400; ++i) {
    text += "w" + std::to_string(i) + (i % 7 == 6 ? ". " : " ");
    if (i % 50 == 49) text += "\n\n# Section\n\n";
  }
  const Document document = parse_document("long.md", text);
  for (const ChunkSettings settings : {ChunkSettings{5, 0}, ChunkSettings{16, 7}, ChunkSettings{90, 20}}) {
    const std::vector<Chunk> chunks = split_document(document, settings, count_words);
    std::string all = " ";
    for (const Chunk& chunk : chunks) {
      EXPECT_LE(count_words(chunk.text), settings.max_tokens);
      EXPECT_LT(chunk.begin_bytes, chunk.end_bytes);
      for (const char letter : chunk.text + " ") all += letter == '\n' || letter == '.' ? ' ' : letter;
    }
    for (int i = 0; i < 400; ++i) EXPECT_NE(all.find(" w" + std::to_string(i) + " "), std::string::npos) << i;
  }
}

TEST(Chunks, SettingsThatCannotWorkAreRefused) {
  const Document document = parse_document("a.txt", "text");
  EXPECT_THROW(split_document(document, {0, 0}, count_words), Error);
  EXPECT_THROW(split_document(document, {4, 4}, count_words), Error);
  EXPECT_THROW(split_document(document, {4, -1}, count_words), Error);
}

}  // namespace
}  // namespace fulcrum
