// What the training floor's tests share: a folder that goes away, a tiny trainable task, and a short
// pretraining run.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "model/tiny_model.h"
#include "train/pretrain.h"
#include "vocabulary/vocabulary_data.h"

namespace fulcrum::testing {

class TemporaryFolder {
 public:
  explicit TemporaryFolder(const std::string& name)
      : path_(std::filesystem::temp_directory_path() /
              ("fulcrum_" + name + "_" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const Path& path() const { return path_; }

 private:
  Path path_;
};

// "<|user|>say WORD<|end|><|assistant|>WORD<|end|>", learnt from the answer on.
inline Episode echo_episode(std::uint64_t index, double) {
  static const std::vector<std::string> kWords = {"red", "blue", "green", "black", "white"};
  const std::string& word = kWords[index % kWords.size()];
  Episode episode;
  episode.family = "echo";
  episode.segments = {{"<|user|>", true, 0, {}}, {"say " + word, false, 0, {}},
                      {"<|end|>", true, 0, {}},  {"<|assistant|>", true, 0, {}},
                      {word, false, 1, {}},      {"<|end|>", true, 1, {}}};
  return episode;
}

inline PretrainData echo_data() {
  PretrainData data;
  data.episodes = echo_episode;
  data.tokenizer = make_tokenizer(to_vocabulary(make_tiny_vocabulary()));
  data.description = "echo";
  return data;
}

inline PretrainConfig tiny_pretraining(const Path& folder, std::int64_t steps) {
  PretrainConfig config;
  config.name = "tiny";
  config.output = folder / "tiny.gguf";
  config.model = make_tiny_config(TinyModelOptions{}, 1);
  config.model.context_tokens = 64;
  config.steps = steps;
  config.batch = {2, 1, 1, 64, 64};
  config.schedule = {5e-3, steps, 2, DecayShape::linear, 0.5, 0.0};
  config.checkpoint_steps = 4;
  config.log_steps = 2;
  return config;
}

}  // namespace fulcrum::testing
