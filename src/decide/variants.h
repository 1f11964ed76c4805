// The grid that a search races over: the standard recipes of a task (recipe/levers.h), and each of them again
// under other settings.
//
//   zero_shot@described, few_shot@described   labels explained, where the task explains them
//   few_shot@k4, ...                          a half and a quarter of the demonstrations
//   few_shot@nearest, few_shot@nearest@k4     those most like the input instead of fixed ones
//   retrieval@p1@c60, ...                     a third of, as many, and twice the passages; chunks of half,
//   the same
//                                             and twice the size: every combination that fits the context
//   fine_tuned@lr2x@rank8, ...                learning rate halved and doubled, rank halved and doubled
//
//   fine_tuned@e3, fine_tuned@e2@n180         a half and a third of the epochs, the latter with half the
//                                             examples too: they stand in for a training that the budget does
//                                             not pay for, and run only then
//
// A variant of something that must be trained names the standard recipe as its parent. What does not fit the
// model's context, or comes out the same as another, is left out.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "recipe/levers.h"

namespace fulcrum {

struct RecipeVariant {
  Recipe recipe;
  std::string parent;              // empty: it races on its own
  std::string stands_in_for = {};  // as in SearchArm
};

// The index over the task's documents cut to so many tokens; null without documents.
using IndexOfChunks = std::function<Retriever*(std::int64_t chunk_tokens)>;

// The standard recipes come first, the untouched base before all.
std::vector<RecipeVariant> recipe_variants(const Task& task, const LeverOptions& options,
                                           const LanguageModel& model, const IndexOfChunks& index);

}  // namespace fulcrum
