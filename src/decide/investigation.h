// What explains the figures of a comparison, after all recipes are measured: interventions on the best plain
// prompt, the guard suite before and after each training, consistency in detail, and (asked for) learning and
// demonstration curves. Data, like the measurements: recorded with them, and verdicts made again rest on what
// was recorded.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "decide/sentence.h"
#include "measure/causes.h"
#include "measure/consistency.h"
#include "measure/guard.h"
#include "measure/learning_curve.h"
#include "measure/skill_ceiling.h"
#include "recipe/task.h"

namespace fulcrum {

enum class Curves { none, all };

struct InvestigationOptions {
  Curves curves = Curves::none;
  ProbeOptions probes;             // seed: the comparison's
  ConsistencyOptions consistency;  // likewise
  LearningCurveOptions learning;
  DemonstrationCurveOptions demonstrations;
  std::optional<Path> guard_suite;  // absent: no guard is run
};

struct Investigation {
  std::optional<Probes> probes;
  std::vector<SamplePoint> sample_curve;
  std::vector<ConsistencyDetail> consistency;  // one a recipe
  std::vector<Forgetting> forgetting;          // one a fine-tuned recipe
  std::optional<LearningCurve> learning_curve;
  std::optional<DemonstrationCurve> demonstration_curve;
  double seconds = 0;

  // Why this recipe's adapter must not be recommended; absent if nothing speaks against it.
  std::optional<Sentence> blocked(std::string_view recipe) const;
};

// "Twice the training examples (720) would bring +0.01 to +0.04 (fine_tuned)."; absent without a curve.
std::optional<Sentence> more_data_sentence(const Investigation& investigation);

struct MeasuredRecipe {
  const Recipe* recipe = nullptr;  // with its adapter, loaded
  const Measurement* measurement = nullptr;
};

struct InvestigationInput {
  const Task& task;
  std::span<const MeasuredRecipe> recipes;  // the first is the zero-shot base
  std::span<const Example> items;           // those measured
  std::uint64_t seed = 0;
  Path folder;  // for the adapters of the curves; made if needed
};

// `retriever` is null without documents.
Investigation investigate(const InvestigationInput& input, LanguageModel& model, Tuner& tuner,
                          Retriever* retriever, const InvestigationOptions& options,
                          const ProgressCallback& progress, const CancelToken& cancel);

}  // namespace fulcrum
