// Every tokenizer family against ids from the models' own implementations.
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "text/byte_level_bpe.h"
#include "text/pre_tokenizer.h"
#include "text/tokenizer.h"

namespace fulcrum {
namespace {

const Path kData = Path(FULCRUM_SHARED_DIR) / "data";

#define SKIP_WITHOUT(path) \
  if (!std::filesystem::exists(path)) GTEST_SKIP() << (path).string() << " is not on this machine"

// The tokenizer keys of a known-good GGUF file. This floor lies below the GGUF reader, which checks what this
// does not.
class GgufKeys {
 public:
  explicit GgufKeys(const Path& path) : bytes_(read_file(path)), at_(8) {
    take<std::uint64_t>();
    const auto count = take<std::uint64_t>();
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::string key = take_text();
      read_value(key, take<std::uint32_t>());
    }
  }

  Vocabulary vocabulary() const {
    Vocabulary v;
    v.family = texts_.at("tokenizer.ggml.model").at(0);
    if (texts_.contains("tokenizer.ggml.pre")) v.pre = texts_.at("tokenizer.ggml.pre")[0];
    v.tokens = texts_.at("tokenizer.ggml.tokens");
    if (texts_.contains("tokenizer.ggml.merges")) v.merges = texts_.at("tokenizer.ggml.merges");
    for (double type : numbers_.at("tokenizer.ggml.token_type"))
      v.types.push_back(static_cast<TokenType>(static_cast<int>(type)));
    if (numbers_.contains("tokenizer.ggml.scores")) {
      for (double score : numbers_.at("tokenizer.ggml.scores")) v.scores.push_back(static_cast<float>(score));
    }
    const auto id = [&](const char* key) {
      const auto found = numbers_.find(key);
      return found == numbers_.end() ? std::optional<TokenId>() : static_cast<TokenId>(found->second[0]);
    };
    v.bos = id("tokenizer.ggml.bos_token_id");
    v.eos = id("tokenizer.ggml.eos_token_id");
    v.unknown = id("tokenizer.ggml.unknown_token_id");
    return v;
  }

 private:
  template <typename T>
  T take() {
    T value;
    std::memcpy(&value, bytes_.data() + at_, sizeof(T));
    at_ += sizeof(T);
    return value;
  }
  std::string take_text() {
    const auto size = take<std::uint64_t>();
    at_ += size;
    return bytes_.substr(at_ - size, size);
  }
  void read_value(const std::string& key, std::uint32_t type) {
    switch (type) {
      case 8:
        texts_[key].push_back(take_text());
        break;
      case 9: {
        const auto element = take<std::uint32_t>();
        const auto count = take<std::uint64_t>();
        for (std::uint64_t i = 0; i < count; ++i) read_value(key, element);
        break;
      }
      case 0:
      case 1:
      case 7:
        numbers_[key].push_back(take<std::uint8_t>());
        break;
      case 2:
      case 3:
        numbers_[key].push_back(take<std::uint16_t>());
        break;
      case 4:
        numbers_[key].push_back(take<std::uint32_t>());
        break;
      case 5:
        numbers_[key].push_back(take<std::int32_t>());
        break;
      case 6:
        numbers_[key].push_back(take<float>());
        break;
      default:
        numbers_[key].push_back(static_cast<double>(take<std::uint64_t>()));
        break;
    }
  }

  std::string bytes_;
  std::size_t at_;
  std::map<std::string, std::vector<std::string>> texts_;
  std::map<std::string, std::vector<double>> numbers_;
};

std::unique_ptr<Tokenizer> vocabulary_of(const std::string& name) {
  return make_tokenizer(GgufKeys(kData / ("ggml-vocab/ggml-vocab-" + name + ".gguf")).vocabulary());
}

std::vector<std::string> split(const std::string& text, const std::string& separator) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0;;) {
    const std::size_t end = text.find(separator, begin);
    parts.push_back(text.substr(begin, end - begin));
    if (end == std::string::npos) return parts;
    begin = end + separator.size();
  }
}

std::vector<TokenId> ids_in(std::string text) {
  std::replace(text.begin(), text.end(), ',', ' ');
  std::istringstream in(text);
  std::vector<TokenId> ids;
  for (TokenId id; in >> id;) ids.push_back(id);
  return ids;
}

class VocabularyGolden : public testing::TestWithParam<const char*> {};

TEST_P(VocabularyGolden, gives_the_ids_of_every_case) {
  const std::string name = GetParam();
  const Path file = kData / ("ggml-vocab/ggml-vocab-" + name + ".gguf");
  SKIP_WITHOUT(file);
  const auto tokenizer = vocabulary_of(name);
  auto texts = split(read_file(file.string() + ".inp"), "\n__ggml_vocab_test__\n");
  auto lines = split(read_file(file.string() + ".out"), "\n");
  texts.pop_back();
  ASSERT_GE(lines.size(), texts.size());
  EXPECT_GE(texts.size(), 46u);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto ids = tokenizer->encode(texts[i], Tokenizer::Special::as_text);
    EXPECT_EQ(ids, ids_in(lines[i])) << "case " << i << ": " << texts[i];
    if (name == "bert-bge") continue;  // gives words back, not the text
    EXPECT_EQ(tokenizer->decode(ids), texts[i]) << "case " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Families, VocabularyGolden,
                         testing::Values("gpt-2", "falcon", "mpt", "phi-3", "bert-bge"));

struct Prompts {
  const char* file;
  const char* vocabulary;
};
class PromptGolden : public testing::TestWithParam<Prompts> {};

TEST_P(PromptGolden, gives_the_ids_of_every_line) {
  const Path file = kData / "ggml-prompts" / GetParam().file;
  SKIP_WITHOUT(file);
  const auto tokenizer = vocabulary_of(GetParam().vocabulary);
  int lines = 0;
  for (const std::string& line : split(read_file(file), "\n")) {
    const std::size_t arrow = line.rfind(" => ");
    if (arrow == std::string::npos) continue;
    const std::string text = line.substr(0, arrow);
    const auto ids = tokenizer->encode(text, Tokenizer::Special::as_text);
    EXPECT_EQ(ids, ids_in(line.substr(arrow + 4))) << text;
    EXPECT_EQ(tokenizer->decode(ids), text);
    ++lines;
  }
  EXPECT_GT(lines, 50);
}

INSTANTIATE_TEST_SUITE_P(Files, PromptGolden,
                         testing::Values(Prompts{"gpt-2.txt", "gpt-2"}, Prompts{"gpt-j.txt", "gpt-2"},
                                         Prompts{"gpt-neox.txt", "gpt-neox"},
                                         Prompts{"dolly-v2.txt", "gpt-neox"}));

TEST(ByteLevelBpe, brings_back_any_bytes) {
  SKIP_WITHOUT(kData / "ggml-vocab");
  const auto tokenizer = vocabulary_of("gpt-2");
  std::string bytes;
  for (int i = 0; i < 4096; ++i) bytes += static_cast<char>((i * 7919 + i / 256 * 31) & 0xFF);
  for (const std::string& text :
       {bytes, std::string("a\xE2\x82 b\xFF\xFE  \n\n c"), std::string("\0x\0", 3)}) {
    EXPECT_EQ(tokenizer->decode(tokenizer->encode(text, Tokenizer::Special::as_text)), text);
  }
  EXPECT_EQ(from_byte_alphabet(to_byte_alphabet(bytes)), bytes);
}

TEST(ByteLevelBpe, finds_control_tokens_only_where_they_may_stand) {
  SKIP_WITHOUT(kData / "ggml-vocab");
  const auto tokenizer = vocabulary_of("gpt-2");
  const TokenId end = *tokenizer->find("<|endoftext|>");
  const std::string text = "a<|endoftext|>b";
  const auto parsed = tokenizer->encode(text, Tokenizer::Special::parse);
  EXPECT_EQ(std::count(parsed.begin(), parsed.end(), end), 1);
  const auto plain = tokenizer->encode(text, Tokenizer::Special::as_text);
  EXPECT_EQ(std::count(plain.begin(), plain.end(), end), 0);
  EXPECT_EQ(tokenizer->decode(plain), text);
}

TEST(PreTokenizer, cuts_as_each_family_does) {
  using Texts = std::vector<std::string_view>;
  const auto cut = [](std::string_view name, std::string_view text) {
    return PreTokenizer::named(name).split(text);
  };
  EXPECT_EQ(cut("gpt-2", "It's 1234  x"), (Texts{"It", "'s", " 1234", " ", " x"}));
  EXPECT_EQ(cut("llama-bpe", "IT'S 1234\n\n x"), (Texts{"IT", "'S", " ", "123", "4", "\n\n", " x"}));
  EXPECT_EQ(cut("qwen2", "a 12!\n"), (Texts{"a", " ", "1", "2", "!\n"}));
  EXPECT_EQ(cut("starcoder", "x12 y"), (Texts{"x", "1", "2", " y"}));
  EXPECT_EQ(cut("falcon", "a1234."), (Texts{"a", "123", "4", "."}));
  EXPECT_EQ(cut("deepseek-coder", "a b1.\n"), (Texts{"a", " b", "1", ".", "\n"}));
  EXPECT_EQ(cut("deepseek-llm", "Hi you 12"), (Texts{"Hi", " you", " ", "12"}));
  EXPECT_THROW(PreTokenizer::named("gpt-9"), Error);
}

}  // namespace
}  // namespace fulcrum
