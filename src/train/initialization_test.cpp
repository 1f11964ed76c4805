#include "train/initialization.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "model/kv_cache.h"
#include "model/transformer.h"
#include "train/head_plan.h"

namespace fulcrum {
namespace {

ModelConfig base_config() {
  ModelConfig config;
  config.architecture = "qwen2";
  config.name = "start";
  config.n_layers = 3;
  config.d_model = 192;
  config.n_heads = 4;
  config.n_kv_heads = 2;
  config.head_dim = 48;
  config.d_ff = 256;
  config.vocab_size = 512;
  config.context_tokens = 256;
  config.rope_theta = 1e6;
  config.tied_output = true;
  config.attention_bias = true;
  return config;
}

// Share of right next tokens in the second half of a random sequence that is written twice.
double copying(const InitialWeights& initial) {
  const ModelConfig config = base_config();
  const ParameterLayout layout = ParameterLayout::of_model(config);
  ParameterArray weights(layout);
  initialize_decoder(config, initial, 3, layout, weights);
  const Transformer transformer(config, save_parameters(config, layout, weights, DType::f32));

  constexpr std::int64_t kLength = 40, kTrials = 5;
  Random random(17);
  std::int64_t right = 0;
  for (std::int64_t trial = 0; trial < kTrials; ++trial) {
    std::vector<std::int32_t> tokens;
    for (std::int64_t i = 0; i < kLength; ++i)
      tokens.push_back(
          static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(config.vocab_size))));
    for (std::int64_t i = 0; i < kLength; ++i) tokens.push_back(tokens[static_cast<std::size_t>(i)]);
    KvCache cache(config, transformer.cache_dtype(), 16, std::int64_t{1} << 26);
    KvSequence sequence(cache);
    ForwardBuffers buffers;
    SequenceStep step;
    step.tokens = tokens;
    step.sequence = &sequence;
    step.logit_rows = 2 * kLength;
    const ConstMatrix logits = transformer.forward({&step, 1}, buffers);
    for (std::int64_t t = kLength + 1; t + 1 < 2 * kLength; ++t) {
      const float* row = logits.row(t);
      right += std::max_element(row, row + logits.columns) - row == tokens[static_cast<std::size_t>(t) + 1];
    }
  }
  return static_cast<double>(right) / static_cast<double>(kTrials * (kLength - 2));
}

TEST(Initialization, PlannedHeadsCopyBeforeAnyTraining) {
  InitialWeights planned;
  planned.heads = {"o1 o2 w4 w12", "b b b b", "m m - -"};
  EXPECT_GT(copying(planned), 0.5);
  InitialWeights induction;
  induction.heads = {"o1 o2 w4 w12", "i1 i1 i1 i1", "m m - -"};
  EXPECT_GT(copying(induction), 0.1);
  EXPECT_LT(copying(InitialWeights{}), 0.05);
}

TEST(Initialization, OneSeedGivesTheSameBitsAndAnotherSeedOthers) {
  const ModelConfig config = base_config();
  const ParameterLayout layout = ParameterLayout::of_model(config);
  InitialWeights initial;
  initial.heads = {"o1 o2 w4 w12", "b b i1 m"};
  ParameterArray first(layout), again(layout), other(layout);
  initialize_decoder(config, initial, 3, layout, first);
  initialize_decoder(config, initial, 3, layout, again);
  initialize_decoder(config, initial, 4, layout, other);
  EXPECT_TRUE(std::equal(first.values().begin(), first.values().end(), again.values().begin()));
  EXPECT_FALSE(std::equal(first.values().begin(), first.values().end(), other.values().begin()));
}

TEST(Initialization, ScalesAreThoseOfTheHead) {
  const ModelConfig config = base_config();
  const ParameterLayout layout = ParameterLayout::of_model(config);
  ParameterArray weights(layout);
  InitialWeights initial;
  initialize_decoder(config, initial, 3, layout, weights);
  const auto deviation = [&](const char* name) {
    const std::span<const float> values = std::as_const(weights).of(layout.slot(name));
    double sum = 0;
    for (const float value : values) sum += static_cast<double>(value) * value;
    return std::sqrt(sum / static_cast<double>(values.size()));
  };
  EXPECT_NEAR(deviation("token_embd.weight"), 0.4, 0.01);
  EXPECT_NEAR(deviation("blk.1.ffn_up.weight"), 0.8 / std::sqrt(192.0), 0.002);
  EXPECT_NEAR(deviation("blk.1.ffn_down.weight"), 0.04 / std::sqrt(256.0), 0.0002);
  EXPECT_NEAR(deviation("output_norm.weight"), 0.15, 1e-6);
  EXPECT_EQ(deviation("blk.2.attn_norm.weight"), 1.0);
  EXPECT_EQ(deviation("blk.2.attn_q.bias"), 0.0);
}

struct RefusedPlan {
  std::vector<std::string> layers;
  const char* message;
};

TEST(HeadPlan, NamesWhatIsWrong) {
  const std::vector<RefusedPlan> refused = {
      {{"o1 x2"}, "'x2' is not a head"},      {{"o1 o2 w4 w8 o3"}, "more than the 4 heads"},
      {{"o1", "o1"}, "belongs into layer 0"}, {{"m"}, "belongs above layer 0"},
      {{"o1 o"}, "needs a number"},           {{"o1", "b"}, "there is none"},
      {{"-", "-", "-", "-"}, "has 3 layers"}};
  for (const RefusedPlan& plan : refused) {
    try {
      parse_head_plan(base_config(), plan.layers);
      FAIL() << "accepted a plan that must give: " << plan.message;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
      EXPECT_NE(std::string(error.what()).find(plan.message), std::string::npos) << error.what();
    }
  }
}

TEST(HeadPlan, NeedsAModelWithBiases) {
  ModelConfig config = base_config();
  config.attention_bias = false;
  EXPECT_THROW(parse_head_plan(config, std::vector<std::string>{"o1"}), Error);
  EXPECT_NO_THROW(parse_head_plan(config, {}));
}

}  // namespace
}  // namespace fulcrum
