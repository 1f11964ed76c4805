// What a training's checkpoints are picked by: the task's metric on the dev items, answered by the recipe as
// it is used, with the checkpoint for its adapter. The dev loss says how likely the reference is; the metric
// says whether the answer is right, and that is what the recipe is for.
#pragma once

#include <span>

#include "measure/evaluation.h"
#include "text/lm.h"

namespace fulcrum {

// Dev items that one checkpoint is asked, spread evenly over the split: it is asked after every epoch.
inline constexpr std::size_t kCheckpointItems = 200;

// The calls that scoring takes over a whole training.
double checkpoint_calls(std::size_t dev_items, int epochs);

// Empty, so that the dev loss decides, for fewer than two dev items. Everything given must outlive it. All
// checkpoints share one name in the model and leave nothing but the last one there.
AdapterScore checkpoint_score(const Recipe& recipe, std::span<const Example> dev, const Yardstick& yardstick,
                              LanguageModel& model, Retriever* retriever, const CancelToken& cancel);

}  // namespace fulcrum
