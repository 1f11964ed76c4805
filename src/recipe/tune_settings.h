// How a fine-tuned recipe was or is to be trained: the words tower's side of TuneRequest.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fulcrum {

struct TuneSettings {
  int rank = 16;
  double alpha = 32;
  double learning_rate = 2e-3;
  int max_epochs = 6;
  int batch_examples = 8;
  int patience_epochs = 2;
  std::uint64_t seed = 0;
  std::vector<std::string> target_modules;     // empty: all seven
  std::optional<std::int64_t> train_examples;  // the first so many of a seeded shuffle; absent: all
  bool operator==(const TuneSettings&) const = default;
};

}  // namespace fulcrum
