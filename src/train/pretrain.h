// Training a language model from random weights on generated episodes: `fulcrum pretrain`.
//
// The run writes <output> (GGUF, bf16 matrices, with vocabulary and chat template), <output>.checkpoint and
// <output>.log.jsonl (one line every log_steps steps). It continues from the checkpoint if there is one, to
// the same bits as a run that was never cut, for any number of threads.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/progress.h"
#include "model/model_file.h"
#include "text/tokenizer.h"
#include "train/episode_batches.h"
#include "train/pretrain_config.h"

namespace fulcrum {

struct PretrainResult {
  Path output;
  std::string sha256;  // of the output file
  std::int64_t steps = 0;
  std::int64_t tokens = 0;  // rows trained on, padding not counted
  double loss = 0;          // mean weighted loss of the last log_steps steps
  double seconds = 0;       // over all sittings
};

struct PretrainData {
  EpisodeSource episodes;
  std::shared_ptr<const Tokenizer> tokenizer;
  std::string description;  // of the episodes; part of what a checkpoint is compared with
};

// On the project's own curriculum and a vocabulary as the configuration says.
PretrainResult pretrain(const PretrainConfig& config, const ProgressCallback& progress,
                        const CancelToken& cancel);

// On any episodes. Error cancelled after a checkpoint was written, invalid_argument for a loss that is no
// number (the last checkpoint stays; the message says what to change).
PretrainResult pretrain_on(PretrainConfig config, const PretrainData& data, const ProgressCallback& progress,
                           const CancelToken& cancel);

// The model before its first step, matrices as bf16: what another trainer starts from.
ModelFile untrained_model(PretrainConfig config, const PretrainData& data);

}  // namespace fulcrum
