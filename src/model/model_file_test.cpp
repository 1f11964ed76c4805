#include "model/model_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <functional>

#include "base/error.h"
#include "formats/gguf.h"
#include "formats/gguf_writer.h"
#include "model/tiny_model.h"

namespace fulcrum {
namespace {

const Path kStories = Path(FULCRUM_SHARED_DIR) / "data/stories260k";

#define NEEDS_SHARED(path) \
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "absent: " << (path)

std::string message_of(const std::function<void()>& work, ErrorCode code) {
  try {
    work();
  } catch (const Error& error) {
    EXPECT_EQ(to_string(error.code()), to_string(code)) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return "";
}

class ModelFileTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  Path folder_ = Path(testing::TempDir()) / fmt::format("model-file-{}", ::getpid());
};

void expect_same_vocabulary(const VocabularyData& a, const VocabularyData& b) {
  EXPECT_EQ(a.family, b.family);
  EXPECT_EQ(a.pre, b.pre);
  EXPECT_EQ(a.tokens, b.tokens);
  EXPECT_EQ(a.scores, b.scores);
  EXPECT_EQ(a.types, b.types);
  EXPECT_EQ(a.merges, b.merges);
  EXPECT_EQ(a.bos, b.bos);
  EXPECT_EQ(a.eos, b.eos);
  EXPECT_EQ(a.unknown, b.unknown);
  EXPECT_EQ(a.padding, b.padding);
  EXPECT_EQ(a.end_of_turn, b.end_of_turn);
  EXPECT_EQ(a.add_bos, b.add_bos);
  EXPECT_EQ(a.add_eos, b.add_eos);
  EXPECT_EQ(a.add_space_prefix, b.add_space_prefix);
  EXPECT_EQ(a.chat_template, b.chat_template);
}

TEST_F(ModelFileTest, F32ComesBackBitForBit) {
  for (const char* architecture : {"llama", "qwen2", "qwen3"}) {
    TinyModelOptions options;
    options.architecture = architecture;
    options.tied_output = std::string_view(architecture) != "llama";
    ModelFile model = make_tiny_model(options);
    model.vocabulary.padding = 2;
    model.vocabulary.pre = "default";
    model.vocabulary.add_eos = true;
    model.vocabulary.add_space_prefix = false;
    model.notes = {{"general.license", "Apache-2.0"}};
    const Path path = folder_ / "model.gguf";
    save_model_file(model, DType::f32, path);
    const ModelFile read = load_model_file(path);
    EXPECT_EQ(weights_sha256(read.weights), weights_sha256(model.weights));
    EXPECT_EQ(read.name, "tiny");
    EXPECT_EQ(read.path, path);
    EXPECT_EQ(read.notes, model.notes);
    EXPECT_EQ(read.config.parameters(), model.config.parameters());
    expect_same_vocabulary(read.vocabulary, model.vocabulary);
  }
}

TEST_F(ModelFileTest, MatricesTakeTheTypeAskedForAndNormsStayF32) {
  const ModelFile model = make_tiny_model({});
  for (const DType dtype : {DType::f16, DType::bf16, DType::q8_0}) {
    const Path path = folder_ / "model.gguf";
    save_model_file(model, dtype, path);
    const ModelFile read = load_model_file(path);
    EXPECT_EQ(read.weights.token_embd.dtype, dtype);
    EXPECT_EQ(read.weights.layers[1].attn_q.dtype, dtype);
    // 48 columns are no whole q8_0 blocks
    EXPECT_EQ(read.weights.layers[1].ffn_down.dtype, dtype == DType::q8_0 ? DType::f16 : dtype);
    EXPECT_EQ(read.weights.layers[1].attn_norm.dtype, DType::f32);
    EXPECT_EQ(read.weights.layers[1].attn_q_bias.dtype, DType::f32);
    const Tensor before = model.weights.layers[0].attn_output,
                 after = to_f32(read.weights.layers[0].attn_output);
    for (std::size_t i = 0; i < before.f32().size(); ++i) EXPECT_NEAR(before.f32()[i], after.f32()[i], 0.01);
    // Saving what is already of that type changes no bit.
    save_model_file(read, dtype, folder_ / "again.gguf");
    EXPECT_EQ(weights_sha256(load_model_file(folder_ / "again.gguf").weights), weights_sha256(read.weights));
  }
}

TEST_F(ModelFileTest, AVocabularyOfAnotherSizeIsRefusedNamingBoth) {
  ModelFile model = make_tiny_model({});
  const std::size_t size = model.vocabulary.tokens.size();
  model.vocabulary.tokens.pop_back();
  model.vocabulary.scores.pop_back();
  model.vocabulary.types.pop_back();
  const std::string expected =
      fmt::format("the vocabulary has {} tokens, and token_embd.weight has {} rows", size - 1, size);
  std::string message =
      message_of([&] { save_model_file(model, DType::f32, folder_ / "model.gguf"); }, ErrorCode::corrupt);
  EXPECT_NE(message.find(expected), std::string::npos) << message;
  EXPECT_FALSE(std::filesystem::exists(folder_ / "model.gguf"));

  GgufWriter writer;
  write_config(model.config, writer);
  writer.add("tokenizer.ggml.model", "llama");
  writer.add("tokenizer.ggml.tokens", model.vocabulary.tokens);
  for (const Tensor& tensor : model.weights.all()) writer.add(tensor);
  writer.write(folder_ / "model.gguf");
  message = message_of([&] { load_model_file(folder_ / "model.gguf"); }, ErrorCode::corrupt);
  EXPECT_NE(message.find(expected), std::string::npos) << message;
}

TEST_F(ModelFileTest, VocabularyFieldsThatContradictEachOtherAreRefused) {
  const ModelFile model = make_tiny_model({});
  const auto read_with = [&](const std::function<void(GgufWriter&)>& add) {
    GgufWriter writer;
    writer.add("tokenizer.ggml.model", "llama");
    writer.add("tokenizer.ggml.tokens", std::vector<std::string>{"a", "b", "c"});
    add(writer);
    writer.write(folder_ / "vocabulary.gguf");
    return message_of([&] { read_vocabulary(GgufFile::open(folder_ / "vocabulary.gguf")); },
                      ErrorCode::corrupt);
  };
  std::string message = read_with([](GgufWriter& w) {
    w.add("tokenizer.ggml.scores", std::vector<float>{1, 2});
  });
  EXPECT_NE(message.find("'tokenizer.ggml.scores' has 2 entries, and the vocabulary has 3 tokens"),
            std::string::npos);
  message = read_with([](GgufWriter& w) { w.add_u32("tokenizer.ggml.eos_token_id", 3); });
  EXPECT_NE(message.find("'tokenizer.ggml.eos_token_id' is 3, and the vocabulary has 3 tokens"),
            std::string::npos);
  message = read_with([](GgufWriter& w) { w.add("tokenizer.ggml.token_type", "normal"); });
  EXPECT_NE(message.find("is string where an array of integers is needed"), std::string::npos) << message;
}

TEST_F(ModelFileTest, EveryTruncationOfAModelIsAnError) {
  const ModelFile model = make_tiny_model({});
  const Path path = folder_ / "model.gguf";
  save_model_file(model, DType::f16, path);
  const std::string whole = read_file(path);
  for (std::size_t size = 0; size < whole.size(); size += 2999) {
    write_file_atomic(path, whole.substr(0, size));
    EXPECT_THROW(load_model_file(path), Error) << size;
  }
}

TEST_F(ModelFileTest, MissingAndForeignFilesSayWhatTheyAre) {
  message_of([&] { load_model_file(folder_ / "none.gguf"); }, ErrorCode::not_found);
  write_file_atomic(folder_ / "text.gguf", "once upon a time there was a file that was no model at all");
  const std::string message = message_of([&] { load_model_file(folder_ / "text.gguf"); }, ErrorCode::corrupt);
  EXPECT_NE(message.find("is not a GGUF file; as a llama2.c checkpoint"), std::string::npos) << message;
}

TEST_F(ModelFileTest, RealCheckpointsOfBothLayoutsHoldTheSameWeights) {
  NEEDS_SHARED(kStories);
  const ModelFile legacy = load_model_file(kStories / "checkpoint_legacy.bin");
  const ModelFile version_1 = load_model_file(kStories / "checkpoint_v1.bin", kStories / "tok512.bin");
  EXPECT_EQ(weights_sha256(legacy.weights), weights_sha256(version_1.weights));
  EXPECT_EQ(legacy.config.parameters(), 260032);
  EXPECT_EQ(legacy.config.architecture, "llama");
  EXPECT_TRUE(legacy.config.tied_output);
  EXPECT_EQ(legacy.vocabulary.tokens[1], "<s>");
  EXPECT_EQ(legacy.vocabulary.types[1], 3);
  EXPECT_EQ(legacy.vocabulary.types[3], 6);
  EXPECT_EQ(legacy.vocabulary.tokens[259], "▁t");
  EXPECT_EQ(legacy.name, "checkpoint_legacy");
  // The negative control loads, and is not the same model.
  const ModelFile wrong =
      load_model_file(kStories / "negative/wrong_layout_weights.bin", kStories / "tok512.bin");
  EXPECT_NE(weights_sha256(wrong.weights), weights_sha256(legacy.weights));

  save_model_file(legacy, DType::f32, folder_ / "stories.gguf");
  const ModelFile converted = load_model_file(folder_ / "stories.gguf");
  EXPECT_EQ(weights_sha256(converted.weights), weights_sha256(legacy.weights));
  expect_same_vocabulary(converted.vocabulary, legacy.vocabulary);
  const std::string message =
      message_of([&] { load_model_file(folder_ / "stories.gguf", kStories / "tok512.bin"); },
                 ErrorCode::invalid_argument);
  EXPECT_NE(message.find("has its own vocabulary"), std::string::npos);
}

TEST_F(ModelFileTest, ACheckpointNeedsItsTokenizerAndTheRightOne) {
  NEEDS_SHARED(kStories);
  std::filesystem::copy_file(kStories / "checkpoint_v1.bin", folder_ / "model.bin");
  std::string message = message_of([&] { load_model_file(folder_ / "model.bin"); }, ErrorCode::not_found);
  EXPECT_NE(message.find("put tokenizer.bin beside the checkpoint"), std::string::npos) << message;
  const std::string tokenizer = read_file(kStories / "tok512.bin");
  write_file_atomic(folder_ / "tokenizer.bin",
                    tokenizer.substr(0, tokenizer.size() - 11));  // without the last token
  message = message_of([&] { load_model_file(folder_ / "model.bin"); }, ErrorCode::corrupt);
  EXPECT_NE(message.find("the vocabulary has 511 tokens, and token_embd.weight has 512 rows"),
            std::string::npos)
      << message;
}

TEST_F(ModelFileTest, RealVocabulariesAreRead) {
  const Path folder = Path(FULCRUM_SHARED_DIR) / "data/ggml-vocab";
  NEEDS_SHARED(folder);
  const VocabularyData phi = read_vocabulary(GgufFile::open(folder / "ggml-vocab-phi-3.gguf"));
  EXPECT_EQ(phi.family, "llama");
  EXPECT_EQ(phi.tokens.size(), 32064U);
  EXPECT_EQ(phi.scores.size(), phi.tokens.size());
  EXPECT_EQ(phi.types.size(), phi.tokens.size());
  const VocabularyData gpt2 = read_vocabulary(GgufFile::open(folder / "ggml-vocab-gpt-2.gguf"));
  EXPECT_EQ(gpt2.family, "gpt2");
  EXPECT_EQ(gpt2.tokens.size(), 50257U);
  EXPECT_EQ(gpt2.merges.size(), 50000U);
  EXPECT_FALSE(gpt2.add_space_prefix);
  const std::string message =
      message_of([&] { load_model_file(folder / "ggml-vocab-gpt-2.gguf"); }, ErrorCode::corrupt);
  EXPECT_NE(message.find("a vocabulary without weights"), std::string::npos) << message;
}

}  // namespace
}  // namespace fulcrum
