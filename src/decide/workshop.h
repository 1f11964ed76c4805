// Where the recipes of one task are made ready: indexes over the evidence folder's own copy of the documents,
// adapters trained into it. A plain comparison and a search both work in it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/progress.h"
#include "measure/cost.h"
#include "recipe/levers.h"
#include "recipe/training.h"
#include "retrieve/index.h"

namespace fulcrum {

// Seconds since some fixed moment. Tests and simulations bring a clock of their own.
using Clock = std::function<double()>;
Clock steady_clock();

class Workshop {
 public:
  // `folder` is the evidence folder, the task's documents already in it. All references are kept.
  Workshop(const Task& task, LanguageModel& model, Tuner& tuner, const Path& folder, std::uint64_t seed,
           const Clock& clock, const ProgressCallback& progress, const CancelToken& cancel);

  const Task& task() const { return task_; }
  LanguageModel& model() const { return model_; }
  double now_seconds() const { return clock_(); }
  const ProgressCallback& progress() const { return progress_; }
  const CancelToken& cancel() const { return cancel_; }

  LeverOptions lever_options() const;
  // The index over documents cut to so many tokens, opened on the first call; null without documents.
  Retriever* index(std::int64_t chunk_tokens);
  Retriever* index_of(const Recipe& recipe);  // null for a recipe that does not retrieve

  // Into recipes/<id>/adapter; the recipe then names it. TuneResult::seconds is by this workshop's clock.
  TuneResult train(Recipe& recipe);
  // Trains a few steps and forgets the adapter: seconds a trained token on this machine, the median of the
  // steps where the tuner reports them.
  double measure_training_pace(Recipe recipe);
  // Tokens that a training sees if it is not stopped early; those of the dev split, which it only reads, count
  // by what they take.
  double training_tokens(const Recipe& recipe);

  // Labels and index building; training and evaluation are the caller's to fill in.
  UpfrontWork work_of(const Recipe& recipe);

 private:
  double tokens_of(const TrainingExample& example) const;

  struct OpenIndex {
    std::unique_ptr<Index> index;
    double seconds = 0;  // that building it took
  };

  const Task& task_;
  LanguageModel& model_;
  Tuner& tuner_;
  const Path folder_;
  const std::uint64_t seed_;
  const Clock clock_;
  const ProgressCallback& progress_;
  const CancelToken& cancel_;
  std::map<std::int64_t, OpenIndex> indexes_;  // by chunk size
};

}  // namespace fulcrum
