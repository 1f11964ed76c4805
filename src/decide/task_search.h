// A search over the recipes of a real task: decide/search.h's race, run in a workshop on the dev items.
//
// Dev items are asked in an order drawn by the seed. An adapter is picked by its metric on the dev
// items, so its dev scores flatter it a little; the confirmation on the test does not.
#pragma once

#include <vector>

#include "decide/search.h"
#include "decide/variants.h"
#include "decide/workshop.h"
#include "measure/evaluation.h"

namespace fulcrum {

struct TaskSearch {
  SearchRecord record;
  struct Found {
    Recipe recipe;  // with its adapter if it needs one
    std::optional<TuneResult> training;
  };
  std::vector<Found> found;  // to be measured on the test, in the order of record.confirmed
};

// `settings.budget_seconds` counts from now, by the workshop's clock. Of it, `guard_seconds` are kept for
// each adapter that is confirmed; guarding it is the caller's. Adapters that are not confirmed are removed.
TaskSearch search_task(const std::vector<RecipeVariant>& grid, Workshop& workshop, std::int64_t test_items,
                       const EvaluationOptions& evaluation, const SearchSettings& settings,
                       double guard_seconds);

}  // namespace fulcrum
