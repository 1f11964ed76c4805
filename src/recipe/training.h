// Training data from a task's examples, rendered by the recipe's own program: the same prompt as at
// inference, with the reference as the learnt answer.
#pragma once

#include <span>
#include <vector>

#include "recipe/prompts.h"
#include "recipe/splits.h"
#include "text/lm.h"

namespace fulcrum {

// Earlier assistant turns of a row keep the weight that the row gives them; demonstrations are never learnt.
// `passages` says where documents come from for a recipe that retrieves.
std::vector<TrainingExample> training_examples(const Recipe& recipe, std::span<const Example> examples,
                                               Retriever* retriever, PassageSource passages);

// The whole request for the bridge. Error invalid_argument if the recipe has no tune settings.
TuneRequest tune_request(const Recipe& recipe, const Splits& splits, Retriever* retriever,
                         const Path& output_folder);

}  // namespace fulcrum
