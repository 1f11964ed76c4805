// A model out of a Hugging Face folder answers as the same model out of a GGUF.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>

#include "base/error.h"
#include "base/json.h"
#include "infer/embedding_engine.h"
#include "infer/engine.h"
#include "infer/vocabulary.h"
#include "model/huggingface_folder.h"
#include "model/tiny_model.h"
#include "text/tokenizer_export.h"
#include "vocabulary/vocabulary_data.h"

namespace fulcrum {
namespace {

class ModelFolder : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // The folder of a tiny model whose embedding has `spare` rows beyond its vocabulary.
  ModelFile write_folder(const char* architecture, std::int64_t spare) {
    TinyModelOptions options;
    options.architecture = architecture;
    ModelFile model = make_tiny_model(options);
    const Vocabulary vocabulary = to_vocabulary(model.vocabulary);
    ModelFile wide = model;
    wide.config.vocab_size += spare;
    wide.weights = random_weights(wide.config, options.seed, options.deviation);
    save_huggingface_folder(wide, DType::f32, folder_);
    write_file_atomic(folder_ / "tokenizer.json", to_text(tokenizer_json(vocabulary)));
    write_file_atomic(folder_ / "tokenizer_config.json", to_text(tokenizer_config_json(vocabulary)));
    return model;
  }

  Path folder_ = Path(testing::TempDir()) / fmt::format("model-folder-{}", ::getpid());
};

GenerateRequest ask(const char* text) {
  GenerateRequest request;
  request.messages = {{"system", "Be brief."}, {"user", text}};
  request.max_tokens = 24;
  return request;
}

TEST_F(ModelFolder, AnswersAsTheGgufOfTheSameWeights) {
  for (const char* architecture : {"qwen2", "llama", "gemma2"}) {
    const ModelFile model = write_folder(architecture, 0);
    save_model_file(model, DType::f32, folder_ / "model.gguf");
    EngineOptions options;
    options.threads = 1;
    const auto from_folder = Engine::load(folder_, options),
               from_file = Engine::load(folder_ / "model.gguf", options);
    for (const char* text : {"What is the thing?", "caf\u00e9 <|end|> then"}) {
      const GenerateRequest request = ask(text);
      const auto theirs = from_folder->generate(std::span(&request, 1), {});
      const auto ours = from_file->generate(std::span(&request, 1), {});
      EXPECT_EQ(theirs[0].text, ours[0].text) << architecture;
      EXPECT_EQ(theirs[0].usage.prompt_tokens, ours[0].usage.prompt_tokens);
      EXPECT_GT(theirs[0].usage.completion_tokens, 0);
    }
    EXPECT_EQ(from_folder->info().parameters, model.config.parameters());
    EXPECT_EQ(from_folder->info().sha256.size(), 64U);
  }
}

TEST_F(ModelFolder, RowsWithoutATokenAreNeverChosen) {
  const ModelFile model = write_folder("qwen2", 400);
  const auto engine = Engine::load(folder_, {});
  EXPECT_LT(engine->tokenizer().size(), model.config.vocab_size + 400);
  for (int seed = 0; seed < 8; ++seed) {
    GenerateRequest request = ask("Say anything.");
    request.sampling.temperature = 5;
    request.sampling.seed = static_cast<std::uint64_t>(seed);
    EXPECT_NO_THROW(engine->generate(std::span(&request, 1), {}));
  }
}

TEST_F(ModelFolder, WithoutATokenizerItIsRefused) {
  write_folder("qwen2", 0);
  std::filesystem::remove(folder_ / "tokenizer.json");
  try {
    Engine::load(folder_, {});
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_NE(std::string_view(error.what()).find("holds no vocabulary"), std::string_view::npos)
        << error.what();
  }
}

// ---- Embeddings ----

// The words of a tokenizer for the tiny encoder of the parity cases, which has 50 rows.
Json tiny_word_piece() {
  Json vocab = Json::object();
  int id = 0;
  for (const char* word : {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "card", "lost", "##s", "bank", "my"})
    vocab[word] = id++;
  Json added = Json::array();
  for (int special = 0; special < 4; ++special) {
    for (const auto& [word, number] : vocab.items()) {
      if (number == special)
        added.push_back({{"id", special},
                         {"content", word},
                         {"single_word", false},
                         {"lstrip", false},
                         {"rstrip", false},
                         {"normalized", false},
                         {"special", true}});
    }
  }
  return {{"version", "1.0"},
          {"added_tokens", added},
          {"normalizer",
           {{"type", "BertNormalizer"},
            {"clean_text", true},
            {"handle_chinese_chars", true},
            {"strip_accents", nullptr},
            {"lowercase", true}}},
          {"pre_tokenizer", {{"type", "BertPreTokenizer"}}},
          {"post_processor", nullptr},
          {"decoder", {{"type", "WordPiece"}, {"prefix", "##"}, {"cleanup", true}}},
          {"model",
           {{"type", "WordPiece"},
            {"unk_token", "[UNK]"},
            {"continuing_subword_prefix", "##"},
            {"max_input_chars_per_word", 100},
            {"vocab", vocab}}}};
}

TEST_F(ModelFolder, TextsBecomeVectors) {
  std::filesystem::copy(Path(FULCRUM_SOURCE_DIR) / "tests/cases/parity/encoders/mean", folder_,
                        std::filesystem::copy_options::recursive);
  write_file_atomic(folder_ / "tokenizer.json", to_text(tiny_word_piece()));
  const auto engine = EmbeddingEngine::load(folder_);
  EXPECT_EQ(engine->tokens("My cards"), (std::vector<TokenId>{2, 9, 5, 7, 3}));
  EXPECT_EQ(engine->tokens(std::string(400, 'x')).size(), 3U);  // one unknown word
  EXPECT_EQ(engine->tokens("my [SEP] my"),
            (std::vector<TokenId>{2, 9, 3, 9, 3}));  // as sentence-transformers
  std::string longest;
  for (int i = 0; i < 100; ++i) longest += "the ";
  EXPECT_EQ(engine->tokens(longest).size(), 32U);  // cut to the context
  EXPECT_EQ(engine->tokens(longest).back(), 3);

  const std::vector<std::string> texts = {"lost card", "My bank", longest, ""};
  const auto vectors = engine->embed(texts, {});
  ASSERT_EQ(vectors.size(), 4U);
  for (const auto& vector : vectors) {
    double square = 0;
    for (const float value : vector) square += static_cast<double>(value) * static_cast<double>(value);
    EXPECT_NEAR(square, 1, 1e-5);
  }
  EXPECT_EQ(engine->embed(std::span(texts).subspan(1, 1), {})[0], vectors[1]);
  EXPECT_NE(vectors[0], vectors[1]);
}

TEST_F(ModelFolder, TextsAreCutWhereTheEncoderWasTrainedTo) {
  std::filesystem::copy(Path(FULCRUM_SOURCE_DIR) / "tests/cases/parity/encoders/mean", folder_,
                        std::filesystem::copy_options::recursive);
  write_file_atomic(folder_ / "tokenizer.json", to_text(tiny_word_piece()));
  const auto tokens_with = [&](const char* sentences) {
    write_file_atomic(folder_ / "sentence_bert_config.json", sentences);
    return EmbeddingEngine::load(folder_)->tokens("my bank my bank my bank my bank my bank").size();
  };
  EXPECT_EQ(tokens_with(R"({"max_seq_length": 6})"), 6U);
  EXPECT_EQ(tokens_with(R"({"max_seq_length": 5000})"), 12U);  // never beyond the positions there are
  EXPECT_EQ(tokens_with(R"({"max_seq_length": null})"), 12U);
  EXPECT_EQ(tokens_with("{}"), 12U);
  for (const char* broken : {R"({"max_seq_length": 2})", R"({"max_seq_length": "6"})"})
    EXPECT_THROW(tokens_with(broken), Error) << broken;
}

// all-MiniLM-L6-v2 where a copy is on the machine: FULCRUM_MINILM names its folder, with reference vectors in
// golden.json ([{"text", "vector"}], by sentence-transformers: tests/reference/minilm.py) beside its
// config.json.
TEST(MiniLm, SentenceVectorsAreTheReferences) {
  const char* folder = std::getenv("FULCRUM_MINILM");
  if (folder == nullptr || !std::filesystem::exists(Path(folder) / "golden.json"))
    GTEST_SKIP() << "FULCRUM_MINILM names no folder with all-MiniLM-L6-v2 and a golden.json";
  const auto engine = EmbeddingEngine::load(folder);
  const Json golden = read_json(Path(folder) / "golden.json");
  ASSERT_GE(golden.size(), 10U);
  double farthest = 0, largest = 0;
  for (const Json& item : golden) {
    const std::string text = item["text"].get<std::string>();
    const auto expected = item["vector"].get<std::vector<double>>();
    const auto found = engine->embed(std::span(&text, 1), {})[0];
    ASSERT_EQ(found.size(), expected.size());
    double dot = 0, ours = 0, theirs = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
      const auto value = static_cast<double>(found[i]);
      dot += value * expected[i];
      ours += value * value;
      theirs += expected[i] * expected[i];
      largest = std::max(largest, std::abs(value - expected[i]));
    }
    const double distance = 1 - dot / std::sqrt(ours * theirs);
    EXPECT_LT(distance, 1e-4) << text;
    EXPECT_NEAR(ours, 1, 1e-5) << text;
    farthest = std::max(farthest, distance);
  }
  std::printf("all-MiniLM-L6-v2: %zu texts, cosine distance at most %.1e, a value differs by at most %.1e\n",
              golden.size(), farthest, largest);
}

}  // namespace
}  // namespace fulcrum
