// LoRA training against peft and torch: loss, gradients and ten steps of AdamW on the tiny models of every
// architecture, and adapters trained here as peft computes them. The cases are made by
// tests/reference/adapters.py; tests/cases/parity/trained holds adapters that this file wrote (with
// FULCRUM_PARITY_OUT naming a folder) and the logits that peft then got with them.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "base/error.h"
#include "formats/safetensors.h"
#include "model/model_file.h"
#include "model/transformer.h"
#include "train/backpropagation.h"
#include "train/lora.h"
#include "train/optimizer.h"

namespace fulcrum {
namespace {

const Path kParity = Path(FULCRUM_SOURCE_DIR) / "tests/cases/parity";
constexpr double kTolerance = 1e-3, kLogitTolerance = 2e-4;
constexpr int kSteps = 10;
constexpr double kRate = 1e-2;

double relative_difference(std::span<const float> found, std::span<const float> expected) {
  EXPECT_EQ(found.size(), expected.size());
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < std::min(found.size(), expected.size()); ++i) {
    const double e = static_cast<double>(expected[i]), d = static_cast<double>(found[i]) - e;
    difference += d * d;
    size += e * e;
  }
  return std::sqrt(difference / size);
}

class AdapterParity : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const Tensor& tensor = *golden_.find_tensor("tokens");
    std::vector<std::int64_t> wide(static_cast<std::size_t>(tensor.elements()));
    std::memcpy(wide.data(), tensor.bytes.data(), tensor.bytes.size());
    tokens_.assign(wide.begin(), wide.end());
    rows_.append(tokens_, std::vector<float>(tokens_.size(), 1.0F));
    load_parameters(model_.weights, layout_, weights_);
    const LoraAdapter adapter = read_adapter(folder_, model_.config);
    ASSERT_EQ(adapter.rank, lora_.rank);
    ASSERT_EQ(adapter.alpha, lora_.alpha);
    for (const LoraPair& pair : adapter.pairs) {
      const std::string name = fmt::format("blk.{}.{}", pair.layer, to_string(pair.module));
      std::copy(pair.a.begin(), pair.a.end(), adapter_.of(lora_layout_.slot(name + ".lora_a")).begin());
      std::copy(pair.b.begin(), pair.b.end(), adapter_.of(lora_layout_.slot(name + ".lora_b")).begin());
    }
  }

  // The mean loss; the gradient of it is added to `gradients_`.
  double accumulate() {
    gradients_.clear();
    const double divisor = static_cast<double>(rows_.size());
    return backpropagation_.accumulate_adapter(view_decoder(model_.config, layout_, weights_),
                                               view_lora(model_.config, lora_, lora_layout_, adapter_), rows_,
                                               divisor,
                                               view_lora(model_.config, lora_, lora_layout_, gradients_)) /
           divisor;
  }

  // "blk.1.q_proj.lora_a" as peft names it.
  std::span<const float> golden(const std::string& kind, const ParameterSlot& slot) const {
    const std::size_t layer = slot.name.find('.', 4), module = slot.name.find('.', layer + 1);
    const std::string name = slot.name.substr(layer + 1, module - layer - 1);
    const bool in_attention = name.size() == 6 && name != "up_proj";
    const std::string path = fmt::format("{}.base_model.model.model.layers.{}.{}.{}.lora_{}.weight", kind,
                                         slot.name.substr(4, layer - 4), in_attention ? "self_attn" : "mlp",
                                         name, slot.name.ends_with("a") ? "A" : "B");
    const Tensor* tensor = golden_.find_tensor(path);
    EXPECT_NE(tensor, nullptr) << path;
    return tensor == nullptr ? std::span<const float>() : tensor->f32();
  }

  void train() {
    OptimizerConfig settings;
    settings.beta1 = 0.9;
    settings.beta2 = 0.99;
    settings.weight_decay = 0;
    settings.clip_norm = std::numeric_limits<double>::infinity();
    Optimizer optimizer(lora_layout_, settings);
    for (int step = 0; step < kSteps; ++step) {
      accumulate();
      optimizer.step(adapter_, gradients_, kRate);
    }
  }

  std::vector<float> logits(const LoraAdapter& adapter) const {
    const Transformer model(model_.config, model_.weights);
    const PackedAdapter packed(adapter, model_.config);
    KvCache cache(model_.config, model.cache_dtype(), 8, std::int64_t{16} << 20);
    KvSequence sequence(cache);
    ForwardBuffers buffers;
    const SequenceStep step{tokens_, &sequence, &packed, static_cast<std::int64_t>(tokens_.size())};
    const ConstMatrix logits = model.forward(std::span(&step, 1), buffers);
    return {logits.data, logits.data + logits.rows * logits.columns};
  }

  Path folder_ = kParity / "adapters" / GetParam();
  SafetensorsFile golden_ = SafetensorsFile::open(folder_ / "golden.safetensors");
  ModelFile model_ = load_model_file(kParity / "models" / GetParam());
  LoraConfig lora_{2, 6, parse_lora_modules({})};
  ParameterLayout layout_ = ParameterLayout::of_model(model_.config);
  ParameterLayout lora_layout_ = lora_layout(model_.config, lora_);
  ParameterArray weights_{layout_}, adapter_{lora_layout_}, gradients_{lora_layout_};
  Backpropagation backpropagation_{model_.config, Precision::f32};
  std::vector<std::int32_t> tokens_;
  TrainingRows rows_;
};

TEST_P(AdapterParity, LossAndGradientsAreTorchs) {
  const double loss = accumulate();
  EXPECT_NEAR(loss, static_cast<double>(golden_.find_tensor("loss")->f32()[0]), 1e-4 * loss);
  for (const ParameterSlot& slot : lora_layout_.slots())
    EXPECT_LT(relative_difference(gradients_.of(slot), golden("gradient", slot)), kTolerance) << slot.name;
}

TEST_P(AdapterParity, TenStepsOfAdamwAreTorchs) {
  train();
  for (const ParameterSlot& slot : lora_layout_.slots())
    EXPECT_LT(relative_difference(adapter_.of(slot), golden("stepped", slot)), kTolerance) << slot.name;
}

TEST_P(AdapterParity, TrainedHereItGivesPeftTheSameLogits) {
  if (const char* out = std::getenv("FULCRUM_PARITY_OUT")) {
    train();
    const Path folder = Path(out) / GetParam();
    const LoraAdapter trained = export_lora(model_.config, lora_, lora_layout_, adapter_);
    write_adapter(trained, model_.config, folder);
    OwnedTensor values =
        make_f32("logits", {static_cast<std::int64_t>(tokens_.size()), model_.config.vocab_size});
    const std::vector<float> own = logits(trained);
    std::copy(own.begin(), own.end(), values.values.begin());
    // peft wants the tokens as they are; safetensors of i64 are not written here, so they go as f32.
    OwnedTensor ids = make_f32("tokens", {static_cast<std::int64_t>(tokens_.size())});
    std::copy(tokens_.begin(), tokens_.end(), ids.values.begin());
    write_safetensors({ids.tensor, values.tensor}, {}, folder / "golden.safetensors");
    return;
  }
  const Path trained = kParity / "trained" / GetParam();
  if (!std::filesystem::exists(trained)) GTEST_SKIP() << "absent: " << trained;
  const SafetensorsFile theirs = SafetensorsFile::open(trained / "golden.safetensors");
  const std::vector<float> ours = logits(read_adapter(trained, model_.config));
  const auto expected = theirs.find_tensor("peft_logits")->f32();
  ASSERT_EQ(ours.size(), expected.size());
  double worst = 0;
  for (std::size_t i = 0; i < ours.size(); ++i)
    worst = std::max(worst, std::abs(static_cast<double>(ours[i]) - static_cast<double>(expected[i])));
  EXPECT_LT(worst, kLogitTolerance);
}

INSTANTIATE_TEST_SUITE_P(All, AdapterParity,
                         testing::Values("llama3", "mistral", "qwen2", "qwen3", "gemma2", "gemma3"),
                         [](const auto& which) { return std::string(which.param); });

}  // namespace
}  // namespace fulcrum
