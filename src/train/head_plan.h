// The words of train/initialization.h's plan of heads, read and checked against a model.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "model/config.h"

namespace fulcrum {

enum class HeadRole { random, offset, window, match, induction, bigram };

struct PlannedHead {
  HeadRole role = HeadRole::random;
  std::int64_t tokens = 0;  // N of oN, wN and iN
  bool operator==(const PlannedHead&) const = default;
};

// [layer][head], for every layer and head of the model; heads that the plan does not name are random.
using HeadPlan = std::vector<std::vector<PlannedHead>>;

// Error(invalid_argument) with the layer and the word.
HeadPlan parse_head_plan(const ModelConfig& config, std::span<const std::string> layers);

}  // namespace fulcrum
