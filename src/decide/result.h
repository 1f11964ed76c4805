// The result of the main job as values. decide/result_json.h writes and reads them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "decide/comparisons.h"
#include "decide/diagnosis.h"
#include "decide/forecast.h"
#include "decide/investigation.h"
#include "decide/search.h"
#include "decide/verdict.h"
#include "measure/cost.h"
#include "measure/evaluation.h"

namespace fulcrum {

struct TrainingRecord {
  double seconds = 0;
  std::int64_t trained_tokens = 0, trainable_parameters = 0;
  int best_epoch = 0;
  std::vector<TuneResult::Epoch> epochs;
  std::string sha256;  // of adapter_model.safetensors
};

struct RecipeResult {
  std::string id;                   // "retrieval+few_shot"
  std::vector<std::string> levers;  // "prompt", "few_shot", "reasoning", "retrieval", "fine_tune"
  std::string sha256;               // of everything that decides its answers
  std::string file;                 // recipe.toml, relative to the evidence folder
  std::string prompt_example;       // the exact text that the model was given for the first item
  Measurement measurement;          // raw items included
  UpfrontWork work;
  Cost cost;
  double seconds_to_iterate =
      0;  // from a changed recipe to a new measurement: training, indexing, evaluation
  std::optional<TrainingRecord> training;
  bool ties_with_best =
      false;  // the test does not prove it worse than the best figure (Holm over all of them)
};

// What of the task the figures and the verdict rest on; enough to decide again without the task's own files.
struct TaskSummary {
  std::string name, kind;
  Metric metric = Metric::accuracy;
  std::vector<std::string> labels;  // of a classification
  std::int64_t train_items = 0, dev_items = 0, test_items = 0;
  std::string sha256;
  Circumstances circumstances;
  Prices prices;
  std::optional<TokenPrices> priced_as;  // calls are priced as this provider would charge for their tokens
};

struct TaskResult {
  TaskSummary task;
  double smallest_detectable_difference = 0;  // told before the run, from an assumed discordant share
  std::vector<std::string> warnings;
  std::vector<RecipeResult> recipes;  // the first is the untouched zero-shot base
  std::vector<Comparison> comparisons;
  Diagnosis diagnosis;
  Verdict verdict;
  std::string evidence_folder;
  std::uint64_t seed = 0;
  double seconds = 0;
  std::vector<RecipeForecast> forecasts;  // told before the run
  std::optional<SearchRecord> search;     // present if a budget chose the recipes
  std::vector<BreakEvenLine> break_even;  // every pair of recipes
  Investigation investigation;
};

struct BaseModelRecord {
  std::string name;
  std::int64_t parameters = 0;
  std::string sha256_before, sha256_after;
};

struct CompareResult {
  BaseModelRecord base_model;
  std::vector<TaskResult> tasks;
  double seconds = 0;
};

// Everything that follows from what the recipes measured: costs, comparisons, diagnosis, verdict. A pure
// function of the measurements, the work, the task's summary and the seed; law 2 rests on that.
void conclude(TaskResult& task);

}  // namespace fulcrum
