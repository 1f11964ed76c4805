// How fast training is on given weights: full, or LoRA with the base frozen.
//
// Random tokens in sequences of equal length, every one learnt; the passes, the optimiser and the number of
// workers are those of pretraining and fine-tuning.
#pragma once

#include <cstdint>
#include <optional>

#include "model/model_file.h"
#include "tensor/gemm.h"

namespace fulcrum {

struct TrainingSpeedOptions {
  std::int64_t sequence_tokens = 512, sequences_per_pass = 4, passes = 2, steps = 5;
  std::optional<std::int64_t> lora_rank;  // absent: all weights
  Precision precision = Precision::bf16;
};

struct TrainingSpeed {
  double tokens_per_second = 0;  // the median of the steps after the first
  double flop_per_token =
      0;  // of products and attention: forward, backward to activations, to weights if they learn
  double first_loss = 0, last_loss = 0;  // nats a token: training happened
};

TrainingSpeed measure_training(const ModelFile& model, const TrainingSpeedOptions& options);

}  // namespace fulcrum
