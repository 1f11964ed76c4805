#include "model/config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <functional>

#include "base/error.h"
#include "formats/gguf.h"
#include "formats/gguf_writer.h"
#include "model/tiny_model.h"

namespace fulcrum {
namespace {

Path temporary(std::string_view name) {
  return Path(testing::TempDir()) / fmt::format("config-{}-{}", ::getpid(), name);
}

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

ModelConfig through_file(const ModelConfig& config, const std::function<void(GgufWriter&)>& more) {
  const Path path = temporary("keys.gguf");
  GgufWriter writer;
  write_config(config, writer);
  more(writer);
  writer.write(path);
  const ModelConfig read = read_config(GgufFile::open(path));
  std::filesystem::remove(path);
  return read;
}

TEST(Config, EveryArchitectureComesBackFromItsKeys) {
  for (const char* architecture : {"llama", "qwen2", "qwen3"}) {
    TinyModelOptions options;
    options.architecture = architecture;
    options.head_dim = 16;  // not d_model / n_heads
    ModelConfig config = make_tiny_config(options, 300);
    config.rope_theta = 500000;
    config.sliding_window = 64;
    const ModelConfig read = through_file(config, [](GgufWriter&) {});
    EXPECT_EQ(read.architecture, architecture);
    EXPECT_EQ(read.name, "tiny");
    EXPECT_EQ(read.n_layers, config.n_layers);
    EXPECT_EQ(read.d_model, config.d_model);
    EXPECT_EQ(read.n_heads, config.n_heads);
    EXPECT_EQ(read.n_kv_heads, config.n_kv_heads);
    EXPECT_EQ(read.head_dim, 16);
    EXPECT_EQ(read.d_ff, config.d_ff);
    EXPECT_EQ(read.vocab_size, 300);
    EXPECT_EQ(read.context_tokens, config.context_tokens);
    EXPECT_EQ(read.rope_theta, 500000);
    EXPECT_EQ(read.rope_layout, config.rope_layout);
    EXPECT_FLOAT_EQ(static_cast<float>(read.norm_epsilon), 1e-6F);
    EXPECT_EQ(read.sliding_window, 64);
    EXPECT_TRUE(read.tied_output);  // the file has no output.weight
    EXPECT_EQ(read.attention_bias, std::string_view(architecture) == "qwen2");
    EXPECT_EQ(read.query_key_norm, std::string_view(architecture) == "qwen3");
  }
}

TEST(Config, RopeLayoutBelongsToTheArchitecture) {
  EXPECT_EQ(architecture_defaults("llama").rope_layout, RopeLayout::adjacent);
  EXPECT_EQ(architecture_defaults("qwen2").rope_layout, RopeLayout::split_halves);
  EXPECT_EQ(architecture_defaults("qwen3").rope_layout, RopeLayout::split_halves);
}

TEST(Config, UnknownArchitectureIsNamedWithThoseThatAre) {
  const std::string message = message_of([] { architecture_defaults("mamba"); }, ErrorCode::unsupported);
  EXPECT_NE(message.find("'mamba'"), std::string::npos);
  EXPECT_NE(message.find("llama, qwen2, qwen3, phi3, gemma, gemma2, gemma3"), std::string::npos);
}

// What the parameters of each tensor add up to, counted apart from the formula.
TEST(Config, ParametersAreTheElementsOfTheTensors) {
  for (const char* architecture : {"llama", "qwen2", "qwen3", "phi3", "gemma2", "gemma3"}) {
    for (const bool tied : {true, false}) {
      TinyModelOptions options;
      options.architecture = architecture;
      options.tied_output = tied;
      const ModelFile model = make_tiny_model(options);
      std::int64_t elements = 0;
      for (const Tensor& tensor : model.weights.all()) elements += tensor.elements();
      EXPECT_EQ(model.config.parameters(), elements) << architecture << " tied " << tied;
    }
  }
}

struct BadField {
  std::string_view field;
  std::function<void(ModelConfig&)> spoil;
  std::string_view message;
};

TEST(Config, NumbersThatCannotBeAModelAreNamed) {
  const BadField cases[] = {
      {"no layers", [](ModelConfig& c) { c.n_layers = 0; }, "n_layers is 0; 1 to 1024"},
      {"negative width", [](ModelConfig& c) { c.d_model = -8; }, "d_model is -8"},
      {"absurd vocabulary", [](ModelConfig& c) { c.vocab_size = std::int64_t{1} << 40; },
       "vocab_size is 1099511627776"},
      {"heads that do not divide", [](ModelConfig& c) { c.n_kv_heads = 3; },
       "n_heads is 4, not a multiple of n_kv_heads 3"},
      {"odd head", [](ModelConfig& c) { c.head_dim = 7; }, "head_dim is 7"},
      {"rope theta", [](ModelConfig& c) { c.rope_theta = 0; }, "rope_theta is 0"},
      {"epsilon", [](ModelConfig& c) { c.norm_epsilon = 0; }, "norm_epsilon is 0"},
      {"context", [](ModelConfig& c) { c.context_tokens = 0; }, "context_tokens is 0"},
      {"window", [](ModelConfig& c) { c.sliding_window = 0; }, "sliding_window is 0"},
  };
  for (const BadField& bad : cases) {
    ModelConfig config = make_tiny_config({}, 300);
    bad.spoil(config);
    const std::string message = message_of([&] { config.check(); }, ErrorCode::corrupt);
    EXPECT_NE(message.find(bad.message), std::string::npos) << bad.field << ": " << message;
  }
}

struct BadKey {
  std::string_view name;
  std::function<void(GgufWriter&)> add;
  ErrorCode code;
  std::string_view message;
};

TEST(Config, KeysThatWouldChangeTheResultAreRefused) {
  const BadKey cases[] = {
      {"experts", [](GgufWriter& w) { w.add_u32("qwen2.expert_count", 8); }, ErrorCode::unsupported,
       "mixtures of experts"},
      {"scaled rope", [](GgufWriter& w) { w.add("qwen2.rope.scaling.type", "dynamic"); },
       ErrorCode::unsupported,
       "'qwen2.rope.scaling.type' is dynamic: RoPE scaling of the types linear and yarn"},
  };
  for (const BadKey& bad : cases) {
    const std::string message =
        message_of([&] { through_file(make_tiny_config({}, 300), bad.add); }, bad.code);
    EXPECT_NE(message.find(bad.message), std::string::npos) << bad.name << ": " << message;
  }
}

TEST(Config, AMissingKeyIsNamed) {
  const Path path = temporary("missing.gguf");
  GgufWriter writer;
  writer.add("general.architecture", "qwen2");
  writer.add_u32("qwen2.block_count", 2);
  writer.write(path);
  const std::string message = message_of([&] { read_config(GgufFile::open(path)); }, ErrorCode::corrupt);
  EXPECT_NE(message.find("'qwen2.embedding_length' is missing"), std::string::npos) << message;
  std::filesystem::remove(path);
}

TEST(Config, AKeyOfTheWrongTypeIsNamedWithWhatStandsThere) {
  const Path path = temporary("type.gguf");
  GgufWriter writer;
  writer.add("general.architecture", "qwen2");
  writer.add("qwen2.block_count", "two");
  writer.write(path);
  const std::string message = message_of([&] { read_config(GgufFile::open(path)); }, ErrorCode::corrupt);
  EXPECT_NE(message.find("'qwen2.block_count' is string where an integer is needed"), std::string::npos)
      << message;
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace fulcrum
