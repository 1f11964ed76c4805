#include "decide/workshop.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/error.h"
#include "decide/evidence.h"
#include "measure/checkpoint_score.h"

namespace fulcrum {

namespace {

constexpr double kDaysAMonth = 30.4;
// A probe of the pace: the first step begins with starting up and is not counted, of the others the median
// is, so that one that the machine was busy with something else in does not matter.
constexpr std::size_t kPaceSteps = 6, kFewestTimedSteps = 3, kPaceDevExamples = 4;
// Of what a token costs in training: no backward pass. With frozen weights that is about as long as the forward
// one, for it leaves out the gradients of the weights.
constexpr double kForwardShare = 0.5;

double median_of(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

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
  recipe.tune->max_epochs = 1;
  TuneRequest request = tune_request(recipe, task_.splits, index_of(recipe), folder);
  const auto batch = static_cast<std::size_t>(std::max(1, request.batch_examples));
  request.train.resize(std::min(request.train.size(), kPaceSteps * batch));
  request.dev.resize(std::min(request.dev.size(), kPaceDevExamples));
  double tokens = 0, read_tokens = 0;
  for (const TrainingExample& example : request.train) tokens += tokens_of(example);
  for (const TrainingExample& example : request.dev) read_tokens += tokens_of(example);
  // It has done its work with its last step.
  CancelToken stop;
  std::vector<double> reported;
  std::uint64_t steps = 0;
  const ProgressCallback timed = [&](const Progress& step) {
    if (cancel_.cancelled()) stop.cancel();
    if (step.unit != "steps" || step.done != steps + 1) return;
    reported.push_back(clock_());
    if (++steps == kPaceSteps) stop.cancel();
  };
  const double start = clock_();
  try {
    tuner_.tune(request, timed, stop);
  } catch (const Error& error) {
    cancel_.check(fmt::format("timing {}", recipe.id));
    if (error.code() != ErrorCode::cancelled) throw;
  }
  const double seconds = clock_() - start;
  std::error_code ignored;  // the evidence is still a temporary folder; what is left over is removed with it
  std::filesystem::remove_all(folder, ignored);
  if (!(tokens > 0)) return 0;
  std::vector<double> lasted;
  for (std::size_t i = 1; i < reported.size(); ++i) lasted.push_back(reported[i] - reported[i - 1]);
  if (lasted.size() < kFewestTimedSteps)
    return seconds / (tokens + kForwardShare * read_tokens);  // it does not say where it is
  const double all_steps = std::ceil(static_cast<double>(request.train.size()) / static_cast<double>(batch));
  return median_of(lasted) * all_steps / tokens;
}

double Workshop::training_tokens(const Recipe& recipe) {
  const auto sum = [&](const std::vector<Example>& examples) {
    double tokens = 0;
    for (const TrainingExample& example :
         training_examples(recipe, examples, index_of(recipe), PassageSource::search))
      tokens += tokens_of(example);
    return tokens;
  };
  const std::vector<Example>& train = task_.splits.train;
  const double share =
      recipe.tune->train_examples && !train.empty()
          ? std::min(1.0,
                     static_cast<double>(*recipe.tune->train_examples) / static_cast<double>(train.size()))
          : 1.0;
  return (sum(train) * share + kForwardShare * sum(task_.splits.dev)) * recipe.tune->max_epochs;
}

double Workshop::tokens_of(const TrainingExample& example) const {
  return static_cast<double>(model_.count_tokens(example.messages));
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
