#include "measure/checkpoint_score.h"

#include <algorithm>
#include <vector>

namespace fulcrum {
namespace {

constexpr std::size_t kFewestItems = 2;  // that can be evaluated
constexpr const char* kCheckpoint = "checkpoint";

std::vector<Example> spread_over(std::span<const Example> dev) {
  const std::size_t count = std::min(dev.size(), kCheckpointItems);
  std::vector<Example> chosen;
  for (std::size_t i = 0; i < count; ++i) chosen.push_back(dev[i * dev.size() / count]);
  return chosen;
}

}  // namespace

double checkpoint_calls(std::size_t dev_items, int epochs) {
  if (dev_items < kFewestItems) return 0;
  return static_cast<double>(std::min(dev_items, kCheckpointItems)) * epochs;
}

AdapterScore checkpoint_score(const Recipe& recipe, std::span<const Example> dev, const Yardstick& yardstick,
                              LanguageModel& model, Retriever* retriever, const CancelToken& cancel) {
  if (dev.size() < kFewestItems) return {};
  return
      [recipe, items = spread_over(dev), yardstick, &model, retriever, &cancel](const std::string& folder) {
        Recipe candidate = recipe;
        candidate.adapter = AdapterReference{folder, kCheckpoint};
        model.load_adapter(adapter_name(candidate), folder);
        EvaluationOptions options;
        options.latency_items = options.cold_latency_items = options.consistency_items = 0;
        return evaluate(candidate, model, retriever, items, yardstick, options, {}, cancel).quality.estimate;
      };
}

}  // namespace fulcrum
