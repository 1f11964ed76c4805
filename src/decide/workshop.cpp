#include "decide/workshop.h"

#include <algorithm>
#include <chrono>

#include "base/error.h"
#include "decide/evidence.h"
#include "measure/checkpoint_score.h"

namespace fulcrum {

namespace {

constexpr double kDaysAMonth = 30.4;
// Enough for a few batches, so that starting up does not weigh too much.
constexpr std::size_t kPaceExamples = 16, kPaceDevExamples = 4;

}  // namespace

Clock steady_clock() {
  return [] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  };
}

Workshop::Workshop(const Task& task, LanguageModel& model, Tuner& tuner, const Path& folder,
                   std::uint64_t seed, const Clock& clock, const ProgressCallback& progress,
                   const CancelToken& cancel)
    : task_(task),
      model_(model),
      tuner_(tuner),
      folder_(folder),
      seed_(seed),
      clock_(clock ? clock : steady_clock()),
      progress_(progress),
      cancel_(cancel) {}

LeverOptions Workshop::lever_options() const {
  const ModelInfo info = model_.info();
  LeverOptions levers;
  levers.base = {info.name, info.sha256, info.file};
  levers.seed = seed_;
  levers.counter_name = info.name;
  return levers;
}

// The index is made from the folder's own copy of the documents, so that what was measured is what is kept.
Retriever* Workshop::index(std::int64_t chunk_tokens) {
  if (!task_.documents) return nullptr;
  OpenIndex& open = indexes_[chunk_tokens];
  if (!open.index) {
    const double start = clock_();
    open.index = Index::open(":memory:", {documents_folder(folder_),
                                          {chunk_tokens, 0},
                                          [this](std::string_view text) { return model_.count_tokens(text); },
                                          model_.info().name});
    open.seconds = clock_() - start;
  }
  return open.index.get();
}

Retriever* Workshop::index_of(const Recipe& recipe) {
  return recipe.retrieval ? index(recipe.retrieval->chunks.max_tokens) : nullptr;
}

TuneResult Workshop::train(Recipe& recipe) {
  cancel_.check(fmt::format("training {}", recipe.id));
  const Path adapter = recipe_folder(folder_, recipe.id) / "adapter";
  const ProgressCallback named = [&](const Progress& step) {
    if (!progress_) return;
    Progress renamed = step;
    renamed.stage = fmt::format("{}: {}", recipe.id, step.stage);
    progress_(renamed);
  };
  TuneRequest request = tune_request(recipe, task_.splits, index_of(recipe), adapter);
  request.score =
      checkpoint_score(recipe, task_.splits.dev, yardstick_of(task_), model_, index_of(recipe), cancel_);
  TuneResult tuned = tuner_.tune(request, named, cancel_);
  recipe.adapter = AdapterReference{adapter, tuned.sha256};
  return tuned;
}

double Workshop::measure_training_pace(Recipe recipe) {
  const Path folder = folder_ / "pace";
  TuneRequest request = tune_request(recipe, task_.splits, index_of(recipe), folder);
  request.train.resize(std::min(request.train.size(), kPaceExamples));
  request.dev.resize(std::min(request.dev.size(), kPaceDevExamples));
  request.max_epochs = 1;
  double tokens = 0;
  for (const TrainingExample& example : request.train)
    tokens += static_cast<double>(model_.count_tokens(example.messages));
  const double start = clock_();
  tuner_.tune(request, {}, cancel_);
  const double seconds = clock_() - start;
  std::error_code ignored;  // the evidence is still a temporary folder; what is left over is removed with it
  std::filesystem::remove_all(folder, ignored);
  return tokens > 0 ? seconds / tokens : 0;
}

double Workshop::training_tokens(const Recipe& recipe) {
  double tokens = 0;
  for (const TrainingExample& example :
       training_examples(recipe, task_.splits.train, index_of(recipe), PassageSource::search))
    tokens += static_cast<double>(model_.count_tokens(example.messages));
  const double share = recipe.tune->train_examples && !task_.splits.train.empty()
                           ? std::min(1.0, static_cast<double>(*recipe.tune->train_examples) /
                                               static_cast<double>(task_.splits.train.size()))
                           : 1.0;
  return tokens * share * recipe.tune->max_epochs;
}

UpfrontWork Workshop::work_of(const Recipe& recipe) {
  UpfrontWork work;
  const auto train = static_cast<std::int64_t>(task_.splits.train.size());
  if (!recipe.tune) {
    // Nearest demonstrations are chosen from the pool for each input, so all of it must have been labelled.
    work.labels = static_cast<std::int64_t>(recipe.program.demonstrations.size());
  } else {
    // Those that it stops by are labelled too.
    work.labels = std::min(train, recipe.tune->train_examples.value_or(train)) +
                  static_cast<std::int64_t>(task_.splits.dev.size());
  }
  if (recipe.retrieval) {
    index_of(recipe);
    work.indexing_seconds = indexes_[recipe.retrieval->chunks.max_tokens].seconds;
    if (task_.documents_change_days) work.indexings_per_month = kDaysAMonth / *task_.documents_change_days;
  }
  return work;
}

}  // namespace fulcrum
