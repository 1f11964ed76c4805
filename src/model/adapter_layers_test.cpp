// Adapters of peft on the tiny models of every kind of projection, in and out of both kinds of file. The
// cases are made by tests/reference/adapters.py.
#include "model/adapter_layers.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstring>

#include "base/error.h"
#include "base/json.h"
#include "formats/gguf_writer.h"
#include "formats/safetensors.h"
#include "model/gguf_adapter.h"
#include "model/merged_weights.h"
#include "model/model_file.h"
#include "model/transformer.h"

namespace fulcrum {
namespace {

const Path kParity = Path(FULCRUM_SOURCE_DIR) / "tests/cases/parity";

struct Case {
  const char *name, *model;
};
constexpr Case kCases[] = {{"llama3", "llama3"}, {"mistral", "mistral"}, {"qwen2", "qwen2"},
                           {"qwen3", "qwen3"},   {"gemma2", "gemma2"},   {"gemma3", "gemma3"},
                           {"phi3", "phi3"},     {"patterns", "llama2"}, {"rslora", "llama2"}};

std::vector<float> logits_of(const ModelConfig& config, const ModelWeights& weights,
                             const std::vector<std::int32_t>& tokens, const LoraAdapter* adapter) {
  const Transformer model(config, weights);
  std::optional<PackedAdapter> packed;
  if (adapter != nullptr) packed.emplace(*adapter, config);
  KvCache cache(config, model.cache_dtype(), 8, std::int64_t{16} << 20);
  KvSequence sequence(cache);
  ForwardBuffers buffers;
  const SequenceStep step{tokens, &sequence, packed ? &*packed : nullptr,
                          static_cast<std::int64_t>(tokens.size())};
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

class PeftAdapters : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    const Tensor& tensor = *golden_.find_tensor("tokens");
    std::vector<std::int64_t> wide(static_cast<std::size_t>(tensor.elements()));
    std::memcpy(wide.data(), tensor.bytes.data(), tensor.bytes.size());
    tokens_.assign(wide.begin(), wide.end());
    std::filesystem::create_directories(scratch_);
  }
  void TearDown() override { std::filesystem::remove_all(scratch_); }

  std::vector<float> logits(const ModelFile& model, const LoraAdapter& adapter) const {
    return logits_of(model.config, model.weights, tokens_, &adapter);
  }

  Path folder_ = kParity / "adapters" / GetParam().name;
  SafetensorsFile golden_ = SafetensorsFile::open(folder_ / "golden.safetensors");
  ModelFile model_ = load_model_file(kParity / "models" / GetParam().model);
  LoraAdapter adapter_ = read_adapter(folder_, model_.config);
  std::vector<std::int32_t> tokens_;
  Path scratch_ = Path(testing::TempDir()) / fmt::format("peft-{}-{}", GetParam().name, ::getpid());
};

TEST_P(PeftAdapters, LogitsArePefts) {
  const auto golden = golden_.find_tensor("logits")->f32();
  EXPECT_LT(largest_difference(logits(model_, adapter_), golden), 2e-4);
  EXPECT_GT(largest_difference(logits_of(model_.config, model_.weights, tokens_, nullptr), golden), 0.05)
      << "the adapter changes nothing";
}

TEST_P(PeftAdapters, WrittenAsAFolderItIsTheSame) {
  write_adapter(adapter_, model_.config, scratch_ / "lora");
  const LoraAdapter back = read_adapter(scratch_ / "lora", model_.config);
  EXPECT_LT(largest_difference(logits(model_, back), logits(model_, adapter_)), 1e-5);
}

// The base out of a GGUF has the rows of its q and k in another order where its architecture says so.
TEST_P(PeftAdapters, OnTheGgufOfItsBaseItIsTheSame) {
  save_model_file(model_, DType::f32, scratch_ / "base.gguf");
  const ModelFile base = load_model_file(scratch_ / "base.gguf");
  const auto golden = golden_.find_tensor("logits")->f32();
  const LoraAdapter peft = read_adapter(folder_, base.config);
  EXPECT_LT(largest_difference(logits(base, peft), golden), 2e-4);

  write_gguf_adapter(adapter_, model_.config, scratch_ / "lora.gguf");
  EXPECT_LT(largest_difference(logits(base, read_adapter(scratch_ / "lora.gguf", base.config)), golden),
            2e-4);
  EXPECT_LT(largest_difference(logits(model_, read_adapter(scratch_ / "lora.gguf", model_.config)), golden),
            2e-4);
}

TEST_P(PeftAdapters, MergedItIsTheSame) {
  const ModelWeights merged = merge_adapter(model_.config, model_.weights, adapter_);
  EXPECT_LT(largest_difference(logits_of(model_.config, merged, tokens_, nullptr),
                               golden_.find_tensor("logits")->f32()),
            2e-4);
}

INSTANTIATE_TEST_SUITE_P(All, PeftAdapters, testing::ValuesIn(kCases),
                         [](const auto& which) { return std::string(which.param.name); });

TEST(FusedPairs, PartsWithRanksOfTheirOwnBecomeOneThatComputesTheSame) {
  const ModelFile model = load_model_file(kParity / "models/phi3");
  LoraAdapter adapter;
  adapter.rank = 2;
  adapter.alpha = 3;
  adapter.scaling = LoraScaling::rank_stabilised;
  std::int64_t rank = 1;
  for (const LinearModule module : {LinearModule::q_proj, LinearModule::v_proj, LinearModule::up_proj}) {
    const Shape linear = linear_shape(model.config, module);
    LoraPair pair{1, module, rank, 2.0 + static_cast<double>(rank), {}, {}};
    for (std::int64_t i = 0; i < rank * linear[1]; ++i)
      pair.a.push_back(std::sin(static_cast<float>(i * rank)));
    for (std::int64_t i = 0; i < rank * linear[0]; ++i)
      pair.b.push_back(std::cos(static_cast<float>(i + rank)));
    adapter.pairs.push_back(std::move(pair));
    ++rank;
  }
  const std::vector<std::int32_t> tokens = {3, 1, 4, 1, 5, 9, 2, 6};
  const auto expected = logits_of(model.config, model.weights, tokens, &adapter);
  const Path scratch = Path(testing::TempDir()) / fmt::format("fused-{}", ::getpid());
  std::filesystem::create_directories(scratch);
  write_adapter(adapter, model.config, scratch / "lora");
  write_gguf_adapter(adapter, model.config, scratch / "lora.gguf");
  for (const char* name : {"lora", "lora.gguf"}) {
    const LoraAdapter back = read_adapter(scratch / name, model.config);
    EXPECT_LT(largest_difference(logits_of(model.config, model.weights, tokens, &back), expected), 1e-5)
        << name;
  }
  const Json peft = read_json(scratch / "lora/adapter_config.json");
  EXPECT_EQ(peft["target_modules"][0], "model.layers.1.self_attn.qkv_proj");
  EXPECT_EQ(peft["rank_pattern"]["model.layers.1.self_attn.qkv_proj"], 3);  // 1 + 2
  std::filesystem::remove_all(scratch);
}

TEST(GgufAdapter, EachBrokenFileIsToldWhatIsWrong) {
  const ModelFile model = load_model_file(kParity / "models/qwen2");
  const Path path = Path(testing::TempDir()) / fmt::format("broken-{}.gguf", ::getpid());
  struct Options {
    const char *type = "adapter", *adapter = "lora", *architecture = "qwen2", *name = "blk.0.attn_q.weight";
    bool alpha = true, b = true;
    std::int64_t inputs = 32;
    const char* suffix = ".lora_a";
  };
  const auto message = [&](const Options& options) -> std::string {
    GgufWriter writer;
    writer.add("general.type", options.type);
    writer.add("general.architecture", options.architecture);
    writer.add("adapter.type", options.adapter);
    if (options.alpha) writer.add_f32("adapter.lora.alpha", 4);
    writer.add(make_f32(std::string(options.name) + options.suffix, {2, options.inputs}).tensor);
    if (options.b) writer.add(make_f32(std::string(options.name) + ".lora_b", {32, 2}).tensor);
    writer.write(path);
    try {
      read_adapter(path, model.config);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message({}), "");
  const std::pair<Options, std::string_view> cases[] = {
      {{.type = "model"}, "'general.type' is \"model\", and this needs \"adapter\""},
      {{.adapter = "ia3"}, "'adapter.type' is \"ia3\""},
      {{.architecture = "llama"}, "'general.architecture' is \"llama\", and this needs \"qwen2\""},
      {{.name = "blk.7.attn_q.weight"}, "'blk.7.attn_q.weight' is no linear layer"},
      {{.name = "token_embd.weight"}, "'token_embd.weight' is no linear layer"},
      {{.alpha = false}, "'adapter.lora.alpha' is missing"},
      {{.b = false}, "needs a lora_a of two dimensions and a lora_b"},
      {{.inputs = 33}, "has the shape [2, 33] where [2, 32] is needed"},
      {{.suffix = ".magnitude"}, "is neither a lora_a nor a lora_b"}};
  for (const auto& [options, expected] : cases)
    EXPECT_NE(message(options).find(expected), std::string::npos) << expected << "\n" << message(options);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace fulcrum
