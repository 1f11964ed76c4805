#include "train/pretrain_export.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"
#include "model/model_file.h"
#include "train/training_testing.h"

namespace fulcrum {
namespace {

TEST(PretrainExport, WritesTheStartAndTheEpisodesOfARun) {
  const testing::TemporaryFolder folder("pretrain_export");
  PretrainConfig config = testing::tiny_pretraining(folder.path(), 4);
  config.vocabulary_tokens = 700;
  config.tokenizer_episodes = 200;
  export_pretraining(config, 30, 0.5, folder.path() / "out", {}, CancelToken{});
  const ModelFile start = load_model_file(folder.path() / "out" / "start.gguf");
  EXPECT_EQ(start.config.n_layers, config.model.n_layers);
  const std::string text = read_file(folder.path() / "out" / "episodes.jsonl");
  ASSERT_EQ(std::count(text.begin(), text.end(), '\n'), 30);
  const Json first = parse_json(text.substr(0, text.find('\n')), "episodes");
  EXPECT_EQ(first.at("ids").size(), first.at("weights").size());
  for (const Json& id : first.at("ids")) EXPECT_LT(id.get<std::int64_t>(), start.config.vocab_size);
  EXPECT_THROW(export_pretraining(config, 0, 0.5, folder.path() / "out", {}, CancelToken{}), Error);
}

}  // namespace
}  // namespace fulcrum
