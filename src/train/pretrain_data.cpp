#include "train/pretrain_data.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "formats/gguf.h"
#include "model/model_file.h"
#include "text/bpe_trainer.h"
#include "text/chat_template.h"
#include "train/curriculum.h"
#include "vocabulary/vocabulary_data.h"

namespace fulcrum {
namespace {

// Of the curriculum's special tokens these may stand in anybody's text; the others only a template may write.
constexpr std::array<std::string_view, 4> kTextTokens = {"<doc>", "</doc>", "<think>", "</think>"};
constexpr std::string_view kEndOfTurn = "<|end|>";

Vocabulary train_vocabulary(const PretrainConfig& config, const Curriculum& curriculum,
                            const ProgressCallback& progress, const CancelToken& cancel) {
  BpeTrainerOptions options;
  options.vocabulary_tokens = static_cast<std::int32_t>(config.vocabulary_tokens);
  for (const std::string& token : Curriculum::special_tokens()) {
    const bool in_text = std::find(kTextTokens.begin(), kTextTokens.end(), token) != kTextTokens.end();
    (in_text ? options.user_defined_tokens : options.control_tokens).push_back(token);
  }
  options.end_of_turn = kEndOfTurn;
  BpeTrainer trainer(options);
  for (std::int64_t i = 0; i < config.tokenizer_episodes; ++i) {
    cancel.check("making the vocabulary");
    const double done = static_cast<double>(i) / static_cast<double>(config.tokenizer_episodes);
    for (const EpisodeSegment& segment : curriculum.episode(static_cast<std::uint64_t>(i), done).segments)
      if (!segment.control) trainer.add(segment.text);
    if (progress && i % 1000 == 0) {
      Progress now;
      now.stage = "making the vocabulary";
      now.done = static_cast<std::uint64_t>(i);
      now.total = static_cast<std::uint64_t>(config.tokenizer_episodes);
      now.unit = "episodes";
      progress(now);
    }
  }
  Vocabulary vocabulary = trainer.train().vocabulary;
  vocabulary.chat_template = ChatTemplate::bundled();
  return vocabulary;
}

}  // namespace

PretrainData make_pretrain_data(const PretrainConfig& config, const ProgressCallback& progress,
                                const CancelToken& cancel) {
  const Curriculum curriculum =
      Curriculum::make(config.seed, config.text_folder, config.shares, config.thesaurus_folder);
  Vocabulary vocabulary = config.tokenizer_file
                              ? to_vocabulary(read_vocabulary(GgufFile::open(*config.tokenizer_file)))
                              : train_vocabulary(config, curriculum, progress, cancel);
  PretrainData data;
  data.tokenizer = make_tokenizer(std::move(vocabulary));
  data.description = curriculum.description();
  data.episodes = [curriculum](std::uint64_t index, double done) { return curriculum.episode(index, done); };
  return data;
}

PretrainResult pretrain(const PretrainConfig& config, const ProgressCallback& progress,
                        const CancelToken& cancel, const CheckpointProbe& probe) {
  return pretrain_on(config, make_pretrain_data(config, progress, cancel), progress, cancel, probe);
}

}  // namespace fulcrum
