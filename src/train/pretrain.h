// Training a language model from random weights on generated episodes: `fulcrum pretrain`.
//
// The run writes <output> (GGUF, bf16 matrices, with vocabulary and chat template), <output>.checkpoint and
// <output>.log.jsonl (one line every log_steps steps; `fulcrum report` draws it). It continues from the
// checkpoint if there is one, to the same bits as a run that was never cut, for any number of threads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/json_fwd.h"
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

// Looks at the model as each checkpoint has it (gates, samples): what it returns becomes a line {"step",
// "probe"} of the log. Nothing of the training depends on it. The trainer knows no prompts, so whoever has
// both towers brings it.
using CheckpointProbe = std::function<Json(const Path& model)>;

// On the project's own curriculum and a vocabulary as the configuration says.
PretrainResult pretrain(const PretrainConfig& config, const ProgressCallback& progress,
                        const CancelToken& cancel, const CheckpointProbe& probe = {});

// On any episodes. Error cancelled after a checkpoint was written, invalid_argument for a loss that is no
// number (the last checkpoint stays; the message says what to change).
PretrainResult pretrain_on(PretrainConfig config, const PretrainData& data, const ProgressCallback& progress,
                           const CancelToken& cancel, const CheckpointProbe& probe = {});

// The model before its first step, matrices as bf16: what another trainer starts from.
ModelFile untrained_model(PretrainConfig config, const PretrainData& data);

}  // namespace fulcrum
