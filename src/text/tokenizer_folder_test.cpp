#include "text/tokenizer_folder.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"

namespace fulcrum {
namespace {

const Path kCases = Path(FULCRUM_SOURCE_DIR) / "tests/cases/tokenizers";
const Path kData = Path(FULCRUM_SHARED_DIR) / "data";

// A folder with a tokenizer of the cases and further files; gone with this.
class Folder {
 public:
  explicit Folder(const Path& tokenizer)
      : path_(Path(testing::TempDir()) / ("tokenizer_" + std::to_string(next_++))) {
    std::filesystem::create_directories(path_);
    std::filesystem::copy_file(kCases / tokenizer, path_ / tokenizer.filename(),
                               std::filesystem::copy_options::overwrite_existing);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  void add(const char* name, std::string_view text) const { write_file_atomic(path_ / name, text); }
  const Path& path() const { return path_; }

 private:
  static inline int next_ = 0;
  Path path_;
};

std::string token(const Tokenizer& tokenizer, std::optional<TokenId> id) {
  return id ? tokenizer.vocabulary().tokens.at(static_cast<std::size_t>(*id)) : "none";
}

TEST(TokenizerFolder, takes_special_tokens_and_the_template_from_the_files_beside) {
  const Folder folder("json/qwen2/tokenizer.json");
  folder.add("tokenizer_config.json",
             R"({"bos_token": null, "eos_token": {"content": "<|end|>"}, "pad_token": "<s>",
                 "chat_template": [{"name": "tool_use", "template": "T"}, {"name": "default", "template": "D"}],
                 "added_tokens_decoder": {"900": {"content": "<|new|>", "special": true}}})");
  folder.add("added_tokens.json", R"({"<|plain|>": 901})");
  folder.add("generation_config.json", R"({"eos_token_id": [2, 1, 99999]})");
  const auto tokenizer = load_tokenizer(folder.path());
  const Vocabulary& vocabulary = tokenizer->vocabulary();
  EXPECT_EQ(token(*tokenizer, vocabulary.bos), "none");
  EXPECT_EQ(token(*tokenizer, vocabulary.eos), "<|end|>");
  EXPECT_EQ(token(*tokenizer, vocabulary.padding), "<s>");
  EXPECT_EQ(vocabulary.end_of_turn, (std::vector<TokenId>{1}));  // 2 is eos, 99999 is outside
  EXPECT_EQ(vocabulary.chat_template, "D");
  EXPECT_FALSE(vocabulary.add_bos);
  EXPECT_EQ(tokenizer->encode("<|new|><|plain|>", Tokenizer::Special::parse),
            (std::vector<TokenId>{900, 901}));
  EXPECT_EQ(tokenizer->decode(std::vector<TokenId>{900, 901}), "<|plain|>");
  folder.add("chat_template.jinja", "from the file");
  EXPECT_EQ(load_tokenizer(folder.path())->vocabulary().chat_template, "from the file");
  // A file of another name is read alone.
  std::filesystem::copy_file(folder.path() / "tokenizer.json", folder.path() / "other.json");
  EXPECT_EQ(load_tokenizer(folder.path() / "other.json")->vocabulary().chat_template, "");
}

TEST(TokenizerFolder, puts_the_tokens_of_a_llama_model_around_a_text) {
  const Folder folder("sentencepiece/bpe_bytes/tokenizer.model");
  EXPECT_FALSE(load_tokenizer(folder.path())->vocabulary().add_bos);
  folder.add("tokenizer_config.json", R"({"tokenizer_class": "LlamaTokenizer"})");
  const auto tokenizer = load_tokenizer(folder.path());
  EXPECT_TRUE(tokenizer->vocabulary().add_bos);
  EXPECT_FALSE(tokenizer->vocabulary().add_eos);
  EXPECT_EQ(token(*tokenizer, tokenizer->vocabulary().bos), "<s>");
}

TEST(TokenizerFolder, says_what_is_missing) {
  EXPECT_FALSE(has_tokenizer(kCases));
  EXPECT_TRUE(has_tokenizer(kCases / "json/gpt2"));
  try {
    load_tokenizer(kCases);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::not_found);
    EXPECT_NE(std::string(error.what()).find("neither tokenizer.json nor tokenizer.model"),
              std::string::npos);
  }
}

TEST(TokenizerFolder, a_part_that_is_not_trusted_holds_no_special_token) {
  const auto tokenizer = load_tokenizer(kCases / "json/llama3");
  const TokenId end = *tokenizer->find("<|end|>");
  using Part = Tokenizer::Part;
  const auto count = [&](const std::vector<Part>& parts) {
    const auto ids = tokenizer->encode_parts(parts);
    return std::count(ids.begin(), ids.end(), end);
  };
  constexpr auto kParse = Tokenizer::Special::parse, kPlain = Tokenizer::Special::as_text;
  EXPECT_EQ(count({{"a<|end|>", kParse}, {"b<|end|>", kPlain}}), 1);
  EXPECT_EQ(count({{"<|en", kParse}, {"d|>", kPlain}}), 0);
  EXPECT_EQ(count({{"<|en", kPlain}, {"d|>", kParse}}), 0);
  EXPECT_EQ(count({{"<|en", kParse}, {"d|>", kParse}}), 1);
  // Tokens form over the border.
  EXPECT_EQ(tokenizer->encode_parts(std::vector<Part>{{"the o", kParse}, {"ther", kPlain}}),
            tokenizer->encode("the other", kPlain));
}

// The same ids by way of GGUF's keys, for texts that both spell alike.
TEST(GgufVocabulary, gives_the_same_ids) {
  for (const char* name :
       {"json/gpt2", "json/llama3", "json/qwen2", "json/falcon", "json/llama2", "json/bert_uncased"}) {
    const auto direct = load_tokenizer(kCases / name);
    const Vocabulary vocabulary = gguf_vocabulary(kCases / name);
    const auto by_keys = make_tokenizer(vocabulary);
    EXPECT_EQ(by_keys->size(), direct->size()) << name;
    for (const char* text : {"The other ferry leaves at 10:30, doesn't it?", "12 crates and the rest",
                             "größere Häuser", "two\nlines here"}) {
      EXPECT_EQ(by_keys->encode(text, Tokenizer::Special::as_text),
                direct->encode(text, Tokenizer::Special::as_text))
          << name << ": " << text;
    }
    EXPECT_EQ(vocabulary.add_bos, direct->vocabulary().add_bos) << name;
  }
  EXPECT_EQ(gguf_vocabulary(kCases / "json/llama3").pre, "llama-bpe");
  EXPECT_EQ(gguf_vocabulary(kCases / "json/llama2").family, "llama");
}

TEST(GgufVocabulary, names_what_gguf_cannot_say) {
  const auto message = [](const char* name) {
    try {
      gguf_vocabulary(kCases / name);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::unsupported);
      return std::string(error.what());
    }
    return std::string("none");
  };
  EXPECT_NE(message("json/roberta").find("bytes with a space before"), std::string::npos);
  EXPECT_NE(message("json/clip").find("where words begin or end"), std::string::npos);
  EXPECT_NE(message("json/bert_cased").find("upper case"), std::string::npos);
  EXPECT_NE(message("json/unigram").find("normalizer Nmt"), std::string::npos);
}

TEST(GgufVocabulary, spells_a_shared_t5_as_unigram) {
  const Path file = kData / "hf-tokenizers/t5/tokenizer.json";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << file.string() << " is not on this machine";
  const auto direct = load_tokenizer(file);
  const auto by_keys = make_tokenizer(gguf_vocabulary(file));
  for (const char* text : {"Hello world", " two  spaces ", "The ﬁrst café is 12 km away."}) {
    EXPECT_EQ(by_keys->encode(text, Tokenizer::Special::as_text),
              direct->encode(text, Tokenizer::Special::as_text))
        << text;
  }
}

}  // namespace
}  // namespace fulcrum
