// Quality against training examples: the fine-tuned recipe trained again on nested subsets of its train
// split, with several seeds, each run measured on the same items. Says what twice the data would bring.
//
// The subsets of one seed are nested: a smaller one is the beginning of a larger one's shuffle. No recipe is
// chosen by the curve, so that measuring it on test items does not spend them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/json_fwd.h"
#include "base/progress.h"
#include "measure/curve_fit.h"
#include "measure/evaluation.h"

namespace fulcrum {

struct LearningCurveOptions {
  std::vector<double> fractions = {0.125, 0.25, 0.5, 1.0};  // of the train split
  int seeds = 3;
  std::uint64_t first_seed = 1;
  std::size_t batch_items = 32;
};

struct LearningCurve {
  std::string recipe;
  std::vector<CurveRun> runs;                     // amount: train examples
  std::vector<std::vector<std::string>> answers;  // one list a run
  double training_seconds = 0;                    // all runs together
  CurveFit fit;
  // Share of items on which two adapters of different seeds, trained on everything, agree.
  std::optional<Estimate> agreement_over_seeds;
};

// Adapters are written below `folder`, one a run, and loaded under their own names. Error invalid_argument if
// the recipe is not one that is trained or the subsets would be empty.
LearningCurve learning_curve(const Recipe& recipe, const Splits& splits, std::span<const Example> items,
                             const Yardstick& yardstick, LanguageModel& model, Tuner& tuner,
                             Retriever* retriever, const Path& folder, const LearningCurveOptions& options,
                             const ProgressCallback& progress, const CancelToken& cancel);

Json to_json(const CurveFit& fit);
Json to_json(const LearningCurve& curve);
// Runs and answers are read, the fit is made again.
LearningCurve learning_curve_from_json(const Json& value);

}  // namespace fulcrum
