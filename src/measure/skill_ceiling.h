// How far prompting alone goes: quality against the tokens of the prompt as demonstrations are added, fixed
// ones and the nearest ones at equal tokens, and against the number of samples, as the best of N and as the
// majority.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/json_fwd.h"
#include "base/progress.h"
#include "measure/causes.h"
#include "measure/evaluation.h"
#include "recipe/task.h"

namespace fulcrum {

struct DemonstrationPoint {
  DemonstrationChoice choice = DemonstrationChoice::fixed;
  std::int64_t shown = 0;    // demonstrations in a prompt
  double prompt_tokens = 0;  // mean over the items
  Estimate quality;
  std::vector<double> scores;  // in the order of the items
};

// Fixed points first, by `shown` from 0 on, then nearest ones from 1 on. A nearest point stands for the fixed
// one of the same rank and shows as many as its tokens allow.
struct DemonstrationCurve {
  std::string recipe;  // the prompt without demonstrations
  std::vector<DemonstrationPoint> points;
};

struct DemonstrationCurveOptions {
  std::uint64_t seed = 0;
  std::vector<std::int64_t> counts = {1, 2, 4, 8,
                                      16};  // those that fit the context are measured, and the most that fit
  std::size_t batch_items = 32;
};

// `prompt` is a recipe without demonstrations, retrieval or adapter.
DemonstrationCurve demonstration_curve(const Task& task, const Recipe& prompt, std::span<const Example> items,
                                       LanguageModel& model, const DemonstrationCurveOptions& options,
                                       const ProgressCallback& progress, const CancelToken& cancel);

// From the draws of the probes; n from 1 to the number drawn.
struct SamplePoint {
  int samples = 0;
  Estimate
      any_right;  // pass@n: chance that one of n draws is right, without bias (Chen et al. 2021, 2107.03374)
  Estimate
      all_right;  // pass^n: chance that all of n draws are right, without bias (Yao et al. 2024, 2406.12045)
  Estimate majority_right;  // the commonest of the first n draws is right
};
std::vector<SamplePoint> sample_curve(const Probes& probes, Metric metric, std::uint64_t seed);

Json to_json(const DemonstrationCurve& curve);
DemonstrationCurve demonstration_curve_from_json(const Json& value);
Json to_json(std::span<const SamplePoint> points);

}  // namespace fulcrum
