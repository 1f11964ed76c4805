#include "train/pretrain.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/json.h"
#include "model/model_file.h"
#include "train/curriculum.h"
#include "train/pretrain_data.h"
#include "train/training_testing.h"

namespace fulcrum {
namespace {

using testing::echo_data;
using testing::TemporaryFolder;
using testing::tiny_pretraining;

// Cancels after the line of the log for `step`.
PretrainResult run_until(const PretrainConfig& config, const PretrainData& data, std::int64_t step) {
  CancelToken cancel;
  return pretrain_on(
      config, data,
      [&](const Progress& progress) {
        if (static_cast<std::int64_t>(progress.done) >= step) cancel.cancel();
      },
      cancel);
}

TEST(Pretrain, LearnsAnEasyTaskAndWritesAModelThatLoads) {
  const TemporaryFolder folder("pretrain_learns");
  const PretrainConfig config = tiny_pretraining(folder.path(), 60);
  const PretrainResult result = pretrain_on(config, echo_data(), {}, CancelToken{});
  EXPECT_EQ(result.steps, 60);
  EXPECT_LT(result.loss, 1.0);
  EXPECT_GT(result.tokens, 60 * 64);

  const ModelFile model = load_model_file(config.output);
  EXPECT_EQ(model.config.n_layers, config.model.n_layers);
  EXPECT_EQ(model.vocabulary.tokens, make_tiny_vocabulary().tokens);
  EXPECT_EQ(model.weights.token_embd.dtype, DType::bf16);
  EXPECT_EQ(model.weights.output_norm.dtype, DType::f32);
  EXPECT_FALSE(model.vocabulary.chat_template.empty());

  // A finished run has nothing left to do and says the same.
  const PretrainResult again = pretrain_on(config, echo_data(), {}, CancelToken{});
  EXPECT_EQ(again.sha256, result.sha256);
  EXPECT_EQ(again.loss, result.loss);

  const std::string log = read_file(config.output.string() + ".log.jsonl");
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 30);
  const Json first = parse_json(log.substr(0, log.find('\n')), "log");
  EXPECT_GT(first.at("loss").get<double>(), result.loss + 1.0);
}

TEST(Pretrain, ACancelledRunContinuesToTheSameBytesAsAnUncutOneOnAnyNumberOfThreads) {
  const TemporaryFolder straight("pretrain_straight"), cut("pretrain_cut");
  const PretrainConfig whole = tiny_pretraining(straight.path(), 11),
                       pieces = tiny_pretraining(cut.path(), 11);
  const int threads = omp_get_max_threads();
  pretrain_on(whole, echo_data(), {}, CancelToken{});
  try {
    run_until(pieces, echo_data(), 6);
    FAIL() << "the run was not cancelled";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::cancelled);
  }
  omp_set_num_threads(3);
  pretrain_on(pieces, echo_data(), {}, CancelToken{});
  omp_set_num_threads(threads);
  EXPECT_EQ(read_file(whole.output), read_file(pieces.output));
  const std::string log = read_file(pieces.output.string() + ".log.jsonl");
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 6);
}

TEST(Pretrain, AnotherConfigurationDoesNotContinueFromTheCheckpoint) {
  const TemporaryFolder folder("pretrain_other");
  PretrainConfig config = tiny_pretraining(folder.path(), 4);
  pretrain_on(config, echo_data(), {}, CancelToken{});
  const std::string before = read_file(config.output);
  config.schedule.peak *= 2;
  try {
    pretrain_on(config, echo_data(), {}, CancelToken{});
    FAIL() << "a changed configuration was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_NE(std::string(error.what()).find("checkpoint"), std::string::npos) << error.what();
  }
  EXPECT_EQ(read_file(config.output), before);
}

TEST(Pretrain, ARunMayBeLengthenedUntilItsLearningRateGoesDown) {
  const TemporaryFolder straight("pretrain_planned"), changed("pretrain_lengthened");
  const auto planned = [](const TemporaryFolder& folder, std::int64_t steps) {
    PretrainConfig config = tiny_pretraining(folder.path(), steps);
    config.batch.mix_steps = 4;
    config.schedule.shape = DecayShape::linear;
    config.schedule.decay_share = 0.5;
    return config;
  };
  const PretrainConfig longer = planned(straight, 16);
  pretrain_on(longer, echo_data(), {}, CancelToken{});
  EXPECT_THROW(run_until(planned(changed, 12), echo_data(), 4), Error);
  const PretrainConfig lengthened = planned(changed, 16);
  EXPECT_THROW(run_until(lengthened, echo_data(), 12), Error);
  EXPECT_THROW(pretrain_on(planned(changed, 20), echo_data(), {}, CancelToken{}), Error);
  pretrain_on(lengthened, echo_data(), {}, CancelToken{});
  EXPECT_EQ(read_file(longer.output), read_file(lengthened.output));
}

TEST(Pretrain, ALossThatIsNoNumberStopsTheRunAndKeepsTheLastCheckpoint) {
  const TemporaryFolder folder("pretrain_nan");
  PretrainConfig config = tiny_pretraining(folder.path(), 8);
  PretrainData data = echo_data();
  // From the second checkpoint interval on, a token is learnt with a weight that is no number.
  data.episodes = [](std::uint64_t index, double progress) {
    Episode episode = testing::echo_episode(index, progress);
    if (progress >= 0.6) episode.segments.back().weight = std::numeric_limits<float>::infinity();
    return episode;
  };
  try {
    pretrain_on(config, data, {}, CancelToken{});
    FAIL() << "the run went on";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_NE(std::string(error.what()).find("step 6"), std::string::npos) << error.what();
  }
  EXPECT_TRUE(std::filesystem::exists(config.output.string() + ".checkpoint"));
  EXPECT_NO_THROW(load_model_file(config.output));
}

TEST(Pretrain, StartsFromTheWeightsOfAFileOfTheSameShape) {
  const TemporaryFolder folder("pretrain_from");
  const PretrainConfig first = tiny_pretraining(folder.path(), 40);
  const double reached = pretrain_on(first, echo_data(), {}, CancelToken{}).loss;
  PretrainConfig second = tiny_pretraining(folder.path(), 2);
  second.output = folder.path() / "second.gguf";
  second.initial_file = first.output;
  EXPECT_LT(pretrain_on(second, echo_data(), {}, CancelToken{}).loss, reached + 0.5);
  second.output = folder.path() / "third.gguf";
  second.model.d_ff *= 2;
  EXPECT_THROW(pretrain_on(second, echo_data(), {}, CancelToken{}), Error);
}

TEST(Pretrain, ADeeperModelGrownFromAFileComputesAtFirstWhatTheFileDoes) {
  const TemporaryFolder folder("pretrain_grown");
  const PretrainConfig first = tiny_pretraining(folder.path(), 40);
  pretrain_on(first, echo_data(), {}, CancelToken{});
  const ModelFile trained = load_model_file(first.output);
  PretrainConfig deeper = tiny_pretraining(folder.path(), 2);
  deeper.initial_file = first.output;
  ASSERT_EQ(deeper.model.n_layers, 2);
  deeper.model.n_layers = 5;
  deeper.initial_layers = {0, 0, 0, 1, 1};
  const ModelFile grown = untrained_model(deeper, echo_data());
  ASSERT_EQ(grown.weights.layers.size(), 5U);
  // The originals are where they are named first, bit for bit; a copy adds nothing to the residual stream.
  const auto same = [](const Tensor& one, const Tensor& other) {
    return std::ranges::equal(one.bytes, other.bytes);
  };
  const auto silent = [](const Tensor& tensor) {
    return std::ranges::all_of(tensor.bytes, [](std::byte byte) { return byte == std::byte{0}; });
  };
  EXPECT_TRUE(same(grown.weights.token_embd, trained.weights.token_embd));
  const std::vector<std::size_t> origin = {0, 0, 0, 1, 1};
  for (std::size_t i = 0; i < origin.size(); ++i) {
    const bool copy = i > 0 && origin[i] == origin[i - 1];
    const auto &layer = grown.weights.layers[i], &from = trained.weights.layers[origin[i]];
    EXPECT_TRUE(same(layer.attn_q, from.attn_q)) << i;
    EXPECT_TRUE(same(layer.ffn_gate, from.ffn_gate)) << i;
    EXPECT_EQ(silent(layer.attn_output), copy) << i;
    EXPECT_EQ(silent(layer.ffn_down), copy) << i;
    EXPECT_TRUE(copy || same(layer.ffn_down, from.ffn_down)) << i;
  }
  // And it trains: the copies' outputs are no longer zero.
  deeper.output = folder.path() / "deeper.gguf";
  pretrain_on(deeper, echo_data(), {}, CancelToken{});
  EXPECT_FALSE(silent(load_model_file(deeper.output).weights.layers[1].ffn_down));

  for (const std::vector<std::int64_t>& wrong :
       {std::vector<std::int64_t>{0, 1, 0, 1, 1}, {0, 0, 0, 0, 0}, {0, 0, 1, 1, 2}, {0, 0, 1, 1}, {}}) {
    deeper.initial_layers = wrong;
    EXPECT_THROW(untrained_model(deeper, echo_data()), Error) << wrong.size();
  }
}

TEST(PretrainConfig, ReadsEveryKeyAndRefusesAnUnknownOne) {
  const TemporaryFolder folder("pretrain_toml");
  const Path path = folder.path() / "base.toml";
  const std::string text =
      "name = \"x\"\noutput = \"x.gguf\"\nseed = 7\n[model]\nn_layers = 3\nd_model = 64\nn_heads = 4\n"
      "n_kv_heads = 2\n[tokenizer]\nvocabulary_tokens = 500\n[training]\nsteps = 10\npasses = 3\n"
      "learning_rate = 1e-3\nschedule = \"linear\"\noptimizer = \"muon\"\n[shares]\nreading = "
      "2\n[init]\nheads = [\"o1 o2\"]\n";
  write_file_atomic(path, text);
  const PretrainConfig config = read_pretrain_config(path);
  EXPECT_EQ(config.output, folder.path() / "x.gguf");
  EXPECT_EQ(config.seed, 7U);
  EXPECT_EQ(config.model.head_dim, 16);
  EXPECT_EQ(config.batch.passes, 3);
  EXPECT_EQ(config.optimizer.kind, OptimizerKind::muon);
  EXPECT_EQ(config.schedule.shape, DecayShape::linear);
  EXPECT_EQ(config.initial.heads, std::vector<std::string>{"o1 o2"});
  EXPECT_EQ(config.shares, (FamilyShares{{"reading", 2.0}}));

  write_file_atomic(path, text + "[trainnig]\nsteps = 3\n");
  EXPECT_THROW(read_pretrain_config(path), Error);
  write_file_atomic(path,
                    "name = \"x\"\noutput = \"x.gguf\"\n[model]\narchitecture = \"gpt2\"\n[training]\n");
  EXPECT_THROW(read_pretrain_config(path), Error);
}

TEST(PretrainData, TheVocabularyHasEveryTokenOfTheCurriculumAndIsTheSameTwice) {
  PretrainConfig config;
  config.vocabulary_tokens = 700;
  config.tokenizer_episodes = 300;
  const PretrainData data = make_pretrain_data(config, {}, CancelToken{});
  const PretrainData again = make_pretrain_data(config, {}, CancelToken{});
  EXPECT_EQ(data.tokenizer->size(), 700);
  EXPECT_EQ(data.tokenizer->vocabulary().tokens, again.tokenizer->vocabulary().tokens);
  for (const std::string& token : Curriculum::special_tokens())
    EXPECT_TRUE(data.tokenizer->find(token).has_value()) << token;
  for (std::uint64_t index = 0; index < 50; ++index)
    EXPECT_GT(encode_episode(data.episodes(index, 0.5), *data.tokenizer).ids.size(), 2U);
}

}  // namespace
}  // namespace fulcrum
