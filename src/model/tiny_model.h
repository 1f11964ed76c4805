// A small model with random weights and a working vocabulary, made in memory from a seed: what the numbers
// tower is tested on. It has learnt nothing; what matters is that every code path of a real model runs on it.
#pragma once

#include <cstdint>
#include <string>

#include "model/model_file.h"

namespace fulcrum {

struct TinyModelOptions {
  std::string architecture =
      "qwen2";  // "llama", "qwen2" or "qwen3"; decides RoPE layout, biases and query/key norm
  std::int64_t n_layers = 2, d_model = 32, n_heads = 4, n_kv_heads = 2, head_dim = 8, d_ff = 48;
  std::int64_t context_tokens = 256;
  bool tied_output = true;
  std::uint64_t seed = 1;
  // Standard deviation of the linear layers and the embedding; large enough that greedy choices are not near
  // ties.
  double deviation = 0.25;
};

// The vocabulary is of the SentencePiece type with byte fallback: <unk> <s> </s>, 256 byte tokens, the
// bundled model's control and user-defined tokens ("<|system|>", "<doc>", ...), printable ASCII, and some
// common merges of it. eos and end_of_turn are "<|end|>". The chat template is the bundled one.
ModelFile make_tiny_model(const TinyModelOptions& options);
VocabularyData make_tiny_vocabulary();

// Only the numbers: `vocab_size` as given, for tests that need no text.
ModelConfig make_tiny_config(const TinyModelOptions& options, std::int64_t vocab_size);

}  // namespace fulcrum
