#include "retrieve/document.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"

namespace fulcrum {
namespace {

std::string_view source_of(const Document& document, const DocumentBlock& block) {
  return std::string_view(document.source).substr(block.begin_bytes, block.end_bytes - block.begin_bytes);
}

TEST(Document, MarkdownBecomesBlocksWithoutMarkupAndWithTheirBytes) {
  const Document document = parse_document("refunds.md",
                                           "# Refunds\n"
                                           "\n"
                                           "A **refund** takes [five days](https://example.com/x)\n"
                                           "at `most`.\n"
                                           "\n"
                                           "* by card\n"
                                           "* by bank\n"
                                           "\n"
                                           "3. first\n"
                                           "3. second\n"
                                           "\n"
                                           "Cards\n"
                                           "-----\n"
                                           "\n"
                                           "```\ncode *as is*\n```\n"
                                           "<div>not for readers</div>\n"
                                           "\n"
                                           "> quoted\n");
  std::vector<std::string> texts;
  for (const DocumentBlock& block : document.blocks) texts.push_back(block.text);
  EXPECT_EQ(texts, (std::vector<std::string>{"Refunds", "A refund takes five days at most.", "- by card",
                                             "- by bank", "3. first", "4. second", "Cards", "code *as is*",
                                             "quoted"}));
  EXPECT_EQ(document.title, "Refunds");
  EXPECT_EQ(document.blocks[0].heading_level, 1);
  EXPECT_EQ(document.blocks[6].heading_level, 2);
  EXPECT_EQ(document.blocks[1].heading_level, 0);
  EXPECT_EQ(source_of(document, document.blocks[0]), "# Refunds");
  EXPECT_EQ(source_of(document, document.blocks[1]),
            "A **refund** takes [five days](https://example.com/x)\nat `most`.");
  EXPECT_EQ(source_of(document, document.blocks[2]), "* by card");
  EXPECT_EQ(source_of(document, document.blocks[8]), "quoted");
}

TEST(Document, FrontMatterGivesTheTitleAndIsNotText) {
  const Document document = parse_document("a.md", "---\ntitle: \"House rules\"\nowner: me\n---\nBe kind.\n");
  EXPECT_EQ(document.title, "House rules");
  ASSERT_EQ(document.blocks.size(), 1u);
  EXPECT_EQ(source_of(document, document.blocks[0]), "Be kind.");
  // A line that opens and is never closed is a rule across the page.
  EXPECT_EQ(parse_document("a.md", "---\nBe kind.\n").blocks.front().text, "Be kind.");
}

TEST(Document, PlainTextIsParagraphs) {
  const Document document = parse_document("sub/notes.txt", "One\r\nline *more*.\r\n\r\n   \r\nTwo.");
  ASSERT_EQ(document.blocks.size(), 2u);
  EXPECT_EQ(document.blocks[0].text, "One line *more*.");
  EXPECT_EQ(source_of(document, document.blocks[0]), "One\r\nline *more*.");
  EXPECT_EQ(source_of(document, document.blocks[1]), "Two.");
  EXPECT_EQ(document.title, "notes");
}

TEST(Document, AnEmptyOneHasNoBlocks) {
  EXPECT_TRUE(parse_document("a.md", "").blocks.empty());
  EXPECT_TRUE(parse_document("a.txt", "\n\n").blocks.empty());
}

TEST(Document, TextThatIsNotUtf8IsRefusedWithFileAndByte) {
  const Path folder = Path(testing::TempDir()) / fmt::format("fulcrum-document-{}", getpid());
  write_file_atomic(folder / "bad.md", "caf\xE9 closed");
  try {
    read_document(folder, "bad.md");
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::corrupt);
    EXPECT_NE(std::string(error.what()).find("bad.md"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("byte 3 "), std::string::npos) << error.what();
  }
  EXPECT_THROW(read_document(folder, "absent.md"), Error);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace fulcrum
