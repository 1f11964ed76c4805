#include "measure/evaluation.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <numeric>

#include "base/error.h"
#include "base/random.h"
#include "measure/energy.h"

namespace fulcrum {

namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

MeasuredItem measured_item(const Example& example, Answer answer, const Yardstick& yardstick) {
  const ItemScore score = score_answer(yardstick.metric, answer.text, example.reference(), yardstick.labels);
  MeasuredItem item;
  item.id = example.id;
  item.group = example.group;
  item.gold_documents = example.documents;
  item.answer = std::move(answer.text);
  item.reference = example.reference();
  item.score = score.score;
  item.error = score.error;
  item.detail = score.detail;
  item.well_formed = score.well_formed;
  for (Source& source : answer.sources) {
    item.sources.push_back(std::move(source.id));
    item.documents.push_back(std::move(source.document));
  }
  item.prompt_sha256 = std::move(answer.prompt_sha256);
  item.usage = answer.usage;
  item.seconds = answer.seconds + answer.search_seconds;
  return item;
}

// The first `count` of a shuffle that depends on the seed and the purpose only, so that every recipe of a
// comparison is asked about the same items.
std::vector<std::size_t> sample(std::size_t items, int count, std::uint64_t seed, std::string_view purpose) {
  std::vector<std::size_t> order(items);
  std::iota(order.begin(), order.end(), std::size_t{0});
  Random random(seed, stream_of(purpose));
  random.shuffle(order);
  order.resize(std::min(items, static_cast<std::size_t>(std::max(0, count))));
  return order;
}

class Evaluator {
 public:
  Evaluator(const Recipe& recipe, LanguageModel& model, Retriever* retriever, std::span<const Example> items,
            const EvaluationOptions& options, const ProgressCallback& progress, const CancelToken& cancel)
      : recipe_(recipe),
        model_(model),
        retriever_(retriever),
        options_(options),
        progress_(progress),
        cancel_(cancel) {
    for (const Example& example : items) inputs_.push_back(recipe_input(example));
  }

  std::vector<Answer> answer_all() { return run(inputs_, batched(), "answering"); }

  void ask_again(std::vector<MeasuredItem>& items) {
    const auto subset = sample(items.size(), options_.consistency_items, options_.seed, "consistency");
    std::vector<RecipeInput> inputs;
    for (const std::size_t i : subset) inputs.push_back(inputs_[i]);
    if (inputs.empty()) return;
    for (int variant = 1; variant <= options_.rewordings; ++variant) {
      RunOptions run_options = batched();
      run_options.rewording = variant;
      const auto answers = run(inputs, run_options, "asking in other words");
      for (std::size_t i = 0; i < subset.size(); ++i) items[subset[i]].reworded.push_back(answers[i].text);
    }
    for (int draw = 0; draw < options_.resamples; ++draw) {
      RunOptions run_options = batched();
      run_options.sampling.emplace();
      run_options.sampling->temperature = options_.temperature;
      run_options.sampling->seed =
          Random(options_.seed, stream_of("resampling")).at(static_cast<std::uint64_t>(draw))[0];
      const auto answers = run(inputs, run_options, "drawing again");
      for (std::size_t i = 0; i < subset.size(); ++i) items[subset[i]].resampled.push_back(answers[i].text);
    }
  }

  void time_single_calls(Measurement& measurement) {
    const auto subset = sample(inputs_.size(), options_.latency_items, options_.seed, "latency");
    if (subset.empty()) return;
    std::vector<double> seconds, cold_seconds, searching, prompt, cached, completion;
    model_.clear_cache();
    single_call(
        subset.back());  // the warm-up leaves the shared prefix in memory, as a running service has it
    const std::optional<EnergyMeter> meter = EnergyMeter::open();
    const double joules_before = meter ? meter->joules() : 0;
    for (const std::size_t i : subset) {
      const Answer answer = single_call(i);
      searching.push_back(answer.search_seconds);
      seconds.push_back(answer.seconds + answer.search_seconds);
      prompt.push_back(static_cast<double>(answer.usage.prompt_tokens));
      cached.push_back(static_cast<double>(answer.usage.cached_tokens));
      completion.push_back(static_cast<double>(answer.usage.completion_tokens));
    }
    if (meter)
      measurement.joules_per_call = (meter->joules() - joules_before) / static_cast<double>(subset.size());
    measurement.tokens_per_call = {mean(prompt), mean(cached), mean(completion)};
    const auto cold =
        std::min(subset.size(), static_cast<std::size_t>(std::max(0, options_.cold_latency_items)));
    for (std::size_t i = 0; i < cold; ++i) {
      model_.clear_cache();
      const Answer answer = single_call(subset[i]);
      cold_seconds.push_back(answer.seconds + answer.search_seconds);
    }
    measurement.latency = summarize_latency(std::move(seconds), std::move(cold_seconds));
    measurement.latency.retrieval_seconds = mean(searching);
  }

 private:
  RunOptions batched() const {
    RunOptions run_options;
    run_options.batch_items = options_.batch_items;
    return run_options;
  }

  std::vector<Answer> run(std::span<const RecipeInput> inputs, const RunOptions& options,
                          std::string_view doing) {
    cancel_.check(fmt::format("measuring {}", recipe_.id));
    const ProgressCallback named = [&](const Progress& step) {
      if (!progress_) return;
      Progress renamed = step;
      renamed.stage = fmt::format("{}: {}", recipe_.id, doing);
      progress_(renamed);
    };
    return run_recipe(recipe_, model_, retriever_, inputs, options, cancel_, named);
  }

  Answer single_call(std::size_t i) {
    return std::move(
        run_recipe(recipe_, model_, retriever_, std::span(&inputs_[i], 1), RunOptions{}, cancel_, {})
            .front());
  }

  const Recipe& recipe_;
  LanguageModel& model_;
  Retriever* retriever_;
  const EvaluationOptions& options_;
  const ProgressCallback& progress_;
  const CancelToken& cancel_;
  std::vector<RecipeInput> inputs_;
};

Estimate macro_f1_estimate(const Measurement& measurement, std::uint64_t seed) {
  std::vector<std::string> answers, references;
  for (const MeasuredItem& item : measurement.items) {
    answers.push_back(item.answer);
    references.push_back(item.reference);
  }
  const LabelledAnswers labelled = number_labels(answers, references);
  const Statistic statistic = [&](std::span<const std::uint32_t> indices) {
    return macro_f1(labelled, indices);
  };
  std::vector<std::uint32_t> all(answers.size());
  std::iota(all.begin(), all.end(), 0U);
  const auto n = static_cast<std::int64_t>(all.size());
  const double estimate = statistic(all);
  // Every answer right or every answer wrong leaves nothing to resample.
  const Interval interval = estimate == 0.0 || estimate == 1.0
                                ? wilson_interval(estimate * static_cast<double>(n), n)
                                : bootstrap_interval(n, statistic, BootstrapKind::expanded_percentile, seed);
  return {estimate, std::min(interval.low, estimate), std::max(interval.high, estimate), n};
}

void widen_for_groups(Estimate& quality, const Measurement& measurement) {
  std::map<std::string, std::int64_t> groups;
  std::vector<std::int64_t> clusters;
  for (std::size_t i = 0; i < measurement.items.size(); ++i) {
    const std::string& group = measurement.items[i].group;
    const auto alone = -1 - static_cast<std::int64_t>(i);
    clusters.push_back(group.empty() ? alone
                                     : groups.emplace(group, static_cast<std::int64_t>(i)).first->second);
  }
  if (groups.empty()) return;
  const std::vector<double> scores = scores_of(measurement);
  const double plain = standard_error(scores);
  if (plain <= 0) return;
  const double ratio = std::max(1.0, clustered_standard_error(scores, clusters) / plain);
  quality.low = std::max(0.0, quality.estimate - ratio * (quality.estimate - quality.low));
  quality.high = std::min(1.0, quality.estimate + ratio * (quality.high - quality.estimate));
}

}  // namespace

Yardstick yardstick_of(const Task& task) {
  Yardstick yardstick{task.metric, {}};
  for (const Label& label : task.labels) yardstick.labels.push_back(label.name);
  return yardstick;
}

std::vector<double> scores_of(const Measurement& measurement) {
  std::vector<double> scores;
  for (const MeasuredItem& item : measurement.items) scores.push_back(item.score);
  return scores;
}

Latency summarize_latency(std::vector<double> seconds, std::vector<double> cold_seconds) {
  Latency latency;
  latency.seconds = std::move(seconds);
  latency.cold_seconds = std::move(cold_seconds);
  if (!latency.seconds.empty()) {
    latency.p50_ms = 1000 * quantile(latency.seconds, 0.5);
    latency.p95_ms = 1000 * quantile(latency.seconds, 0.95);
    latency.mean_seconds = estimate_mean_unbounded(latency.seconds);
    latency.mean_seconds.low = std::max(0.0, latency.mean_seconds.low);
  }
  latency.cold_mean_seconds = mean(latency.cold_seconds);
  return latency;
}

double agreement(std::span<const std::string> canonical_answers) {
  const std::size_t n = canonical_answers.size();
  if (n < 2) return 1.0;
  std::size_t equal = 0;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = i + 1; j < n; ++j) equal += canonical_answers[i] == canonical_answers[j];
  return static_cast<double>(equal) / (0.5 * static_cast<double>(n * (n - 1)));
}

void summarize(Measurement& measurement, std::uint64_t seed) {
  measurement.quality = measurement.metric == Metric::macro_f1 ? macro_f1_estimate(measurement, seed)
                                                               : estimate_mean(scores_of(measurement), seed);
  widen_for_groups(measurement.quality, measurement);
  std::vector<double> well_formed, overall, rewording, resampling;
  const auto canonical = [&](std::span<const std::string> answers, std::vector<std::string>& into) {
    for (const std::string& answer : answers) into.push_back(canonical_answer(measurement.metric, answer));
  };
  for (const MeasuredItem& item : measurement.items) {
    well_formed.push_back(item.well_formed ? 1.0 : 0.0);
    if (item.reworded.empty() && item.resampled.empty()) continue;
    std::vector<std::string> reworded, resampled, all;
    canonical({&item.answer, 1}, reworded);
    canonical(item.reworded, reworded);
    canonical({&item.answer, 1}, resampled);
    canonical(item.resampled, resampled);
    all = reworded;
    all.insert(all.end(), resampled.begin() + 1, resampled.end());
    if (!item.reworded.empty()) rewording.push_back(agreement(reworded));
    if (!item.resampled.empty()) resampling.push_back(agreement(resampled));
    overall.push_back(agreement(all));
  }
  measurement.well_formed = estimate_mean(well_formed, seed);
  measurement.consistency = {estimate_mean(overall, seed), estimate_mean(rewording, seed),
                             estimate_mean(resampling, seed)};
}

Measurement evaluate(const Recipe& recipe, LanguageModel& model, Retriever* retriever,
                     std::span<const Example> items, const Yardstick& yardstick,
                     const EvaluationOptions& options, const ProgressCallback& progress,
                     const CancelToken& cancel) {
  if (items.size() < 2)
    throw_error(ErrorCode::invalid_argument,
                "measuring {}: an interval needs at least 2 items, found {}; add items", recipe.id,
                items.size());
  const auto start = std::chrono::steady_clock::now();
  Evaluator evaluator(recipe, model, retriever, items, options, progress, cancel);
  Measurement measurement;
  measurement.metric = yardstick.metric;
  std::vector<Answer> answers = evaluator.answer_all();
  for (std::size_t i = 0; i < items.size(); ++i)
    measurement.items.push_back(measured_item(items[i], std::move(answers[i]), yardstick));
  evaluator.ask_again(measurement.items);
  evaluator.time_single_calls(measurement);
  summarize(measurement, options.seed);
  measurement.seconds = seconds_since(start);
  return measurement;
}

void ask_again(const Recipe& recipe, LanguageModel& model, Retriever* retriever,
               std::span<const Example> items, const EvaluationOptions& options, Measurement& measurement,
               const ProgressCallback& progress, const CancelToken& cancel) {
  if (measurement.items.size() != items.size())
    throw_error(ErrorCode::internal, "asking {} again: {} measured items are given for {} items", recipe.id,
                measurement.items.size(), items.size());
  const auto start = std::chrono::steady_clock::now();
  Evaluator(recipe, model, retriever, items, options, progress, cancel).ask_again(measurement.items);
  summarize(measurement, options.seed);
  measurement.seconds += seconds_since(start);
}

}  // namespace fulcrum
