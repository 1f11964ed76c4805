// One recipe over one frozen split: every raw item, and the figures with their intervals.
//
// Quality comes from one batched run over the split. Latency and tokens per call come from separate single
// calls, one at a time behind one warm-up call, because a batch hides the wait of one user; a few of them are
// made cold, with every cached prefix forgotten. Consistency asks a subset of the items again, in five
// rewordings of the prompt and in draws at a temperature. Everything but the times is a pure function of
// (recipe, items, documents, options).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/progress.h"
#include "measure/intervals.h"
#include "measure/metrics.h"
#include "prompt/rewordings.h"
#include "recipe/recipe.h"
#include "recipe/run.h"

namespace fulcrum {

struct MeasuredItem {
  std::string id;      // of the example
  std::string group;   // of the example; items of one group are not independent
  std::string answer;  // as the recipe gave it, unchanged
  std::string reference;
  double score = 0;
  std::string error, detail;  // see ItemScore
  bool well_formed = true;
  std::vector<std::string> sources;         // ids of the passages in the context, in their order there
  std::vector<std::string> documents;       // those passages' documents
  std::vector<std::string> gold_documents;  // that hold the answer; empty: not known
  std::string prompt_sha256;                // of the exact rendered prompt
  Usage usage;
  double seconds = 0;  // inside its batch
  // The answers asked again for consistency: rewordings first, then draws; empty for items outside the
  // subset.
  std::vector<std::string> reworded, resampled;
};

// Share of pairs of answers to one item that agree, averaged over the items: asked in other words, drawn
// again at a temperature, and all together. n counts items; n = 0 means not measured.
struct Consistency {
  Estimate overall, rewording, resampling;
};

struct Latency {
  double p50_ms = 0, p95_ms = 0;
  Estimate mean_seconds;         // of a single call with its prefix in memory
  double cold_mean_seconds = 0;  // with nothing in memory
  std::vector<double> seconds;   // raw, one a sampled item
  std::vector<double> cold_seconds;
  double retrieval_seconds = 0;  // of mean_seconds, finding passages
};

// Means over the single calls, so that `cached` is what a service with this one recipe would see.
struct TokensPerCall {
  double prompt = 0, cached = 0, completion = 0;
};

struct Measurement {
  Metric metric = Metric::accuracy;
  std::vector<MeasuredItem> items;
  Estimate quality;
  Estimate well_formed;  // share of answers in the form that was asked for: a label, valid JSON, not empty
  Consistency consistency;
  Latency latency;
  TokensPerCall tokens_per_call;
  double seconds = 0;                     // the whole evaluation
  std::optional<double> joules_per_call;  // of the single calls, by the CPU's own counter; absent without one
};

// Defaults keep three tasks with seven recipes each inside five minutes on two cores.
struct EvaluationOptions {
  std::uint64_t seed = 0;
  std::size_t batch_items = 32;  // handed to the model at once
  int consistency_items = 24;    // the first so many of a seeded shuffle of the items
  int rewordings = kRewordings;  // 0 to kRewordings
  int resamples = 3;
  double temperature = 0.7;  // of the resampling
  int latency_items = 20;
  int cold_latency_items = 4;
};

// What is measured against: the task's metric and its closed set of labels (empty unless it classifies).
struct Yardstick {
  Metric metric = Metric::accuracy;
  std::vector<std::string> labels;
};
Yardstick yardstick_of(const Task& task);

// The recipe must be loaded (load_recipe). `retriever` is null for a recipe without retrieval. Error
// invalid_argument for fewer than two items.
Measurement evaluate(const Recipe& recipe, LanguageModel& model, Retriever* retriever,
                     std::span<const Example> items, const Yardstick& yardstick,
                     const EvaluationOptions& options, const ProgressCallback& progress,
                     const CancelToken& cancel);

// Asks for consistency a recipe that evaluate() measured without it (consistency_items = 0), and fills the
// rows and figures as if it had been asked then. The recipe must be loaded.
void ask_again(const Recipe& recipe, LanguageModel& model, Retriever* retriever,
               std::span<const Example> items, const EvaluationOptions& options, Measurement& measurement,
               const ProgressCallback& progress, const CancelToken& cancel);

// Figures that follow from the raw items alone, computed again: quality, well_formed, consistency. Where
// items share groups, quality's interval is widened by the ratio of the clustered to the plain standard
// error.
void summarize(Measurement& measurement, std::uint64_t seed);

Latency summarize_latency(std::vector<double> seconds, std::vector<double> cold_seconds);

std::vector<double> scores_of(const Measurement& measurement);
// The share of equal pairs among the answers; 1 for fewer than two.
double agreement(std::span<const std::string> canonical_answers);

}  // namespace fulcrum
