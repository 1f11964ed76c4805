#include "model/adapter.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <functional>
#include <limits>

#include "base/error.h"
#include "base/json.h"
#include "base/random.h"
#include "formats/safetensors.h"
#include "model/tiny_model.h"

namespace fulcrum {
namespace {

ModelConfig config_of(const char* architecture) {
  TinyModelOptions options;
  options.architecture = architecture;
  return make_tiny_config(options, 300);
}

LoraAdapter make_adapter(const ModelConfig& config, std::vector<LinearModule> modules,
                         std::vector<std::int64_t> layers) {
  LoraAdapter adapter;
  adapter.rank = 4;
  adapter.alpha = 8;
  adapter.base_model = "tiny";
  Random random(3);
  for (const std::int64_t layer : layers) {
    for (const LinearModule module : modules) {
      const Shape linear = linear_shape(config, module);
      LoraPair pair{layer, module, 4, 8, {}, {}};
      for (std::int64_t i = 0; i < 4 * linear[1]; ++i) pair.a.push_back(static_cast<float>(random.normal()));
      for (std::int64_t i = 0; i < 4 * linear[0]; ++i) pair.b.push_back(static_cast<float>(random.normal()));
      adapter.pairs.push_back(std::move(pair));
    }
  }
  return adapter;
}

class AdapterTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(root_); }
  void TearDown() override { std::filesystem::remove_all(root_); }

  // A valid folder for a qwen2 model, then `spoil` on its configuration and its tensors; the message of
  // reading it.
  std::string message_after(const std::function<void(Json&, std::vector<Tensor>&)>& spoil, ErrorCode code) {
    const ModelConfig config = config_of("qwen2");
    write_adapter(make_adapter(config, {LinearModule::q_proj, LinearModule::down_proj}, {0, 1}), config,
                  folder_);
    Json json = read_json(folder_ / "adapter_config.json");
    std::vector<Tensor> tensors = SafetensorsFile::open(folder_ / "adapter_model.safetensors").tensors;
    spoil(json, tensors);
    write_file_atomic(folder_ / "adapter_config.json", to_text(json));
    write_safetensors(tensors, {}, folder_ / "adapter_model.safetensors");
    try {
      read_adapter(folder_, config);
    } catch (const Error& error) {
      EXPECT_EQ(to_string(error.code()), to_string(code)) << error.what();
      return error.what();
    }
    ADD_FAILURE() << "it was read";
    return "";
  }

  Path root_ = Path(testing::TempDir()) / fmt::format("adapter-{}", ::getpid());
  Path folder_ = root_ / "lora";
};

TEST_F(AdapterTest, WhatWasWrittenIsRead) {
  for (const char* architecture : {"llama", "qwen2", "qwen3"}) {
    const ModelConfig config = config_of(architecture);
    LoraAdapter adapter = make_adapter(config, {kLinearModules.begin(), kLinearModules.end()}, {0, 1});
    adapter.scaling = LoraScaling::rank_stabilised;
    write_adapter(adapter, config, folder_);
    const LoraAdapter read = read_adapter(folder_, config);
    EXPECT_EQ(read.rank, 4);
    EXPECT_EQ(read.alpha, 8);
    EXPECT_EQ(read.scaling, LoraScaling::rank_stabilised);
    EXPECT_EQ(read.base_model, "tiny");
    EXPECT_EQ(read.parameters(), adapter.parameters());
    ASSERT_EQ(read.pairs.size(), 14U);
    for (const LoraPair& pair : adapter.pairs) {
      const LoraPair* same = read.find(pair.layer, pair.module);
      ASSERT_NE(same, nullptr);
      EXPECT_EQ(same->a, pair.a);
      EXPECT_EQ(same->b, pair.b) << architecture << " " << to_string(pair.module);
      EXPECT_DOUBLE_EQ(read.scale(*same), 4.0);  // 8 / sqrt(4)
    }
  }
}

TEST_F(AdapterTest, TheConfigurationIsPefts) {
  const ModelConfig config = config_of("qwen2");
  write_adapter(make_adapter(config, {LinearModule::q_proj, LinearModule::v_proj}, {0, 1}), config, folder_);
  const Json json = read_json(folder_ / "adapter_config.json");
  EXPECT_EQ(json["peft_type"], "LORA");
  EXPECT_EQ(json["task_type"], "CAUSAL_LM");
  EXPECT_EQ(json["r"], 4);
  EXPECT_EQ(json["lora_alpha"], 8);
  EXPECT_TRUE(json["lora_alpha"].is_number_integer());
  EXPECT_EQ(json["use_rslora"], false);
  EXPECT_EQ(json["target_modules"], (Json{"q_proj", "v_proj"}));
  EXPECT_EQ(json["base_model_name_or_path"], "tiny");
  const SafetensorsFile file = SafetensorsFile::open(folder_ / "adapter_model.safetensors");
  ASSERT_NE(file.find_tensor("base_model.model.model.layers.1.self_attn.q_proj.lora_A.weight"), nullptr);
  EXPECT_EQ(file.find_tensor("base_model.model.model.layers.1.self_attn.q_proj.lora_A.weight")->shape,
            (Shape{4, 32}));
  EXPECT_EQ(file.find_tensor("base_model.model.model.layers.0.self_attn.v_proj.lora_B.weight")->shape,
            (Shape{16, 4}));
  // Where not every layer has a module, PEFT must not make the others up.
  write_adapter(make_adapter(config, {LinearModule::up_proj}, {1}), config, folder_);
  EXPECT_EQ(read_json(folder_ / "adapter_config.json")["target_modules"],
            Json::array({"model.layers.1.mlp.up_proj"}));
}

// What permuting means: Hugging Face's RoPE on Hugging Face's rows is adjacent RoPE on ours. Rows are marked
// by their number; in a head of 8 the rotated pairs are (i, i + 4) there and (2i, 2i + 1) here.
TEST_F(AdapterTest, LlamaRowsArePermutedOnTheWay) {
  for (const char* architecture : {"llama", "qwen2"}) {
    const ModelConfig config = config_of(architecture);
    LoraAdapter adapter;
    adapter.rank = 1;
    adapter.alpha = 1;
    for (const LinearModule module :
         {LinearModule::q_proj, LinearModule::k_proj, LinearModule::v_proj, LinearModule::o_proj}) {
      const Shape linear = linear_shape(config, module);
      LoraPair pair{0, module, 1, 1, std::vector<float>(static_cast<std::size_t>(linear[1]), 1.0F), {}};
      for (std::int64_t row = 0; row < linear[0]; ++row) pair.b.push_back(static_cast<float>(row));
      adapter.pairs.push_back(std::move(pair));
    }
    write_adapter(adapter, config, folder_);
    const SafetensorsFile file = SafetensorsFile::open(folder_ / "adapter_model.safetensors");
    for (const char* module : {"q_proj", "k_proj", "v_proj", "o_proj"}) {
      const Tensor* b =
          file.find_tensor(fmt::format("base_model.model.model.layers.0.self_attn.{}.lora_B.weight", module));
      ASSERT_NE(b, nullptr);
      const bool permuted =
          std::string_view(architecture) == "llama" && (module[0] == 'q' || module[0] == 'k');
      for (std::int64_t row = 0; row < b->shape[0]; ++row) {
        const std::int64_t head = row / 8, half = row % 8 / 4, i = row % 4;
        const std::int64_t expected = permuted ? head * 8 + 2 * i + half : row;
        EXPECT_EQ(b->f32()[static_cast<std::size_t>(row)], static_cast<float>(expected))
            << architecture << module << row;
      }
    }
  }
}

TEST_F(AdapterTest, PatternsGiveModulesTheirOwnRankAndAlpha) {
  const ModelConfig config = config_of("qwen2");
  LoraAdapter adapter = make_adapter(config, {LinearModule::q_proj, LinearModule::up_proj}, {0, 1});
  LoraPair& other = adapter.pairs[1];  // layer 0, up_proj
  other.rank = 2;
  other.alpha = 5;
  other.a.resize(2 * 32);
  other.b.resize(2 * 48);
  write_adapter(adapter, config, folder_);
  const LoraAdapter read = read_adapter(folder_, config);
  EXPECT_EQ(read.find(0, LinearModule::up_proj)->rank, 2);
  EXPECT_DOUBLE_EQ(read.scale(*read.find(0, LinearModule::up_proj)), 2.5);
  EXPECT_DOUBLE_EQ(read.scale(*read.find(1, LinearModule::up_proj)), 2.0);
  // A pattern by bare module name, as people write them.
  Json json = read_json(folder_ / "adapter_config.json");
  json["alpha_pattern"] = {{"q_proj", 40}};
  write_file_atomic(folder_ / "adapter_config.json", to_text(json));
  EXPECT_DOUBLE_EQ(
      read_adapter(folder_, config).scale(*read_adapter(folder_, config).find(1, LinearModule::q_proj)),
      10.0);
}

TEST_F(AdapterTest, HalfPrecisionIsRead) {
  const ModelConfig config = config_of("qwen2");
  const LoraAdapter adapter = make_adapter(config, {LinearModule::q_proj}, {0, 1});
  write_adapter(adapter, config, folder_);
  std::vector<Tensor> tensors = SafetensorsFile::open(folder_ / "adapter_model.safetensors").tensors;
  for (Tensor& tensor : tensors) tensor = convert(tensor, DType::bf16);
  write_safetensors(tensors, {}, folder_ / "adapter_model.safetensors");
  const LoraAdapter read = read_adapter(folder_, config);
  for (std::size_t i = 0; i < adapter.pairs[0].a.size(); ++i) {
    EXPECT_NEAR(read.pairs[0].a[i], adapter.pairs[0].a[i], std::fabs(adapter.pairs[0].a[i]) / 128);
  }
}

struct Refused {
  const char* name;
  std::function<void(Json&, std::vector<Tensor>&)> spoil;
  ErrorCode code;
  std::string_view message;
};

TEST_F(AdapterTest, WhatIsNotPlainLoraIsRefusedWithTheReason) {
  using J = Json;
  using T = std::vector<Tensor>;
  const Refused cases[] = {
      {"other_method", [](J& j, T&) { j["peft_type"] = "IA3"; }, ErrorCode::unsupported,
       "'peft_type' is \"IA3\""},
      {"dora", [](J& j, T&) { j["use_dora"] = true; }, ErrorCode::unsupported, "'use_dora' is set: DoRA"},
      {"modules_to_save", [](J& j, T&) { j["modules_to_save"] = {"lm_head"}; }, ErrorCode::unsupported,
       "whole layers of its own"},
      {"bias", [](J& j, T&) { j["bias"] = "all"; }, ErrorCode::unsupported, "'bias' is \"all\""},
      {"transposed", [](J& j, T&) { j["fan_in_fan_out"] = true; }, ErrorCode::unsupported, "transposed"},
      {"tokens",
       [](J& j, T&) {
         j["trainable_token_indices"] = {1, 2};
       },
       ErrorCode::unsupported, "changes embeddings"},
      {"expression",
       [](J& j, T&) {
         j["rank_pattern"] = {{"(a*)*b", 3}};
       },
       ErrorCode::unsupported, "is a regular expression"},
      {"rank_is_text", [](J& j, T&) { j["r"] = "four"; }, ErrorCode::corrupt, "a value of the wrong type"},
      {"rank_0", [](J& j, T&) { j["r"] = 0; }, ErrorCode::corrupt, "r = 0"},
      {"another_rank", [](J& j, T&) { j["r"] = 8; }, ErrorCode::corrupt,
       "has the shape [4, 32] where [8, 32] is needed"},
      {"missing_half", [](J&, T& t) { t.erase(t.begin()); }, ErrorCode::corrupt,
       "'model.layers.0.self_attn.q_proj' has lora_B and no lora_A"},
      {"foreign_layer",
       [](J&, T& t) { t[0].name = "base_model.model.model.layers.7.self_attn.q_proj.lora_A.weight"; },
       ErrorCode::unsupported, "a layer that the model, with 2, lacks"},
      {"foreign_module", [](J&, T& t) { t[0].name = "base_model.model.lm_head.lora_A.weight"; },
       ErrorCode::unsupported, "is no lora_A or lora_B"},
      {"leading_zero",
       [](J&, T& t) { t[0].name = "base_model.model.model.layers.00.self_attn.q_proj.lora_A.weight"; },
       ErrorCode::unsupported, "is no lora_A or lora_B"},
      {"wrong_shape",
       [](J&, T& t) {
         t[0].shape = {32, 4};
       },
       ErrorCode::corrupt, "has the shape [32, 4] where [4, 32] is needed"},
      {"empty", [](J&, T& t) { t.clear(); }, ErrorCode::corrupt, "there are no tensors"},
      {"not_finite",
       [](J&, T& t) {
         OwnedTensor bad = make_f32(t[0].name, t[0].shape);
         bad.values[9] = std::numeric_limits<float>::quiet_NaN();
         t[0] = bad.tensor;
       },
       ErrorCode::corrupt, "q_proj.lora_A.weight' holds NaN or infinity at element 9"},
  };
  for (const Refused& refused : cases) {
    const std::string message = message_after(refused.spoil, refused.code);
    EXPECT_NE(message.find(refused.message), std::string::npos) << refused.name << ": " << message;
  }
}

TEST_F(AdapterTest, MissingFilesAreNamed) {
  const ModelConfig config = config_of("qwen2");
  try {
    read_adapter(root_ / "nowhere", config);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(to_string(error.code()), "not_found");
    EXPECT_NE(std::string_view(error.what()).find("adapter_config.json"), std::string_view::npos);
  }
}

TEST_F(AdapterTest, AFailedWriteLeavesTheOldFolder) {
  const ModelConfig config = config_of("qwen2");
  LoraAdapter adapter = make_adapter(config, {LinearModule::q_proj}, {0, 1});
  write_adapter(adapter, config, folder_);
  LoraAdapter diverged = adapter;
  diverged.pairs[0].b[2] = std::numeric_limits<float>::infinity();
  EXPECT_THROW(write_adapter(diverged, config, folder_), Error);
  LoraAdapter misfit = adapter;
  misfit.pairs[0].b.pop_back();
  EXPECT_THROW(write_adapter(misfit, config, folder_), Error);
  EXPECT_THROW(write_adapter(LoraAdapter(), config, folder_), Error);
  EXPECT_EQ(read_adapter(folder_, config).pairs[0].b, adapter.pairs[0].b);
}

}  // namespace
}  // namespace fulcrum
