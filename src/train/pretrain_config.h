// What `fulcrum pretrain FILE.toml` asks for. Keys and defaults are those of the fields below;
// models/parts/1-copying.toml is the commented example.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/json_fwd.h"
#include "model/config.h"
#include "tensor/matmul.h"
#include "train/curriculum.h"
#include "train/episode_batches.h"
#include "train/initialization.h"
#include "train/optimizer.h"
#include "train/schedule.h"

namespace fulcrum {

struct PretrainConfig {
  std::string name = "fulcrum-base";
  Path output;  // GGUF; beside it <output>.checkpoint and <output>.log.jsonl
  std::uint64_t seed = 1;
  ModelConfig model;  // vocab_size is the tokenizer's
  // The vocabulary: taken from a GGUF file, or made from the curriculum's own text.
  std::optional<Path> tokenizer_file;
  std::int64_t vocabulary_tokens = 2048;
  std::int64_t tokenizer_episodes = 20000;
  Path text_folder;       // plain text for the curriculum; empty: none
  Path thesaurus_folder;  // WordNet's data files, for the curriculum; empty: none
  FamilyShares shares;    // of the curriculum's episodes; empty: the built-in ones

  std::int64_t steps = 0;
  BatchShape batch;
  Precision precision = Precision::bf16;
  Schedule schedule;
  OptimizerConfig optimizer;
  InitialWeights initial;
  std::optional<Path> initial_file;  // a GGUF whose weights to start from instead
  std::vector<std::int64_t>
      initial_layers;  // which of its layers each layer is made of (train/layer_growth.h); empty: its own
  std::int64_t checkpoint_steps = 500;
  std::int64_t log_steps = 20;
};

// Paths in the file are relative to it. Error(invalid_argument) naming file, line and key.
PretrainConfig read_pretrain_config(const Path& path);

// Everything that the bits after `steps_done` steps depend on: what a checkpoint is compared with. The length
// of the run is part of it once the learning rate goes down; before that, a run may be lengthened or
// shortened.
Json describe(const PretrainConfig& config, std::int64_t steps_done);

}  // namespace fulcrum
