// Tiny models of every architecture against the logits of Hugging Face transformers, and through the files
// this project writes. The cases are made by tests/reference/models.py.
#include "model/huggingface_folder.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <functional>

#include "base/error.h"
#include "formats/safetensors.h"
#include "model/tiny_model.h"
#include "model/transformer.h"

namespace fulcrum {
namespace {

const Path kCases = Path(FULCRUM_SOURCE_DIR) / "tests/cases/parity/models";
constexpr double kTolerance = 2e-4;

std::vector<std::int32_t> tokens_of(const SafetensorsFile& golden) {
  const Tensor& tensor = *golden.find_tensor("tokens");
  std::vector<std::int64_t> wide(static_cast<std::size_t>(tensor.elements()));
  std::memcpy(wide.data(), tensor.bytes.data(), tensor.bytes.size());
  return {wide.begin(), wide.end()};
}

std::vector<float> logits_of(const ModelFile& file, const std::vector<std::int32_t>& tokens) {
  const Transformer model(file.config, file.weights);
  KvCache cache(file.config, model.cache_dtype(), 8, std::int64_t{16} << 20);
  KvSequence sequence(cache);
  ForwardBuffers buffers;
  const SequenceStep step{tokens, &sequence, nullptr, static_cast<std::int64_t>(tokens.size())};
  const ConstMatrix logits = model.forward(std::span(&step, 1), buffers);
  return {logits.data, logits.data + logits.rows * logits.columns};
}

double largest_difference(std::span<const float> a, std::span<const float> b) {
  EXPECT_EQ(a.size(), b.size());
  double worst = 0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const double difference = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    worst = std::isfinite(difference) ? std::max(worst, difference) : INFINITY;
  }
  return worst;
}

std::vector<std::string> case_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kCases))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

class Architectures : public testing::TestWithParam<std::string> {
 protected:
  Path folder_ = kCases / GetParam();
  SafetensorsFile golden_ = SafetensorsFile::open(folder_ / "golden.safetensors");
  std::vector<std::int32_t> tokens_ = tokens_of(golden_);
  Path scratch_ = Path(testing::TempDir()) / fmt::format("architecture-{}-{}", GetParam(), ::getpid());

  void TearDown() override { std::filesystem::remove_all(scratch_); }
};

TEST_P(Architectures, LogitsAreTheReferences) {
  const ModelFile model = load_model_file(folder_);
  const double worst = largest_difference(logits_of(model, tokens_), golden_.find_tensor("logits")->f32());
  EXPECT_LT(worst, kTolerance);
  RecordProperty("largest_difference", std::to_string(worst));
}

TEST_P(Architectures, AnswersTheSameOutOfAGguf) {
  const ModelFile model = load_model_file(folder_);
  std::filesystem::create_directories(scratch_);
  save_model_file(model, DType::f32, scratch_ / "model.gguf");
  const ModelFile back = load_model_file(scratch_ / "model.gguf");
  EXPECT_EQ(back.config.parameters(), model.config.parameters());
  EXPECT_EQ(back.config.context_tokens, model.config.context_tokens);
  // GGUF keeps the numbers of a configuration in f32.
  EXPECT_LT(largest_difference(logits_of(back, tokens_), logits_of(model, tokens_)), 2e-5);
}

TEST_P(Architectures, AnswersTheSameOutOfAFolderOfItsOwn) {
  const ModelFile model = load_model_file(folder_);
  save_huggingface_folder(model, DType::f32, scratch_);
  const ModelFile back = load_model_file(scratch_);
  EXPECT_EQ(largest_difference(logits_of(back, tokens_), logits_of(model, tokens_)), 0);
}

INSTANTIATE_TEST_SUITE_P(All, Architectures, testing::ValuesIn(case_names()),
                         [](const auto& which) { return which.param; });

// ---- Folders that are broken, or are something else ----

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

class Folder : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::copy(kCases / "qwen2", folder_);
    std::filesystem::permissions(folder_, std::filesystem::perms::owner_all);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void replace(const char* file, std::string_view from, std::string_view to) {
    std::string text = read_file(folder_ / file);
    const std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    write_file_atomic(folder_ / file, text.replace(at, from.size(), to));
  }
  void expect(ErrorCode code, std::string_view message) {
    const std::string found = message_of([&] { load_model_file(folder_); }, code);
    EXPECT_NE(found.find(message), std::string::npos) << found;
  }
  Path first_shard() const {
    Path first;
    for (const auto& entry : std::filesystem::directory_iterator(folder_))
      if (entry.path().extension() == ".safetensors" && entry.path().filename() != "golden.safetensors" &&
          (first.empty() || entry.path() < first))
        first = entry.path();
    return first;
  }

  Path folder_ = Path(testing::TempDir()) / fmt::format("folder-{}", ::getpid());
};

TEST_F(Folder, IsSharded) {
  EXPECT_FALSE(std::filesystem::exists(folder_ / "model.safetensors"));
  EXPECT_NE(first_shard().filename().string().find("-of-0000"), std::string::npos) << first_shard();
}

TEST_F(Folder, AMissingShardIsNamed) {
  const Path shard = first_shard();
  std::filesystem::remove(shard);
  expect(ErrorCode::not_found, shard.filename().string());
}

TEST_F(Folder, AShardWithoutAListedTensorIsNamed) {
  replace("model.safetensors.index.json", "model.norm.weight", "model.nrom.weight");
  expect(ErrorCode::corrupt, "the tensor 'model.nrom.weight' that model.safetensors.index.json places here");
}

TEST_F(Folder, AnIndexCannotPointOutOfTheFolder) {
  replace("model.safetensors.index.json", "\"model-", "\"../model-");
  expect(ErrorCode::corrupt, "which is no file of this folder");
}

TEST_F(Folder, AnEmptyIndexIsRefused) {
  write_file_atomic(folder_ / "model.safetensors.index.json", "{\"weight_map\": {}}");
  expect(ErrorCode::corrupt, "'weight_map' is empty");
  write_file_atomic(folder_ / "model.safetensors.index.json", "[]");
  expect(ErrorCode::corrupt, "the object 'weight_map' is missing");
}

TEST_F(Folder, PicklesAreRefusedWithTheWayToConvert) {
  std::filesystem::remove(folder_ / "model.safetensors.index.json");
  expect(ErrorCode::not_found, "there is neither model.safetensors nor");
  write_file_atomic(folder_ / "pytorch_model.bin", "PK");
  expect(ErrorCode::unsupported, "(pytorch_model.bin), which is a program and not data");
  expect(ErrorCode::unsupported, "save_pretrained('converted')");
}

TEST_F(Folder, ConfigurationsOfOtherModelsAreNamed) {
  const struct {
    std::string_view from, to;
    ErrorCode code;
    std::string_view message;
  } cases[] = {
      {"\"qwen2\"", "\"rwkv\"", ErrorCode::unsupported, "'rwkv' is not supported; these are: llama, mistral"},
      {"\"model_type\"", "\"model_kind\"", ErrorCode::corrupt, "'model_type' is missing"},
      {"\"hidden_size\": 32", "\"hidden_size\": \"32\"", ErrorCode::corrupt,
       "'hidden_size' is of the type string where an integer is needed"},
      {"\"hidden_size\": 32,", "", ErrorCode::corrupt, "'hidden_size' is missing"},
      {"\"hidden_size\": 32", "\"hidden_size\": 64", ErrorCode::corrupt, "has the shape"},
      {"\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1", ErrorCode::unsupported, "layers.1"},
      {"\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3", ErrorCode::corrupt,
       "the tensor 'model.layers.2."},
      {"\"silu\"", "\"relu\"", ErrorCode::unsupported, "'hidden_act' is \"relu\""},
      {"\"rope_scaling\": null", "\"rope_scaling\": {\"rope_type\": \"dynamic\", \"factor\": 2.0}",
       ErrorCode::unsupported, "\"dynamic\""},
      {"\"rope_scaling\": null", "\"rope_scaling\": {\"rope_type\": \"linear\", \"factor\": -2.0}",
       ErrorCode::corrupt, "factor is -2"},
      {"\"rope_scaling\": null", "\"quantization_config\": {\"quant_method\": \"gptq\"}",
       ErrorCode::unsupported, "'quantization_config'"},
  };
  const std::string config = read_file(folder_ / "config.json");
  for (const auto& bad : cases) {
    SCOPED_TRACE(bad.to);
    write_file_atomic(folder_ / "config.json", config);
    replace("config.json", bad.from, bad.to);
    expect(bad.code, bad.message);
  }
}

TEST_F(Folder, AFolderWithoutAConfigurationIsNoModel) {
  std::filesystem::remove(folder_ / "config.json");
  expect(ErrorCode::not_found, "has no config.json");
}

TEST_F(Folder, QuantisedTypesAreNotForFolders) {
  const ModelFile model = make_tiny_model({});
  const std::string message =
      message_of([&] { save_huggingface_folder(model, DType::q8_0, folder_); }, ErrorCode::invalid_argument);
  EXPECT_NE(message.find("f32, f16 or bf16, not"), std::string::npos) << message;
}

}  // namespace
}  // namespace fulcrum
