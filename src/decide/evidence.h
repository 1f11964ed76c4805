// The evidence folder of one task: everything raw, hashed, enough to replay and to decide again.
//
//   result.json           figures, comparisons, verdict (schema 1, one task)
//   options.json          seed and settings of the run, program version, machine
//   task/                 the task file and its splits as they were, tested.jsonl (the items measured),
//   documents/ recipes/<id>/         recipe.toml (and adapter/), items.jsonl (raw rows) manifest.json SHA-256
//   of every other file report.html, .md      may be put beside them later; they are not hashed
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "decide/compare.h"
#include "decide/result.h"
#include "recipe/recipe.h"

namespace fulcrum {

// Places inside the folder.
Path recipe_folder(const Path& evidence, const std::string& recipe);
Path documents_folder(const Path& evidence);

// Error(invalid_argument) where the folder is there and holds what no comparison wrote: a new comparison
// takes its place.
void check_replaceable(const Path& folder);

// The pieces in the order in which a comparison writes them.
void write_evidence_task(const Path& folder, const Task& task, std::span<const Example> tested);
void write_evidence_recipe(const Path& folder, const Recipe& recipe, const Measurement& measurement);
// Ends the folder: result, options and the manifest over everything.
void write_evidence_result(const Path& folder, const CompareResult& result, const CompareOptions& options);

struct Evidence {
  Path folder;
  CompareResult result;         // one task, raw items included, concluded
  Json recorded;                // result.json as it stands
  CompareOptions options;       // as they were
  std::vector<Example> tested;  // the items measured
  std::vector<Recipe> recipes;  // in the order of the result
  const TaskResult& task() const { return result.tasks.front(); }
};

// Checks every hash of the manifest first: Error(corrupt) names the file that changed, is missing or was
// added; not_found if this is no such folder.
Evidence read_evidence(const Path& folder);

// Other circumstances for an old measurement; absent keeps what was recorded.
struct DecisionOverrides {
  std::optional<double> target, calls_per_month, horizon_months, machine_hour_price, label_price,
      right_answer_worth;
  std::optional<TokenPrices> priced_as;  // calls as this provider would charge for their tokens
};

// Costs, comparisons and verdict again from the recorded rows, at once; nothing runs.
TaskResult decide_again(const Evidence& evidence, const DecisionOverrides& overrides);

}  // namespace fulcrum
