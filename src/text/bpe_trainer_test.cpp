#include "text/bpe_trainer.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <map>

#include "base/error.h"
#include "base/file.h"
#include "text/bpe_merges.h"
#include "text/pre_tokenizer.h"
#include "text/sentencepiece.h"

namespace fulcrum {
namespace {

const Path kShared = FULCRUM_SHARED_DIR;

#define SKIP_WITHOUT(path) \
  if (!std::filesystem::exists(path)) GTEST_SKIP() << (path).string() << " is not on this machine"

using Texts = std::vector<std::string>;

// GPT-2 writes each byte as a printable character; the reference merges are in that alphabet.
std::string from_printable(const std::string& text) {
  std::map<std::string, char> byte_of;
  int next = 256;
  for (int b = 0; b < 256; ++b) {
    const bool printable = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
    const int code = printable ? b : next++;
    std::string character;
    if (code < 0x80) {
      character = std::string(1, static_cast<char>(code));
    } else {
      character = {static_cast<char>(0xC0 | (code >> 6)), static_cast<char>(0x80 | (code & 0x3F))};
    }
    byte_of[character] = static_cast<char>(b);
  }
  std::string bytes;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = static_cast<unsigned char>(text[at]) < 0x80 ? 1 : 2;
    bytes += byte_of.at(text.substr(at, size));
    at += size;
  }
  return bytes;
}

TEST(BpeMerges, gives_the_reference_merges_of_byte_level_bpe) {
  const Path folder = kShared / "data/cs336-bpe";
  SKIP_WITHOUT(folder);
  const std::string corpus = read_file(folder / "corpus.en");
  std::map<std::string, std::uint64_t> counts;
  for (std::string_view word : PreTokenizer::named("gpt-2").split(corpus)) ++counts[std::string(word)];
  std::vector<std::string> symbols;
  for (int b = 0; b < 256; ++b) symbols.emplace_back(1, static_cast<char>(b));
  std::vector<BpeWord> words;
  for (const auto& [text, count] : counts) {
    BpeWord word{{}, count};
    for (char c : text) word.symbols.push_back(static_cast<unsigned char>(c));
    words.push_back(std::move(word));
  }
  BpeMergeOptions options;
  options.most_merges = 500 - 256 - 1;  // one special token
  const std::vector<BpeMerge> merges = learn_bpe_merges(symbols, words, options);

  std::ifstream in(folder / "train-bpe-reference-merges.txt");
  std::size_t i = 0;
  for (std::string line; std::getline(in, line); ++i) {
    const std::size_t space = line.find(' ');
    ASSERT_LT(i, merges.size());
    EXPECT_EQ(merges[i].left, from_printable(line.substr(0, space))) << "merge " << i;
    EXPECT_EQ(merges[i].right, from_printable(line.substr(space + 1))) << "merge " << i;
  }
  EXPECT_EQ(i, merges.size());
}

TEST(BpeMerges, counts_all_pairs_of_one_text_together) {
  // "abc" arises as a+bc and as ab+c: neither pair is the most frequent alone.
  std::vector<std::string> symbols = {"a", "b", "c", "ab", "bc", "x", "y"};
  std::vector<BpeWord> words = {{{0, 4}, 3}, {{3, 2}, 3}, {{5, 6}, 5}};
  BpeMergeOptions options;
  options.most_merges = 1;
  options.identity = BpeMergeOptions::Identity::text;
  auto merges = learn_bpe_merges(symbols, words, options);
  ASSERT_EQ(merges.size(), 1u);
  EXPECT_EQ(merges[0].left + merges[0].right, "abc");
  EXPECT_EQ(words[0].symbols.size(), 1u);
  EXPECT_EQ(words[0].symbols, words[1].symbols);

  symbols = {"a", "b", "c", "ab", "bc", "x", "y"};
  words = {{{0, 4}, 3}, {{3, 2}, 3}, {{5, 6}, 5}};
  options.identity = BpeMergeOptions::Identity::pair;
  merges = learn_bpe_merges(symbols, words, options);
  EXPECT_EQ(merges.at(0).left, "x");
}

TEST(BpeMerges, refuses_words_of_unknown_symbols) {
  std::vector<std::string> symbols = {"a"};
  std::vector<BpeWord> words = {{{0, 1}, 1}};
  EXPECT_THROW(learn_bpe_merges(symbols, words, {}), Error);
  symbols = {"a", "a"};
  EXPECT_THROW(learn_bpe_merges(symbols, words, {}), Error);
}

TEST(BpeTrainer, cuts_words_by_kind) {
  const std::string m(kSpaceMark);
  EXPECT_EQ(split_training_words("It's 42% of  (caf\xC3\xA9)!\n\n x"),
            (Texts{m + "It", "'", "s", m, "4", "2", "%", m + "of", m, m + "(", "caf\xC3\xA9", ")!", "\n\n",
                   m + "x"}));
}

BpeTrainerOptions chat_options(std::int32_t tokens) {
  BpeTrainerOptions options;
  options.vocabulary_tokens = tokens;
  options.control_tokens = {"<|system|>", "<|user|>", "<|assistant|>", "<|end|>"};
  options.user_defined_tokens = {"<doc>", "</doc>"};
  options.end_of_turn = "<|end|>";
  return options;
}

const char* const kRhyme =
    "the cat sat on the mat, the rat sat on the cat. <doc>the hat of the cat was flat</doc> that was that, "
    "1234!\n\n"
    "the bat and the rat met at the mat: \"scat\", sat the cat. caf\xC3\xA9 caf\xC3\xA9 "
    "\xE2\x82\xAC\xF0\x9F\x98\x80 \xFF\n";

TEST(BpeTrainer, gives_a_vocabulary_that_encodes_as_it_was_trained) {
  BpeTrainer trainer(chat_options(400));
  for (int i = 0; i < 3; ++i) trainer.add(kRhyme);
  const TrainedVocabulary trained = trainer.train();
  const Vocabulary& v = trained.vocabulary;
  EXPECT_EQ(v.tokens.size(), 400u);
  EXPECT_EQ(v.tokens[*v.eos], "<|end|>");
  EXPECT_EQ(v.end_of_turn, std::vector<TokenId>{*v.eos});
  const auto tokenizer = make_tokenizer(v);
  const auto ids = tokenizer->encode(kRhyme, Tokenizer::Special::as_text);
  EXPECT_EQ(3 * ids.size(), trained.corpus_tokens);
  EXPECT_EQ(tokenizer->decode(ids), kRhyme);
  for (char c = '!'; c <= '~'; ++c) EXPECT_TRUE(tokenizer->find(std::string(1, c))) << c;
  EXPECT_TRUE(tokenizer->find(std::string(kSpaceMark) + "the"));
  EXPECT_TRUE(tokenizer->find("\xC3\xA9"));
  for (const std::string& token : v.tokens) {  // digits are alone
    EXPECT_TRUE(token.size() == 1 || token.starts_with("<0x") ||
                token.find_first_of("0123456789") == std::string::npos)
        << token;
  }
}

TEST(BpeTrainer, is_the_same_in_any_order_of_the_text) {
  const std::string text = kRhyme;
  const std::size_t middle = text.find("<doc>");
  BpeTrainer one(chat_options(380)), other(chat_options(380));
  one.add(text.substr(0, middle - 1));
  one.add(text.substr(middle));
  other.add(text.substr(middle));
  other.add(text.substr(0, middle - 1));
  EXPECT_EQ(one.train().vocabulary.tokens, other.train().vocabulary.tokens);
}

TEST(BpeTrainer, says_when_it_cannot_give_what_was_asked) {
  BpeTrainer trainer(chat_options(4096));
  trainer.add(kRhyme);
  EXPECT_THROW(trainer.train(), Error);
  EXPECT_THROW(BpeTrainer(chat_options(300)).train(), Error);
  BpeTrainerOptions options = chat_options(400);
  options.end_of_turn = "<|stop|>";
  EXPECT_THROW(BpeTrainer{options}, Error);
  options = chat_options(400);
  options.user_defined_tokens.push_back("<|user|>");
  EXPECT_THROW(BpeTrainer{options}, Error);
}

TEST(BpeTrainerSlow, takes_seconds_for_megabytes_and_encodes_them_as_trained) {
  const Path folder = kShared / "data/text";
  SKIP_WITHOUT(folder);
  BpeTrainer trainer(chat_options(4096));
  Texts texts;
  for (const Path& path : list_files(folder)) texts.push_back(read_file(path));
  const auto start = std::chrono::steady_clock::now();
  for (const std::string& text : texts) trainer.add(text);
  const TrainedVocabulary trained = trainer.train();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  RecordProperty("seconds", std::to_string(seconds));
  EXPECT_LT(seconds, 60);  // about 20 MB; a quadratic loop takes hours
  const auto tokenizer = make_tokenizer(trained.vocabulary);
  std::uint64_t tokens = 0;
  for (const std::string& text : texts) {
    const auto ids = tokenizer->encode(text, Tokenizer::Special::as_text);
    tokens += ids.size();
    ASSERT_EQ(tokenizer->decode(ids), text);
  }
  EXPECT_EQ(tokens, trained.corpus_tokens);
  EXPECT_GT(static_cast<double>(trained.corpus_bytes) / static_cast<double>(tokens), 2.8);
  std::printf("[ figures  ] %.1f MB, %.1f s, %.2f bytes a token\n",
              static_cast<double>(trained.corpus_bytes) / 1e6, seconds,
              static_cast<double>(trained.corpus_bytes) / static_cast<double>(tokens));
}

}  // namespace
}  // namespace fulcrum
