#include "train/backpropagation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "model/tiny_model.h"
#include "train/decoder_reference.h"

namespace fulcrum {
namespace {

constexpr std::int64_t kVocabulary = 61;

struct TrainedShape {
  const char* name;
  const char* architecture;
  bool tied_output;
};

ModelConfig small_config(const TrainedShape& shape) {
  TinyModelOptions options;
  options.architecture = shape.architecture;
  options.tied_output = shape.tied_output;
  options.context_tokens = 64;
  return make_tiny_config(options, kVocabulary);
}

// Values large enough that every part of the model matters to the loss.
void fill_parameters(const ParameterLayout& layout, ParameterArray& array, double deviation) {
  for (const ParameterSlot& slot : layout.slots()) {
    Random random(7, stream_of(slot.name));
    const bool gain = slot.name.find("norm") != std::string::npos;
    for (float& value : array.of(slot))
      value = static_cast<float>((gain ? 1.0 : 0.0) + deviation * random.normal());
  }
}

struct Sequence {
  std::vector<std::int32_t> tokens;
  std::vector<float> weights;
};

Sequence random_sequence(std::int64_t length, std::uint64_t seed) {
  Random random(seed);
  Sequence sequence;
  for (std::int64_t i = 0; i < length; ++i) {
    sequence.tokens.push_back(static_cast<std::int32_t>(random.below(kVocabulary)));
    sequence.weights.push_back(random.chance(0.4) ? 0.0F : static_cast<float>(random.uniform()));
  }
  return sequence;
}

TrainingRows pack(std::span<const Sequence> sequences) {
  TrainingRows rows;
  for (const Sequence& sequence : sequences) rows.append(sequence.tokens, sequence.weights);
  return rows;
}

TrainingRows three_sequences() {
  TrainingRows rows =
      pack(std::vector<Sequence>{random_sequence(9, 1), random_sequence(2, 2), random_sequence(14, 3)});
  rows.pad_to(29);
  return rows;
}

class GradientTest : public ::testing::TestWithParam<TrainedShape> {};

// d loss / d weights[name][i] by central differences in f64.
double central_difference(const ModelConfig& config, reference::Weights& weights, const std::string& name,
                          std::size_t i, const TrainingRows& rows) {
  constexpr double kStep = 1e-5;
  double& value = weights.at(name).values[i];
  const double kept = value;
  value = kept + kStep;
  const double above = reference::decoder_loss(config, weights, rows);
  value = kept - kStep;
  const double below = reference::decoder_loss(config, weights, rows);
  value = kept;
  return (above - below) / (2 * kStep);
}

TEST_P(GradientTest, AgreesWithCentralDifferencesOfTheReferenceInEveryTensor) {
  const ModelConfig config = small_config(GetParam());
  const ParameterLayout layout = ParameterLayout::of_model(config);
  ParameterArray weights(layout), gradients(layout);
  fill_parameters(layout, weights, 0.25);
  const TrainingRows rows = three_sequences();
  const double divisor = rows.sum_of_weights();

  Backpropagation backpropagation(config, Precision::f32);
  const DecoderView view = view_decoder(config, layout, weights);
  const double loss =
      backpropagation.accumulate(view, rows, divisor, view_decoder(config, layout, gradients));
  reference::Weights exact = reference::copy_weights(layout, weights);
  EXPECT_NEAR(loss, reference::decoder_loss(config, exact, rows), 1e-4 * std::abs(loss));
  EXPECT_EQ(loss, backpropagation.loss(view, nullptr, rows));

  for (const ParameterSlot& slot : layout.slots()) {
    const std::span<const float> gradient = gradients.of(slot);
    double largest = 0;
    for (const float value : gradient) largest = std::max(largest, std::abs(static_cast<double>(value)));
    EXPECT_GT(largest, 1e-6) << slot.name << " learns nothing";
    Random random(11, stream_of(slot.name));
    for (int sample = 0; sample < 6; ++sample) {
      const std::size_t i = random.below(gradient.size());
      const double expected = central_difference(config, exact, slot.name, i, rows) / divisor;
      EXPECT_NEAR(gradient[i], expected, 2e-4 * largest + 1e-7) << slot.name << "[" << i << "]";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Architectures, GradientTest,
                         ::testing::Values(TrainedShape{"qwen2_tied", "qwen2", true},
                                           TrainedShape{"qwen3_untied", "qwen3", false},
                                           TrainedShape{"llama_tied", "llama", true}),
                         [](const auto& shape) { return shape.param.name; });

struct SmallModel {
  ModelConfig config = small_config({"qwen2_tied", "qwen2", true});
  ParameterLayout layout = ParameterLayout::of_model(config);
  ParameterArray weights{layout};
  explicit SmallModel(double deviation = 0.25) { fill_parameters(layout, weights, deviation); }
  DecoderView view() { return view_decoder(config, layout, weights); }
};

TEST(Backpropagation, Bf16ProductsGiveNearlyTheSameGradient) {
  SmallModel model;
  ParameterArray exact(model.layout), rounded(model.layout);
  const TrainingRows rows = three_sequences();
  Backpropagation(model.config, Precision::f32)
      .accumulate(model.view(), rows, 1.0, view_decoder(model.config, model.layout, exact));
  Backpropagation(model.config, Precision::bf16)
      .accumulate(model.view(), rows, 1.0, view_decoder(model.config, model.layout, rounded));
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < exact.values().size(); ++i) {
    difference += std::pow(exact.values()[i] - rounded.values()[i], 2);
    size += std::pow(exact.values()[i], 2);
  }
  EXPECT_LT(std::sqrt(difference / size), 0.05);
}

TEST(Backpropagation, PackedSequencesDoNotSeeEachOther) {
  SmallModel model;
  Backpropagation backpropagation(model.config, Precision::f32);
  const std::vector<Sequence> sequences = {random_sequence(17, 4), random_sequence(5, 5),
                                           random_sequence(30, 6)};
  double apart = 0;
  ParameterArray gradients_apart(model.layout), gradients_packed(model.layout);
  for (const Sequence& sequence : sequences)
    apart += backpropagation.accumulate(model.view(), pack({&sequence, 1}), 1.0,
                                        view_decoder(model.config, model.layout, gradients_apart));
  const double packed = backpropagation.accumulate(
      model.view(), pack(sequences), 1.0, view_decoder(model.config, model.layout, gradients_packed));
  EXPECT_NEAR(packed, apart, 1e-5 * apart);
  for (std::size_t i = 0; i < gradients_apart.values().size(); ++i)
    ASSERT_NEAR(gradients_packed.values()[i], gradients_apart.values()[i], 2e-4);
}

TEST(Backpropagation, RowsOfWeightZeroGiveNoLossAndNoGradient) {
  SmallModel model;
  Backpropagation backpropagation(model.config, Precision::f32);
  TrainingRows rows = three_sequences();
  std::fill(rows.weights.begin(), rows.weights.end(), 0.0F);
  ParameterArray gradients(model.layout);
  EXPECT_EQ(backpropagation.accumulate(model.view(), rows, 1.0,
                                       view_decoder(model.config, model.layout, gradients)),
            0.0);
  for (const float value : gradients.values()) ASSERT_EQ(value, 0.0F);
}

TEST(Backpropagation, TheSameInputGivesTheSameBitsWhateverWasComputedBefore) {
  SmallModel model;
  Backpropagation used(model.config, Precision::bf16), fresh(model.config, Precision::bf16);
  const Sequence longer = random_sequence(60, 8);
  used.loss(model.view(), nullptr, pack({&longer, 1}));
  ParameterArray first(model.layout), second(model.layout);
  const TrainingRows rows = three_sequences();
  EXPECT_EQ(used.accumulate(model.view(), rows, 3.0, view_decoder(model.config, model.layout, first)),
            fresh.accumulate(model.view(), rows, 3.0, view_decoder(model.config, model.layout, second)));
  EXPECT_TRUE(std::equal(first.values().begin(), first.values().end(), second.values().begin()));
}

TEST(Backpropagation, RefusesARowBeyondTheContext) {
  SmallModel model;
  const Sequence longer = random_sequence(66, 9);
  try {
    Backpropagation(model.config, Precision::f32).loss(model.view(), nullptr, pack({&longer, 1}));
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::too_large);
    EXPECT_NE(std::string(error.what()).find("65"), std::string::npos) << error.what();
  }
}

struct SmallAdapter {
  SmallModel model;
  LoraConfig lora{4, 8, parse_lora_modules({})};
  ParameterLayout layout = lora_layout(model.config, lora);
  ParameterArray weights{layout};
  LoraView view() { return view_lora(model.config, lora, layout, weights); }

  // W + scale * B A for every adapted layer, in f64.
  reference::Weights merged() {
    static constexpr std::array kFileNames = {"attn_q",   "attn_k", "attn_v",  "attn_output",
                                              "ffn_gate", "ffn_up", "ffn_down"};
    reference::Weights all = reference::copy_weights(model.layout, model.weights);
    const reference::Weights low_rank = reference::copy_weights(layout, weights);
    for (std::int64_t layer = 0; layer < model.config.n_layers; ++layer)
      for (const LinearModule module : lora.modules) {
        const std::string prefix = fmt::format("blk.{}.", layer);
        const std::string name = prefix + std::string(to_string(module));
        const reference::Array& a = low_rank.at(name + ".lora_a");
        const reference::Array& b = low_rank.at(name + ".lora_b");
        reference::Array& w = all.at(prefix + kFileNames[static_cast<std::size_t>(module)] + ".weight");
        for (std::int64_t n = 0; n < w.rows; ++n)
          for (std::int64_t k = 0; k < w.columns; ++k)
            for (std::int64_t r = 0; r < a.rows; ++r) w.at(n, k) += lora.scale() * b.at(n, r) * a.at(r, k);
      }
    return all;
  }
};

TEST(LoraGradient, AFreshAdapterChangesNoBitOfTheLoss) {
  SmallAdapter adapter;
  initialize_lora(adapter.layout, 5, adapter.weights);
  const TrainingRows rows = three_sequences();
  Backpropagation backpropagation(adapter.model.config, Precision::f32);
  const LoraView view = adapter.view();
  EXPECT_EQ(backpropagation.loss(adapter.model.view(), &view, rows),
            backpropagation.loss(adapter.model.view(), nullptr, rows));
}

TEST(LoraGradient, AgreesWithCentralDifferencesOfTheMergedReference) {
  SmallAdapter adapter;
  fill_parameters(adapter.layout, adapter.weights, 0.1);
  const TrainingRows rows = three_sequences();
  const double divisor = rows.sum_of_weights();
  ParameterArray gradients(adapter.layout);
  Backpropagation backpropagation(adapter.model.config, Precision::f32);
  const std::vector<float> base_before(adapter.model.weights.values().begin(),
                                       adapter.model.weights.values().end());
  const double loss = backpropagation.accumulate_adapter(
      adapter.model.view(), adapter.view(), rows, divisor,
      view_lora(adapter.model.config, adapter.lora, adapter.layout, gradients));
  EXPECT_NEAR(loss, reference::decoder_loss(adapter.model.config, adapter.merged(), rows), 1e-4 * loss);
  EXPECT_TRUE(std::equal(base_before.begin(), base_before.end(), adapter.model.weights.values().begin()));

  constexpr float kStep = 1.0F / 1024;  // exact in f32, so that the twin moves by exactly as much
  for (const ParameterSlot& slot : adapter.layout.slots()) {
    const std::span<const float> gradient = gradients.of(slot);
    double largest = 0;
    for (const float value : gradient) largest = std::max(largest, std::abs(static_cast<double>(value)));
    EXPECT_GT(largest, 1e-6) << slot.name << " learns nothing";
    Random random(13, stream_of(slot.name));
    for (int sample = 0; sample < 3; ++sample) {
      const std::size_t i = random.below(gradient.size());
      float& value = adapter.weights.of(slot)[i];
      const float kept = value;
      value = kept + kStep;
      const double above = reference::decoder_loss(adapter.model.config, adapter.merged(), rows);
      const double high = value;
      value = kept - kStep;
      const double below = reference::decoder_loss(adapter.model.config, adapter.merged(), rows);
      const double low = value;
      value = kept;
      EXPECT_NEAR(gradient[i], (above - below) / (high - low) / divisor, 1e-3 * largest + 1e-6)
          << slot.name << "[" << i << "]";
    }
  }
}

}  // namespace
}  // namespace fulcrum
