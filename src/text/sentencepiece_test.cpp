#include "text/sentencepiece.h"

#include <gtest/gtest.h>

#include <fstream>
#include <limits>

#include "base/error.h"
#include "base/file.h"
#include "base/random.h"
#include "text/llama2c_vocabulary.h"
#include "text/stream_decoder.h"

namespace fulcrum {
namespace {

const Path kShared = FULCRUM_SHARED_DIR;
const Path kStories = kShared / "data/stories260k";

#define SKIP_WITHOUT(path) \
  if (!std::filesystem::exists(path)) GTEST_SKIP() << (path).string() << " is not on this machine"

// Bytes, the characters of "abcdenotx" and the space mark, and a few merges of which the order matters.
Vocabulary small_vocabulary() {
  Vocabulary v;
  v.family = "llama";
  const auto add = [&](std::string token, float score, TokenType type) {
    v.tokens.push_back(std::move(token));
    v.scores.push_back(score);
    v.types.push_back(type);
  };
  add("<unk>", 0, TokenType::unknown);
  add("<s>", 0, TokenType::control);
  add("</s>", 0, TokenType::control);
  for (int b = 0; b < 256; ++b) add(byte_token(static_cast<unsigned char>(b)), 0, TokenType::byte);
  add("<|user|>", 0, TokenType::control);
  add("<doc>", 0, TokenType::user_defined);
  add("<doc>x", 0, TokenType::user_defined);
  for (const char* c : {"a", "b", "c", "d", "e", "n", "o", "t", "x"}) add(c, -100, TokenType::normal);
  add(std::string(kSpaceMark), -100, TokenType::normal);
  add("ab", -2, TokenType::normal);
  add("bc", -1, TokenType::normal);
  add("abc", -3, TokenType::normal);
  add("aa", -4, TokenType::normal);
  add(std::string(kSpaceMark) + "a", -5, TokenType::normal);
  v.unknown = 0;
  v.bos = 1;
  v.eos = 2;
  return v;
}

std::vector<std::string> texts(const Tokenizer& tokenizer, std::span<const TokenId> ids) {
  std::vector<std::string> result;
  for (TokenId id : ids) result.push_back(tokenizer.vocabulary().tokens[static_cast<std::size_t>(id)]);
  return result;
}

using Texts = std::vector<std::string>;

TEST(SentencePiece, merges_the_highest_score_first_and_the_leftmost_among_equals) {
  Vocabulary v = small_vocabulary();
  v.add_space_prefix = false;
  const auto tokenizer = make_tokenizer(v);
  const auto cut = [&](std::string_view text) {
    return texts(*tokenizer, tokenizer->encode(text, Tokenizer::Special::as_text));
  };
  EXPECT_EQ(cut("abcx"),
            (Texts{"abc", "x"}));  // bc first, then a + bc: any pair that joins to a token may merge
  EXPECT_EQ(cut("aaa"), (Texts{"aa", "a"}));
  EXPECT_EQ(cut("aaaa"), (Texts{"aa", "aa"}));
  EXPECT_EQ(cut("abd"), (Texts{"ab", "d"}));
  EXPECT_EQ(cut(""), Texts{});
}

TEST(SentencePiece, puts_a_space_before_the_text_and_behind_special_tokens) {
  const auto tokenizer = make_tokenizer(small_vocabulary());
  const std::string mark(kSpaceMark);
  const auto ids = tokenizer->encode("a<|user|>ab<doc>d", Tokenizer::Special::parse);
  EXPECT_EQ(texts(*tokenizer, ids), (Texts{mark + "a", "<|user|>", mark, "ab", "<doc>", mark, "d"}));
  EXPECT_EQ(tokenizer->decode(ids), "aab<doc>d");
}

TEST(SentencePiece, finds_control_tokens_only_where_they_may_stand) {
  const auto tokenizer = make_tokenizer(small_vocabulary());
  const TokenId user = *tokenizer->find("<|user|>");
  const auto count = [&](std::span<const TokenId> ids) { return std::count(ids.begin(), ids.end(), user); };
  const std::string text = "a<|user|>b<s>";
  EXPECT_EQ(count(tokenizer->encode(text, Tokenizer::Special::parse)), 1);
  const auto plain = tokenizer->encode(text, Tokenizer::Special::as_text);
  EXPECT_EQ(count(plain), 0);
  EXPECT_EQ(tokenizer->decode(plain), text);
  // The longest user-defined token wins, in any text.
  EXPECT_EQ(texts(*tokenizer, tokenizer->encode("<doc>x<doc>", Tokenizer::Special::as_text)),
            (Texts{"<doc>x", "<doc>"}));
}

TEST(SentencePiece, parts_join_like_one_text_but_no_control_token_crosses_a_border) {
  const auto tokenizer = make_tokenizer(small_vocabulary());
  const std::vector<Tokenizer::Part> parts = {{"<|user|>a", Tokenizer::Special::parse},
                                              {"bc<|us", Tokenizer::Special::as_text},
                                              {"er|>", Tokenizer::Special::parse}};
  const auto ids = tokenizer->encode_parts(parts);
  EXPECT_EQ(ids.front(), *tokenizer->find("<|user|>"));
  EXPECT_EQ(std::count(ids.begin(), ids.end(), ids.front()), 1);
  EXPECT_EQ(texts(*tokenizer, ids)[2], "abc");  // merged over the border
  EXPECT_EQ(tokenizer->decode(ids), "abc<|user|>");
}

TEST(SentencePiece, gives_bytes_for_what_has_no_token) {
  const auto tokenizer = make_tokenizer(small_vocabulary());
  const auto ids = tokenizer->encode("a\xE2\x82\xAC\n", Tokenizer::Special::as_text);
  EXPECT_EQ(texts(*tokenizer, ids),
            (Texts{std::string(kSpaceMark) + "a", "<0xE2>", "<0x82>", "<0xAC>", "<0x0A>"}));
}

TEST(SentencePiece, decodes_to_the_same_bytes_whatever_they_are) {
  for (bool prefix : {true, false}) {
    Vocabulary v = small_vocabulary();
    v.add_space_prefix = prefix;
    const auto tokenizer = make_tokenizer(v);
    Random random(7);
    const std::vector<std::string> parts = {"a",
                                            "abc",
                                            " ",
                                            "  ",
                                            "\xE2\x96\x81",
                                            "\xFF",
                                            "\xE2\x96",
                                            "<doc>",
                                            "<s>",
                                            "<0x0A>",
                                            "\n",
                                            "\xF0\x9F\x98\x80",
                                            "\xED\xA0\x80",
                                            "x",
                                            std::string(1, '\0')};
    for (int round = 0; round < 3000; ++round) {
      std::string text;
      for (std::uint64_t n = random.below(9); n > 0; --n) text += random.choose(parts);
      const auto ids = tokenizer->encode(text, Tokenizer::Special::as_text);
      ASSERT_EQ(tokenizer->decode(ids), text) << "prefix " << prefix << ", round " << round;
    }
  }
}

TEST(SentencePiece, takes_time_in_proportion_to_the_text) {
  const auto tokenizer = make_tokenizer(small_vocabulary());
  const std::string text(1 << 20, 'a');  // one stretch without a place to cut
  EXPECT_EQ(tokenizer->encode(text, Tokenizer::Special::as_text).size(), (1u << 19) + 1);
}

TEST(SentencePiece, refuses_a_vocabulary_that_contradicts_itself) {
  const auto code = [](Vocabulary v) {
    try {
      make_tokenizer(std::move(v));
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::internal;
  };
  Vocabulary v = small_vocabulary();
  v.scores[5] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(code(v), ErrorCode::corrupt);
  v = small_vocabulary();
  v.types.pop_back();
  EXPECT_EQ(code(v), ErrorCode::corrupt);
  v = small_vocabulary();
  v.eos = 100000;
  EXPECT_EQ(code(v), ErrorCode::corrupt);
  v = small_vocabulary();
  v.tokens[10] = "<0xZZ>";
  EXPECT_EQ(code(v), ErrorCode::corrupt);
  v = small_vocabulary();
  v.tokens[10] = "q";
  v.types[10] = TokenType::normal;
  v.unknown.reset();
  EXPECT_EQ(code(v), ErrorCode::corrupt);
  v = small_vocabulary();
  v.family = "rwkv";
  EXPECT_EQ(code(v), ErrorCode::unsupported);
  v = Vocabulary();
  v.family = "llama";
  EXPECT_EQ(code(v), ErrorCode::corrupt);
}

TEST(SentencePiece, gives_the_unknown_token_where_there_are_no_bytes) {
  Vocabulary v;
  v.family = "llama";
  v.tokens = {"<unk>", "a"};
  v.scores = {0, 0};
  v.types = {TokenType::unknown, TokenType::normal};
  v.unknown = 0;
  v.add_space_prefix = false;
  const auto tokenizer = make_tokenizer(v);
  EXPECT_EQ(tokenizer->encode("a\xE2\x82\xAC"
                              "a",
                              Tokenizer::Special::as_text),
            (std::vector<TokenId>{1, 0, 1}));
}

std::vector<TokenId> read_ids(const Path& path) {
  std::ifstream in(path);
  std::vector<TokenId> ids;
  for (TokenId id; in >> id;) ids.push_back(id);
  return ids;
}

TEST(SentencePiece, gives_the_golden_tokens_of_stories260k) {
  SKIP_WITHOUT(kStories);
  const auto tokenizer = make_tokenizer(read_llama2c_vocabulary(kStories / "tokenizer.bin"));
  ASSERT_EQ(tokenizer->size(), 512);
  for (const char* file : {"golden/greedy_tokens.txt", "golden/prompt_tokens.txt"}) {
    std::vector<TokenId> golden = read_ids(kStories / file);
    ASSERT_GT(golden.size(), 10u);
    golden.erase(golden.begin());  // bos
    EXPECT_EQ(tokenizer->encode(tokenizer->decode(golden), Tokenizer::Special::as_text), golden) << file;
  }
  const std::string text = read_file(kStories / "golden/greedy_text.txt");
  const std::string decoded = tokenizer->decode(read_ids(kStories / "golden/greedy_tokens.txt"));
  EXPECT_EQ(decoded.substr(0, text.size()), text.substr(0, decoded.size()));
}

TEST(SentencePiece, brings_back_every_file_of_the_text_samples) {
  const Path folder = kShared / "data";
  SKIP_WITHOUT(folder);
  const auto tokenizer = make_tokenizer(read_llama2c_vocabulary(kStories / "tokenizer.bin"));
  int files = 0;
  for (const char* part :
       {"text/the-verdict", "text/frankenstein", "ggml-vocab", "gguf-small", "hf-tokenizers/daulet"}) {
    for (const Path& path : list_files(folder / part)) {
      const std::string text = read_file(path).substr(0, 300'000);
      ASSERT_EQ(tokenizer->decode(tokenizer->encode(text, Tokenizer::Special::as_text)), text) << path;
      ++files;
    }
  }
  EXPECT_GT(files, 10);
}

TEST(Llama2cVocabulary, refuses_a_cut_file_at_every_length) {
  SKIP_WITHOUT(kStories);
  const std::string whole = read_file(kStories / "tokenizer.bin");
  int refused = 0;
  for (std::size_t size = 0; size < whole.size(); size += 7) {
    try {
      parse_llama2c_vocabulary(std::as_bytes(std::span(whole.data(), size)));
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::corrupt);
      ++refused;
    }
  }
  EXPECT_GT(refused, 400);  // a cut between two tokens cannot be told from a shorter vocabulary
}

TEST(StreamDecoder, never_gives_half_a_character) {
  const auto tokenizer = make_tokenizer(small_vocabulary());
  const std::string text = "ab \xE2\x82\xAC <doc> abc\xF0\x9F\x98\x80 \xE2\x82";
  StreamDecoder decoder(*tokenizer);
  std::string joined;
  for (TokenId id : tokenizer->encode(text, Tokenizer::Special::as_text)) {
    const std::string part = decoder.push(id);
    EXPECT_TRUE(part.empty() || (static_cast<unsigned char>(part[0]) & 0xC0) != 0x80);
    joined += part;
  }
  EXPECT_EQ(joined, text.substr(0, text.size() - 2));
  EXPECT_EQ(joined + decoder.finish(), text);
}

}  // namespace
}  // namespace fulcrum
