// Tokenizers of every kind against the ids that the reference libraries give
// (tests/reference/tokenizer_goldens.py).
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <algorithm>

#include "base/file.h"
#include "text/json_tree.h"
#include "text/stream_decoder.h"
#include "text/tokenizer_folder.h"

namespace fulcrum {
namespace {

const Path kCases = Path(FULCRUM_SOURCE_DIR) / "tests/cases/tokenizers";
const Path kData = Path(FULCRUM_SHARED_DIR) / "data";

JsonTree read_tree(const Path& path) {
  return parse_json_tree(read_file(path), path.string());
}

std::string base64(const std::string& text) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned bits = 0;
  int count = 0;
  for (char c : text) {
    if (c == '=') break;
    bits = bits << 6 | static_cast<unsigned>(kDigits.find(c));
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 0xFF);
  }
  return bytes;
}

std::string line_of(const Path& file, std::size_t line) {
  const std::string text = read_file(file);
  std::size_t begin = 0;
  for (; line > 0; --line) begin = text.find('\n', begin) + 1;
  return text.substr(begin, text.find('\n', begin) - begin);
}

std::string text_of(const JsonTree& entry) {
  if (entry.contains("text")) return entry["text"].get<std::string>();
  if (entry.contains("bytes")) return base64(entry["bytes"].get<std::string>());
  return line_of(kData / entry["file"].get<std::string>(), entry["line"].get<std::size_t>());
}

std::string streamed(const Tokenizer& tokenizer, std::span<const TokenId> ids) {
  StreamDecoder decoder(tokenizer);
  std::string text;
  for (TokenId id : ids) text += decoder.push(id);
  return text + decoder.finish();
}

std::int64_t special_tokens_in(const Tokenizer& tokenizer, std::span<const TokenId> ids) {
  return std::ranges::count_if(ids, [&](TokenId id) {
    return tokenizer.vocabulary().types[static_cast<std::size_t>(id)] == TokenType::control;
  });
}

void check(const Tokenizer& tokenizer, const JsonTree& golden) {
  using Ids = std::vector<TokenId>;
  if (golden.contains("frame")) {
    Ids frame;
    if (tokenizer.vocabulary().add_bos) frame.push_back(*tokenizer.vocabulary().bos);
    if (tokenizer.vocabulary().add_eos) frame.push_back(*tokenizer.vocabulary().eos);
    EXPECT_EQ(frame, golden["frame"].get<Ids>());
  }
  int count = 0;
  for (const JsonTree& entry : golden["cases"]) {
    const std::string text = text_of(entry);
    const auto plain = tokenizer.encode(text, Tokenizer::Special::as_text);
    if (entry.contains("plain") && entry["plain"].is_null()) {
      EXPECT_EQ(special_tokens_in(tokenizer, plain), 0) << "plain: " << text;
    } else {
      const JsonTree& expected = entry.contains("plain") ? entry["plain"] : entry["parse"];
      EXPECT_EQ(plain, expected.get<Ids>()) << "plain: " << text;
    }
    EXPECT_EQ(streamed(tokenizer, plain), tokenizer.decode(plain)) << text;
    Ids parsed = plain;
    if (entry.contains("parse")) {
      parsed = tokenizer.encode(text, Tokenizer::Special::parse);
      EXPECT_EQ(parsed, entry["parse"].get<Ids>()) << "parse: " << text;
    }
    if (entry.contains("decoded")) {
      EXPECT_EQ(tokenizer.decode(parsed), entry["decoded"].get<std::string>()) << "decode: " << text;
    }
    ++count;
  }
  EXPECT_GE(count, 30);
}

class SmallTokenizer : public testing::TestWithParam<const char*> {};

TEST_P(SmallTokenizer, gives_the_reference_ids) {
  const Path folder = kCases / GetParam();
  check(*load_tokenizer(folder), read_tree(folder / "cases.json"));
}

INSTANTIATE_TEST_SUITE_P(Json, SmallTokenizer,
                         testing::Values("json/gpt2", "json/roberta", "json/llama3", "json/qwen2",
                                         "json/gpt4o", "json/falcon", "json/deepseek_coder", "json/llama2",
                                         "json/mistral", "json/unigram", "json/unigram_bytes",
                                         "json/bert_uncased", "json/bert_cased", "json/clip", "json/prefix",
                                         "json/split_with_next", "json/split_with_previous",
                                         "json/split_contiguous", "json/added"));
INSTANTIATE_TEST_SUITE_P(SentencePiece, SmallTokenizer,
                         testing::Values("sentencepiece/bpe_bytes", "sentencepiece/bpe_no_prefix",
                                         "sentencepiece/unigram_rules", "sentencepiece/unigram_bytes"));

class SharedTokenizerSlow : public testing::TestWithParam<const char*> {};

TEST_P(SharedTokenizerSlow, gives_the_reference_ids) {
  const JsonTree golden = read_tree(kCases / "shared" / (std::string(GetParam()) + ".cases.json"));
  const Path file = kData / golden["tokenizer"].get<std::string>();
  if (!std::filesystem::exists(file)) GTEST_SKIP() << file.string() << " is not on this machine";
  check(*load_tokenizer(file), golden);
}

INSTANTIATE_TEST_SUITE_P(Files, SharedTokenizerSlow,
                         testing::Values("gpt2_tokenizer", "neox_tokenizer", "minimind_tokenizer",
                                         "bertt_tokenizer", "daulet_all-minilm-l6-v2",
                                         "daulet_bert-base-uncased", "t5_tokenizer", "spiece.model",
                                         "test_model.model", "test_ja_model.model"));

}  // namespace
}  // namespace fulcrum
