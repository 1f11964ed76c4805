// Text to ids and back over every file of the shared data, and how long long lines take.
#include <gtest/gtest.h>

#include <ctime>

#include "base/file.h"
#include "base/random.h"
#include "text/tokenizer_folder.h"

namespace fulcrum {
namespace {

const Path kCases = Path(FULCRUM_SOURCE_DIR) / "tests/cases/tokenizers";
const Path kData = Path(FULCRUM_SHARED_DIR) / "data";

std::string round_trip(const Tokenizer& tokenizer, std::string_view text) {
  return tokenizer.decode(tokenizer.encode(text, Tokenizer::Special::as_text));
}

// Tokenizers that can write any bytes and change nothing.
constexpr const char* kLossless[] = {"json/gpt2",   "json/llama3",         "json/gpt4o",
                                     "json/falcon", "json/deepseek_coder", "sentencepiece/bpe_bytes"};

TEST(TokenizerRoundTrip, brings_back_any_bytes) {
  for (const char* name : kLossless) {
    const auto tokenizer = load_tokenizer(kCases / name);
    Random random(11);
    for (int round = 0; round < 200; ++round) {
      std::string text;
      // Half of the bytes are of UTF-8 sequences that begin or go on.
      for (std::uint64_t n = random.below(60); n > 0; --n)
        text += static_cast<char>(random.below(2) == 0 ? random.below(256) : 0x80 + random.below(0x78));
      // U+2581 stands for a space in the vocabulary of SentencePiece, and comes back as one.
      if (text.find("\xE2\x96\x81") != std::string::npos) continue;
      ASSERT_EQ(round_trip(*tokenizer, text), text) << name << ", round " << round;
    }
  }
}

TEST(TokenizerRoundTripSlow, brings_back_every_file_of_the_data) {
  if (!std::filesystem::exists(kData)) GTEST_SKIP() << kData.string() << " is not on this machine";
  constexpr std::size_t kMostBytes = 3000;  // of one file: from its start, and from its middle
  std::vector<std::unique_ptr<Tokenizer>> tokenizers;
  for (const char* name : kLossless) tokenizers.push_back(load_tokenizer(kCases / name));
  int files = 0;
  for (const Path& path : list_files(kData)) {
    const std::string text = read_file(path);
    for (const std::size_t begin : {std::size_t{0}, text.size() / 2}) {
      const std::string part = text.substr(begin, kMostBytes);
      const bool has_space_mark = part.find("\xE2\x96\x81") != std::string::npos;
      for (std::size_t i = 0; i < tokenizers.size(); ++i) {
        if (has_space_mark && std::string_view(kLossless[i]).starts_with("sentencepiece")) continue;
        ASSERT_EQ(round_trip(*tokenizers[i], part), part)
            << kLossless[i] << ": " << path.string() << " from " << begin;
      }
    }
    ++files;
  }
  EXPECT_GT(files, 1000);
}

TEST(TokenizerRoundTripSlow, gives_the_normal_form_where_the_file_asks_for_it) {
  const auto nfc = load_tokenizer(kCases / "json/qwen2");
  EXPECT_EQ(round_trip(*nfc, "e\xCC\x81t\xC3\xA9 \xFF x"), "\xC3\xA9t\xC3\xA9 \xFF x");
  const auto unigram = load_tokenizer(kCases / "json/unigram");
  EXPECT_EQ(round_trip(*unigram, "The  ferry\tand"), "The ferry and");
  const auto rules = load_tokenizer(kCases / "sentencepiece/unigram_rules");
  EXPECT_EQ(round_trip(*rules, "  gr\xC3\xB6\xC3\x9F  "), "groess");
}

class LongLineSlow : public testing::TestWithParam<const char*> {};

// Where something grows with the square of the text, a megabyte takes minutes.
TEST_P(LongLineSlow, takes_time_in_proportion_to_the_text) {
  const auto tokenizer = load_tokenizer(kCases / GetParam());
  for (const std::string unit : {"a", " ", "1", ".", "\n", "\xE6\x97\xA5", "\xFF", "ab ", " x\n"}) {
    const std::size_t size_bytes = unit == "a" ? 1 << 20 : 1 << 18;
    std::string text;
    while (text.size() < size_bytes) text += unit;
    const std::clock_t begin = std::clock();
    tokenizer->encode(text, Tokenizer::Special::as_text);
    const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    EXPECT_LT(seconds, 5.0) << "'" << unit << "'";
    RecordProperty(unit == "a" ? "seconds_of_one_letter" : "seconds", std::to_string(seconds));
  }
}

INSTANTIATE_TEST_SUITE_P(Tokenizers, LongLineSlow,
                         testing::Values("json/gpt2", "json/llama3", "json/gpt4o", "json/falcon",
                                         "json/deepseek_coder", "json/llama2", "json/mistral", "json/unigram",
                                         "json/unigram_bytes", "json/bert_uncased", "json/clip",
                                         "json/prefix", "json/added", "sentencepiece/bpe_bytes",
                                         "sentencepiece/unigram_rules"));

}  // namespace
}  // namespace fulcrum
