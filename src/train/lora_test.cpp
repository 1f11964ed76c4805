#include "train/lora.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "model/tiny_model.h"

namespace fulcrum {
namespace {

TEST(Lora, ParsesModuleNamesInOrderWithoutDoubles) {
  const std::vector<std::string> names = {"down_proj", "q_proj", "down_proj"};
  EXPECT_EQ(parse_lora_modules(names),
            (std::vector<LinearModule>{LinearModule::q_proj, LinearModule::down_proj}));
  EXPECT_EQ(parse_lora_modules({}).size(), kLinearModules.size());
  try {
    parse_lora_modules(std::vector<std::string>{"lm_head"});
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("lm_head"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("gate_proj"), std::string::npos);
  }
}

TEST(Lora, StartsWithZeroBAndExportsWhatTheArrayHolds) {
  const ModelConfig config = make_tiny_config(TinyModelOptions{}, 50);
  const LoraConfig lora{3, 6, parse_lora_modules(std::vector<std::string>{"k_proj", "up_proj"})};
  const ParameterLayout layout = lora_layout(config, lora);
  ParameterArray array(layout);
  initialize_lora(layout, 9, array);
  const LoraAdapter adapter = export_lora(config, lora, layout, array);
  ASSERT_EQ(adapter.pairs.size(), 4U);
  EXPECT_EQ(adapter.parameters(), layout.parameters());
  for (const LoraPair& pair : adapter.pairs) {
    const Shape shape = linear_shape(config, pair.module);
    EXPECT_EQ(pair.a.size(), static_cast<std::size_t>(3 * shape[1]));
    EXPECT_EQ(pair.b.size(), static_cast<std::size_t>(3 * shape[0]));
    EXPECT_TRUE(std::all_of(pair.b.begin(), pair.b.end(), [](float value) { return value == 0; }));
    EXPECT_TRUE(std::any_of(pair.a.begin(), pair.a.end(), [](float value) { return value != 0; }));
    EXPECT_DOUBLE_EQ(adapter.scale(pair), lora.scale());
  }
}

}  // namespace
}  // namespace fulcrum
