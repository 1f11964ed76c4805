#include "text/tokenizer_export.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "text/tokenizer_folder.h"

namespace fulcrum {
namespace {

// SentencePiece's shape: unknown, bos, eos, the bytes, a control and a user-defined token, letters, pieces.
Vocabulary make_vocabulary() {
  Vocabulary vocabulary;
  vocabulary.family = "llama";
  const auto add = [&](std::string token, float score, TokenType type) {
    vocabulary.tokens.push_back(std::move(token));
    vocabulary.scores.push_back(score);
    vocabulary.types.push_back(type);
    return static_cast<TokenId>(vocabulary.tokens.size() - 1);
  };
  vocabulary.unknown = add("<unk>", 0, TokenType::unknown);
  vocabulary.bos = add("<s>", 0, TokenType::control);
  vocabulary.eos = add("</s>", 0, TokenType::control);
  for (int byte = 0; byte < 256; ++byte) add(fmt::format("<0x{:02X}>", byte), 0, TokenType::byte);
  add("<|user|>", 0, TokenType::control);
  add("<doc>", 0, TokenType::user_defined);
  float score = 0;
  for (const char* piece : {"\u2581t", "he", "\u2581the", "er", "\u2581a", "in", "ing", "th", "\u2581", "t",
                            "h", "e", "r", "a", "i", "n", "g", "\u00e9"})
    add(piece, score--, TokenType::normal);
  vocabulary.chat_template = "{{ messages[0]['content'] }}";
  return vocabulary;
}

TEST(TokenizerExport, TheFolderTokenizesAsTheVocabularyDoes) {
  const Path folder = Path(testing::TempDir()) / fmt::format("export-{}", ::getpid());
  for (const bool prefix : {true, false}) {
    std::filesystem::create_directories(folder);
    Vocabulary vocabulary = make_vocabulary();
    vocabulary.add_space_prefix = prefix;
    write_file_atomic(folder / "tokenizer.json", to_text(tokenizer_json(vocabulary)));
    write_file_atomic(folder / "tokenizer_config.json", to_text(tokenizer_config_json(vocabulary)));
    const auto ours = make_tokenizer(vocabulary), theirs = load_tokenizer(folder);
    ASSERT_EQ(theirs->size(), ours->size());
    for (const std::string text : {"the thing", " the  ring ", "a", "", "caf\u00e9 \u4e2d\n\ttab",
                                   "thethethe", "then <doc> in <|user|>"}) {
      EXPECT_EQ(theirs->encode(text, Tokenizer::Special::as_text),
                ours->encode(text, Tokenizer::Special::as_text))
          << "'" << text << "' with prefix " << prefix;
      const auto ids = ours->encode(text, Tokenizer::Special::as_text);
      const bool has_token_inside = text.find("<doc>") != std::string::npos;
      EXPECT_EQ(theirs->decode(ids),
                prefix && has_token_inside ? "then <doc>  in <|user|>" : ours->decode(ids));
    }
    EXPECT_EQ(theirs->vocabulary().bos, vocabulary.bos);
    EXPECT_EQ(theirs->vocabulary().eos, vocabulary.eos);
    EXPECT_EQ(theirs->vocabulary().chat_template, vocabulary.chat_template);
    std::filesystem::remove_all(folder);
  }
}

TEST(TokenizerExport, BosStandsBeforeATextWhereItShould) {
  Vocabulary vocabulary = make_vocabulary();
  EXPECT_TRUE(tokenizer_json(vocabulary)["post_processor"].is_null());
  vocabulary.add_bos = true;
  const Json single = tokenizer_json(vocabulary)["post_processor"]["single"];
  EXPECT_EQ(single[0]["SpecialToken"]["id"], "<s>");
  EXPECT_EQ(single[1]["Sequence"]["id"], "A");
}

TEST(TokenizerExport, OtherFamiliesAreRefused) {
  Vocabulary vocabulary = make_vocabulary();
  vocabulary.family = "gpt2";
  try {
    tokenizer_json(vocabulary);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_NE(std::string_view(error.what()).find("family 'gpt2'"), std::string_view::npos) << error.what();
  }
}

}  // namespace
}  // namespace fulcrum
