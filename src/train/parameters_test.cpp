#include "train/parameters.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "model/tiny_model.h"

namespace fulcrum {
namespace {

TEST(ParameterLayout, PlacesEveryTensorOnceAndWhatSharesAnInputSideBySide) {
  for (const char* architecture : {"llama", "qwen2", "qwen3"}) {
    TinyModelOptions options;
    options.architecture = architecture;
    options.tied_output = architecture[0] == 'l';
    const ModelConfig config = make_tiny_config(options, 70);
    const ParameterLayout layout = ParameterLayout::of_model(config);
    EXPECT_EQ(layout.parameters(), config.parameters()) << architecture;
    std::int64_t end = 0;
    for (const ParameterSlot& slot : layout.slots()) {
      EXPECT_GE(slot.offset, end) << slot.name;
      end = slot.offset + slot.elements;
    }
    const auto adjoin = [&](const char* first, const char* second) {
      const ParameterSlot& slot = layout.slot(first);
      EXPECT_EQ(slot.offset + slot.elements, layout.slot(second).offset) << first;
    };
    adjoin("blk.1.attn_q.weight", "blk.1.attn_k.weight");
    adjoin("blk.1.attn_k.weight", "blk.1.attn_v.weight");
    adjoin("blk.0.ffn_gate.weight", "blk.0.ffn_up.weight");
    if (config.attention_bias) adjoin("blk.0.attn_q.bias", "blk.0.attn_k.bias");
    EXPECT_EQ(layout.find("blk.9.attn_q.weight"), nullptr);
    EXPECT_THROW(layout.slot("blk.9.attn_q.weight"), Error);
  }
}

TEST(Parameters, AModelGoesInAndComesOutUnchanged) {
  const ModelFile model = make_tiny_model(TinyModelOptions{});
  const ParameterLayout layout = ParameterLayout::of_model(model.config);
  ParameterArray array(layout);
  load_parameters(model.weights, layout, array);
  const ModelWeights saved = save_parameters(model.config, layout, array, DType::f32);
  const std::vector<Tensor> before = model.weights.all(), after = saved.all();
  ASSERT_EQ(before.size(), after.size());
  for (std::size_t i = 0; i < before.size(); ++i) {
    EXPECT_EQ(before[i].name, after[i].name);
    EXPECT_EQ(before[i].shape, after[i].shape);
    const Tensor wanted = to_f32(before[i]), found = to_f32(after[i]);
    EXPECT_TRUE(std::equal(wanted.f32().begin(), wanted.f32().end(), found.f32().begin())) << before[i].name;
  }
}

TEST(Parameters, ViewsShowTheFusedMatrices) {
  const ModelConfig config = make_tiny_config(TinyModelOptions{}, 70);
  const ParameterLayout layout = ParameterLayout::of_model(config);
  ParameterArray array(layout);
  const DecoderView view = view_decoder(config, layout, array);
  EXPECT_EQ(view.layers[1].qkv.rows, (config.n_heads + 2 * config.n_kv_heads) * config.head_dim);
  view.layers[1].qkv.row(config.n_heads * config.head_dim)[3] = 5;
  EXPECT_EQ(array.of(layout.slot("blk.1.attn_k.weight"))[3], 5.0F);
  view.layers[0].gate_up.row(config.d_ff)[0] = 6;
  EXPECT_EQ(array.of(layout.slot("blk.0.ffn_up.weight"))[0], 6.0F);
  EXPECT_EQ(view.output.data, view.token_embd.data);
}

}  // namespace
}  // namespace fulcrum
