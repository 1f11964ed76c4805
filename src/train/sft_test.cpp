#include "train/sft.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <cmath>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "model/adapter.h"
#include "train/sft_data.h"
#include "train/training_testing.h"

namespace fulcrum {
namespace {

using testing::TemporaryFolder;

TrainingExample example(const std::string& question, const std::string& answer) {
  return {{{"user", question}, {"assistant", answer}}, {0, 1}};
}

TuneRequest small_request(const Path& folder) {
  TuneRequest request;
  for (const char* word : {"red", "blue", "green", "black", "white", "grey"}) {
    request.train.push_back(example(std::string("say ") + word, "yes"));
    request.dev.push_back(example(std::string("tell ") + word, "yes"));
  }
  request.output_folder = (folder / "adapter").string();
  request.rank = 4;
  request.alpha = 8;
  request.learning_rate = 2e-2;
  request.batch_examples = 3;
  request.max_epochs = 8;
  request.seed = 3;
  return request;
}

TEST(LoraTuner, LearnsTheAnswerWritesTheAdapterAndLeavesTheBaseAlone) {
  const TemporaryFolder folder("sft_learns");
  const ModelFile model = make_tiny_model(TinyModelOptions{});
  const std::string before = weights_sha256(model.weights);
  LoraTuner tuner(model);
  std::vector<std::string> stages;
  const TuneResult result = tuner.tune(
      small_request(folder.path()),
      [&](const Progress& progress) {
        stages.push_back(progress.stage);
        EXPECT_LE(progress.done, progress.total);
        EXPECT_EQ(progress.figures.at(0).first, "loss");
      },
      CancelToken{});
  EXPECT_EQ(weights_sha256(model.weights), before);
  EXPECT_LT(result.epochs.back().train_loss, 0.5 * result.epochs.front().train_loss);
  EXPECT_LT(result.epochs[static_cast<std::size_t>(result.best_epoch)].dev_loss,
            result.epochs.front().dev_loss);
  EXPECT_FALSE(stages.empty());

  const LoraAdapter adapter = read_adapter(result.folder, model.config);
  EXPECT_EQ(adapter.rank, 4);
  EXPECT_EQ(adapter.pairs.size(), static_cast<std::size_t>(model.config.n_layers) * kLinearModules.size());
  EXPECT_EQ(adapter.parameters(), result.trainable_parameters);
  EXPECT_EQ(result.sha256.size(), 64U);
}

TEST(LoraTuner, OneSeedGivesOneAdapterOnAnyNumberOfThreadsAndAnotherSeedAnother) {
  const TemporaryFolder folder("sft_seeds");
  LoraTuner tuner(make_tiny_model(TinyModelOptions{}));
  TuneRequest request = small_request(folder.path());
  request.max_epochs = 2;
  const int threads = omp_get_max_threads();
  const std::string first = tuner.tune(request, {}, CancelToken{}).sha256;
  omp_set_num_threads(threads == 1 ? 2 : 1);
  const std::string again = tuner.tune(request, {}, CancelToken{}).sha256;
  omp_set_num_threads(threads);
  request.seed = 4;
  const std::string other = tuner.tune(request, {}, CancelToken{}).sha256;
  EXPECT_EQ(first, again);
  EXPECT_NE(first, other);
}

TEST(LoraTuner, StopsWhenTheDevLossRisesAndKeepsTheBestEpoch) {
  const TemporaryFolder folder("sft_patience");
  LoraTuner tuner(make_tiny_model(TinyModelOptions{}));
  TuneRequest request = small_request(folder.path());
  for (TrainingExample& each : request.dev) each.messages[1].content = "no";
  request.max_epochs = 12;
  request.patience_epochs = 2;
  const TuneResult result = tuner.tune(request, {}, CancelToken{});
  EXPECT_LT(result.epochs.size(), 12U);
  EXPECT_EQ(static_cast<std::size_t>(result.best_epoch) + 2, result.epochs.size() - 1);

  // The adapter on disk is the one of the best epoch: training exactly so long without dev gives another
  // schedule, so compare with a run whose dev loss is asked for again.
  for (std::size_t epoch = 0; epoch < result.epochs.size(); ++epoch)
    EXPECT_GE(result.epochs[epoch].dev_loss,
              result.epochs[static_cast<std::size_t>(result.best_epoch)].dev_loss);
}

TEST(LoraTuner, KeepsTheEpochThatScoresBestAndOfEqualOnesTheLowerLoss) {
  const TemporaryFolder folder("sft_score");
  LoraTuner tuner(make_tiny_model(TinyModelOptions{}));
  TuneRequest request = small_request(folder.path());
  request.max_epochs = 6;
  request.patience_epochs = 6;
  std::vector<std::string> digests, folders;
  // The loss falls all along; by it alone the last epoch would be kept.
  const std::vector<double> scores = {0.2, 0.9, 0.5, 0.9, 0.4, 0.4};
  request.score = [&](const std::string& checkpoint) {
    folders.push_back(checkpoint);
    digests.push_back(sha256_file(Path(checkpoint) / "adapter_model.safetensors"));
    return scores[digests.size() - 1];
  };
  const TuneResult result = tuner.tune(request, {}, CancelToken{});
  ASSERT_EQ(result.epochs.size(), 6U);
  for (std::size_t epoch = 0; epoch < scores.size(); ++epoch)
    EXPECT_EQ(result.epochs[epoch].score, scores[epoch]);
  ASSERT_LT(result.epochs[3].dev_loss, result.epochs[1].dev_loss);
  ASSERT_LT(result.epochs[5].dev_loss, result.epochs[3].dev_loss);
  EXPECT_EQ(result.best_epoch, 3);
  EXPECT_EQ(result.sha256, digests[3]);
  for (const std::string& each : folders) EXPECT_FALSE(std::filesystem::exists(each)) << each;

  // Patience counts from the epoch that scored best.
  digests.clear();
  request.patience_epochs = 2;
  const TuneResult stopped = tuner.tune(request, {}, CancelToken{});
  EXPECT_EQ(stopped.best_epoch, 3);
  EXPECT_EQ(stopped.epochs.size(), 6U);
}

TEST(LoraTuner, AdaptsOnlyTheModulesAskedFor) {
  const TemporaryFolder folder("sft_modules");
  const ModelFile model = make_tiny_model(TinyModelOptions{});
  TuneRequest request = small_request(folder.path());
  request.max_epochs = 1;
  request.target_modules = {"v_proj", "q_proj"};
  const TuneResult result = LoraTuner(model).tune(request, {}, CancelToken{});
  for (const LoraPair& pair : read_adapter(result.folder, model.config).pairs)
    EXPECT_TRUE(pair.module == LinearModule::q_proj || pair.module == LinearModule::v_proj);
  request.target_modules = {"embed"};
  EXPECT_THROW(LoraTuner(model).tune(request, {}, CancelToken{}), Error);
}

TEST(LoraTuner, ACancelledRunWritesNothing) {
  const TemporaryFolder folder("sft_cancel");
  LoraTuner tuner(make_tiny_model(TinyModelOptions{}));
  CancelToken cancel;
  const TuneRequest request = small_request(folder.path());
  EXPECT_THROW(tuner.tune(
                   request, [&](const Progress&) { cancel.cancel(); }, cancel),
               Error);
  EXPECT_FALSE(std::filesystem::exists(request.output_folder));
}

struct Refusal {
  std::function<void(TuneRequest&)> spoil;
  ErrorCode code;
  const char* message;
};

TEST(LoraTuner, NamesWhatIsWrongWithARequest) {
  const TemporaryFolder folder("sft_refusals");
  LoraTuner tuner(make_tiny_model(TinyModelOptions{}));
  const std::vector<Refusal> refusals = {
      {[](TuneRequest& r) { r.train.clear(); }, ErrorCode::invalid_argument, "no training examples"},
      {[](TuneRequest& r) {
         r.train[2].weights = {0, 0};
       },
       ErrorCode::invalid_argument, "train example 3 of 6"},
      {[](TuneRequest& r) { r.dev[1].weights = {1}; }, ErrorCode::invalid_argument, "dev example 2 of 6"},
      {[](TuneRequest& r) { r.train[4].messages[0].content = std::string(5000, 'q'); }, ErrorCode::too_large,
       "train example 5 of 6"},
      {[](TuneRequest& r) { r.rank = 0; }, ErrorCode::invalid_argument, "rank"},
      {[](TuneRequest& r) { r.learning_rate = NAN; }, ErrorCode::invalid_argument, "learning_rate"},
      {[](TuneRequest& r) { r.output_folder.clear(); }, ErrorCode::invalid_argument, "folder"}};
  for (const Refusal& refusal : refusals) {
    TuneRequest request = small_request(folder.path());
    refusal.spoil(request);
    try {
      tuner.tune(request, {}, CancelToken{});
      FAIL() << "accepted: " << refusal.message;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), refusal.code) << error.what();
      EXPECT_NE(std::string(error.what()).find(refusal.message), std::string::npos) << error.what();
    }
  }
}

TEST(EncodeExamples, LearnsTheContentAndTheEndOfTheTurnOfWeightedMessagesOnly) {
  const auto tokenizer = make_tokenizer(to_vocabulary(make_tiny_vocabulary()));
  const ChatTemplate chat_template = ChatTemplate::parse(ChatTemplate::bundled());
  const TrainingExample two_turns = {
      {{"user", "one"}, {"assistant", "first"}, {"user", "two"}, {"assistant", "second"}}, {0, 0, 0, 1}};
  const EncodedExample encoded = encode_examples({&two_turns, 1}, "train", chat_template, *tokenizer, 256)[0];
  std::vector<TokenId> learnt;
  for (std::size_t i = 0; i < encoded.ids.size(); ++i)
    if (encoded.weights[i] != 0) learnt.push_back(encoded.ids[i]);
  ASSERT_FALSE(learnt.empty());
  EXPECT_EQ(learnt.back(), *tokenizer->find("<|end|>"));
  learnt.pop_back();
  EXPECT_EQ(tokenizer->decode(learnt), "second");
}

TEST(PackExamples, KeepsEveryRowAndBalancesThePasses) {
  std::vector<EncodedExample> examples;
  for (const std::size_t size : {100U, 30U, 40U, 20U})
    examples.push_back({std::vector<TokenId>(size + 1, 1), std::vector<float>(size + 1, 1.0F)});
  std::vector<const EncodedExample*> all;
  for (const EncodedExample& each : examples) all.push_back(&each);
  const std::vector<TrainingRows> packed = pack_examples(all, 2);
  ASSERT_EQ(packed.size(), 2U);
  EXPECT_EQ(packed[0].sum_of_weights() + packed[1].sum_of_weights(), 190.0);
  EXPECT_EQ(packed[0].size(), 128);
  EXPECT_EQ(packed[1].size(), 128);
  EXPECT_EQ(pack_examples({all.data(), 1}, 2).size(), 1U);
}

}  // namespace
}  // namespace fulcrum
