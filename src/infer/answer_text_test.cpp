#include "infer/answer_text.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/unicode.h"
#include "infer/vocabulary.h"
#include "vocabulary/vocabulary_data.h"
#include "model/tiny_model.h"

namespace fulcrum {
namespace {

class AnswerTextTest : public testing::Test {
 protected:
  // One token a byte, so that a character comes in pieces.
  std::vector<TokenId> bytes_of(std::string_view text) const {
    std::vector<TokenId> ids;
    for (const char byte : text)
      ids.push_back(*tokenizer_->find(fmt::format("<0x{:02X}>", static_cast<unsigned char>(byte))));
    return ids;
  }

  std::unique_ptr<Tokenizer> tokenizer_ = make_tokenizer(to_vocabulary(make_tiny_vocabulary()));
};

TEST_F(AnswerTextTest, PiecesAreTheTextAndNeverHalfACharacter) {
  const std::string text = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z";
  AnswerText answer(*tokenizer_, std::nullopt, {});
  std::string streamed;
  for (const TokenId id : bytes_of(text)) {
    EXPECT_TRUE(answer.push(id));
    const std::string piece = answer.take();
    EXPECT_EQ(find_invalid_utf8(piece), std::nullopt);
    streamed += piece;
  }
  EXPECT_EQ(streamed, text);
  EXPECT_EQ(answer.text(), text);
}

TEST_F(AnswerTextTest, HalfACharacterAtTheEndIsDroppedAndWhatIsNoneIsReplaced) {
  AnswerText answer(*tokenizer_, std::nullopt, {});
  for (const TokenId id : bytes_of("a\xFF"
                                   "b\xE2\x82"))
    answer.push(id);
  answer.finish();
  EXPECT_EQ(answer.take(),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(answer.text(),
            "a\xEF\xBF\xBD"
            "b");
}

TEST_F(AnswerTextTest, EndsBeforeTheFirstStopString) {
  AnswerText answer(*tokenizer_, std::nullopt, {"STOP", "\n\n"});
  std::string streamed;
  bool more = true;
  std::size_t pushed = 0;
  for (const TokenId id : bytes_of("STO,\nSTOP it")) {
    if (!more) break;
    more = answer.push(id);
    streamed += answer.take();
    ++pushed;
  }
  EXPECT_FALSE(more);
  EXPECT_EQ(pushed, 9U);
  EXPECT_EQ(answer.text(), "STO,\n");
  EXPECT_EQ(streamed, "STO,\n");
}

TEST_F(AnswerTextTest, HoldsBackWhatMayBecomeAStopString) {
  AnswerText answer(*tokenizer_, std::nullopt, {"abc"});
  const auto ids = bytes_of("xaba");
  std::vector<std::string> pieces;
  for (const TokenId id : ids) {
    answer.push(id);
    pieces.push_back(answer.take());
  }
  EXPECT_EQ(pieces, (std::vector<std::string>{"x", "", "", "ab"}));
  answer.finish();
  EXPECT_EQ(answer.take(), "a");
}

TEST_F(AnswerTextTest, TheLeadingSpaceIsUndoneAtABorderOnly) {
  const TokenId the = *tokenizer_->find("▁the");
  AnswerText fresh(*tokenizer_, tokenizer_->find("<|assistant|>"), {});
  fresh.push(the);
  EXPECT_EQ(fresh.text(), "the");
  AnswerText behind(*tokenizer_, the, {});
  behind.push(the);
  EXPECT_EQ(behind.text(), " the");
}

TEST_F(AnswerTextTest, RefusesAnEmptyStopString) {
  EXPECT_THROW(AnswerText(*tokenizer_, std::nullopt, {""}), Error);
}

}  // namespace
}  // namespace fulcrum
