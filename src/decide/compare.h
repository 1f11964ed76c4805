// The main job: for a task, take the standard recipes, train what wants training, measure all of them on the
// same test items, compare, decide, and leave an evidence folder.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/progress.h"
#include "decide/budget.h"
#include "decide/result.h"
#include "decide/workshop.h"
#include "recipe/task.h"
#include "text/lm.h"

namespace fulcrum {

// What is shown and trained (demonstrations, passages, rank, epochs) stands in the task's file.
struct CompareOptions {
  std::uint64_t seed = 1;
  int max_test_items = 300;       // a seeded sample of the test split; the whole split if it is smaller
  std::vector<std::string> only;  // ids of the recipes to measure beside zero_shot; empty: all
  double horizon_months = 12;     // over which total cost is counted
  EvaluationOptions evaluation;   // its seed is `seed`
  Path evidence_root = "evidence";
  std::string program_version;  // into options.json
  // Present: the recipes are found by a search over many (decide/search.h) that may spend so much, all tasks
  // and the confirmation on the test together; `only` must be empty. Of those confirmed only the recommended
  // one is asked again for consistency. Absent: the standard recipes, all of them.
  std::optional<Budget> budget;
  // Under a budget only its guard is asked: the rest would break it.
  InvestigationOptions investigation;
  Clock clock;  // empty: the machine's
};

// What is known of a task before anything runs: law 4 wants the smallest detectable difference told first.
struct ComparePlan {
  TaskSummary task;
  std::vector<std::string> recipes;
  double smallest_detectable_difference = 0;
  std::vector<std::string> warnings;
  std::vector<RecipeForecast> forecasts;  // empty under a budget: the race times its arms as it goes
  std::optional<double> budget_seconds;   // of this task
};

struct CompareCallbacks {
  ProgressCallback progress;                          // may be empty
  std::function<void(const ComparePlan&)> planned;    // may be empty
  std::function<void(const SearchRecord&)> searched;  // may be empty; only under a budget
  std::function<void(const RecipeResult&)> measured;  // may be empty; cost and verdict are not in it yet
  std::function<void(const TaskResult&)> finished;    // may be empty; the task's evidence folder is there
};

// Writes evidence_root/<task>-<short hash>/ for every task as soon as it is done; equal inputs give an equal
// name and replace the folder. A cancelled or failed run leaves the folders of the finished tasks and nothing
// half-written.
CompareResult compare(std::span<const Task> tasks, LanguageModel& model, Tuner& tuner,
                      const CompareOptions& options, const CompareCallbacks& callbacks,
                      const CancelToken& cancel);

}  // namespace fulcrum
