#include "train/head_plan.h"

#include <algorithm>
#include <charconv>
#include <sstream>

#include "base/error.h"

namespace fulcrum {
namespace {

[[noreturn]] void refuse(std::size_t layer, const std::string& why) {
  throw_error(ErrorCode::invalid_argument, "planning the heads of layer {}: {}", layer, why);
}

std::int64_t parse_count(const std::string& word, std::size_t layer) {
  std::int64_t count = 0;
  const char* end = word.data() + word.size();
  const auto [stop, error] = std::from_chars(word.data() + 1, end, count);
  if (error != std::errc() || stop != end || count < 1 || count > 1024)
    refuse(layer, fmt::format("'{}' needs a number of tokens from 1 to 1024 behind its letter", word));
  return count;
}

PlannedHead parse_head(const std::string& word, std::size_t layer) {
  PlannedHead head;
  if (word == "-") return head;
  if (word == "m")
    head.role = HeadRole::match;
  else if (word == "b")
    head.role = HeadRole::bigram;
  else if (word[0] == 'o')
    head = {HeadRole::offset, parse_count(word, layer)};
  else if (word[0] == 'w')
    head = {HeadRole::window, parse_count(word, layer)};
  else if (word[0] == 'i')
    head = {HeadRole::induction, parse_count(word, layer)};
  else
    refuse(layer, fmt::format("'{}' is not a head; use oN, wN, iN, b, m or -", word));
  const bool looks_back = head.role == HeadRole::offset || head.role == HeadRole::window;
  if (looks_back && layer != 0) refuse(layer, fmt::format("'{}' belongs into layer 0", word));
  if (!looks_back && layer == 0) refuse(layer, fmt::format("'{}' belongs above layer 0", word));
  return head;
}

}  // namespace

HeadPlan parse_head_plan(const ModelConfig& config, std::span<const std::string> layers) {
  const auto heads = static_cast<std::size_t>(config.n_heads);
  HeadPlan plan(static_cast<std::size_t>(config.n_layers), std::vector<PlannedHead>(heads));
  if (layers.empty()) return plan;
  if (!config.attention_bias || config.query_key_norm || config.rope_layout != RopeLayout::split_halves)
    refuse(
        0,
        "it takes q and k biases, no query/key norm and RoPE with split halves; use architecture \"qwen2\"");
  if (layers.size() > plan.size())
    refuse(plan.size(), fmt::format("the model has {} layers, the plan {}", plan.size(), layers.size()));
  for (std::size_t layer = 0; layer < layers.size(); ++layer) {
    std::istringstream words(layers[layer]);
    std::size_t head = 0;
    for (std::string word; words >> word; ++head) {
      if (head == heads) refuse(layer, fmt::format("more than the {} heads of the model", heads));
      plan[layer][head] = parse_head(word, layer);
    }
  }
  for (const std::vector<PlannedHead>& heads_of_layer : plan)
    for (const PlannedHead& each : heads_of_layer) {
      const std::int64_t needed = each.role == HeadRole::induction ? 1
                                  : each.role == HeadRole::bigram  ? 2
                                                                   : 0;
      for (std::int64_t back = 1; back <= needed; ++back)
        if (std::find(plan[0].begin(), plan[0].end(), PlannedHead{HeadRole::offset, back}) == plan[0].end())
          refuse(0, fmt::format("the heads above it read what an 'o{}' writes, and there is none", back));
    }
  return plan;
}

}  // namespace fulcrum
