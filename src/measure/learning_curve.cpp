#include "measure/learning_curve.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "measure/checkpoint_score.h"
#include "measure/estimate_json.h"
#include "recipe/run.h"

namespace fulcrum {
namespace {

// Different amounts of examples, ascending.
std::vector<std::int64_t> amounts_of(std::size_t examples, const std::vector<double>& fractions) {
  std::set<std::int64_t> amounts;
  for (const double fraction : fractions) {
    const auto amount = static_cast<std::int64_t>(std::llround(fraction * static_cast<double>(examples)));
    if (amount >= 1) amounts.insert(std::min(amount, static_cast<std::int64_t>(examples)));
  }
  return {amounts.begin(), amounts.end()};
}

// Pairs of answers to one item by adapters that differ in nothing but their seed.
std::optional<Estimate> agreement_over_seeds(const LearningCurve& curve, Metric metric, std::uint64_t seed) {
  double most = 0;
  for (const CurveRun& run : curve.runs) most = std::max(most, run.amount);
  std::vector<const std::vector<std::string>*> full;
  for (std::size_t i = 0; i < curve.runs.size(); ++i)
    if (curve.runs[i].amount == most) full.push_back(&curve.answers[i]);
  if (full.size() < 2) return std::nullopt;
  std::vector<double> agreements;
  for (std::size_t item = 0; item < full.front()->size(); ++item) {
    std::vector<std::string> answers;
    for (const auto* given : full) answers.push_back(canonical_answer(metric, (*given)[item]));
    agreements.push_back(agreement(answers));
  }
  return estimate_mean(agreements, seed);
}

}  // namespace

LearningCurve learning_curve(const Recipe& recipe, const Splits& splits, std::span<const Example> items,
                             const Yardstick& yardstick, LanguageModel& model, Tuner& tuner,
                             Retriever* retriever, const Path& folder, const LearningCurveOptions& options,
                             const ProgressCallback& progress, const CancelToken& cancel) {
  const std::vector<std::int64_t> amounts = amounts_of(splits.train.size(), options.fractions);
  if (!recipe.tune || amounts.size() < kFewestCurveAmounts) {
    throw_error(
        ErrorCode::invalid_argument,
        "measuring a learning curve of '{}': a recipe that is trained and {} different subsets of its {} "
        "training examples are needed",
        recipe.id, kFewestCurveAmounts, splits.train.size());
  }
  std::vector<RecipeInput> inputs;
  for (const Example& item : items) inputs.push_back(recipe_input(item));
  LearningCurve curve;
  curve.recipe = recipe.id;
  for (int s = 0; s < options.seeds; ++s) {
    for (const std::int64_t amount : amounts) {
      const std::uint64_t seed = options.first_seed + static_cast<std::uint64_t>(s);
      const std::string name = fmt::format("{}-{}-seed{}", recipe.id, amount, seed);
      cancel.check(fmt::format("training {}", name));
      const ProgressCallback named = [&](const Progress& step) {
        if (!progress) return;
        Progress renamed = step;
        renamed.stage = fmt::format("{} on {} examples, seed {}: {}", recipe.id, amount, seed, step.stage);
        progress(renamed);
      };
      Recipe run = recipe;
      run.id = name;
      run.tune->seed = seed;
      run.tune->train_examples = amount;
      const Path adapter = folder / name;
      TuneRequest request = tune_request(run, splits, retriever, adapter);
      Retriever* const used = run.retrieval ? retriever : nullptr;
      request.score = checkpoint_score(run, splits.dev, yardstick, model, used, cancel);
      const TuneResult tuned = tuner.tune(request, named, cancel);
      curve.training_seconds += tuned.seconds;
      run.adapter = AdapterReference{adapter, tuned.sha256};
      load_recipe(run, model);
      RunOptions run_options;
      run_options.batch_items = options.batch_items;
      const std::vector<Answer> answers = run_recipe(run, model, used, inputs, run_options, cancel, named);
      CurveRun measured{static_cast<double>(amount), seed, {}};
      std::vector<std::string> texts;
      for (std::size_t i = 0; i < answers.size(); ++i) {
        measured.scores.push_back(
            score_answer(yardstick.metric, answers[i].text, items[i].reference(), yardstick.labels).score);
        texts.push_back(answers[i].text);
      }
      curve.runs.push_back(std::move(measured));
      curve.answers.push_back(std::move(texts));
    }
  }
  curve.fit = fit_curve(curve.runs, options.first_seed);
  curve.agreement_over_seeds = agreement_over_seeds(curve, yardstick.metric, options.first_seed);
  return curve;
}

Json to_json(const CurveFit& fit) {
  Json points = Json::array(), band = Json::array();
  for (const CurvePoint& point : fit.points) {
    points.push_back({{"amount", point.amount},
                      {"quality", estimate_to_json(point.quality)},
                      {"run_deviation", point.run_deviation}});
  }
  for (const auto& point : fit.band) {
    band.push_back(
        {{"amount", point.amount}, {"estimate", point.estimate}, {"low", point.low}, {"high", point.high}});
  }
  return {{"shape", to_string(fit.best.shape)},
          {"a", fit.best.a},
          {"b", fit.best.b},
          {"c", fit.best.c},
          {"asymptote", fit.asymptote},
          {"doubled_amount", fit.doubled_amount},
          {"gain_of_doubling", estimate_to_json(fit.gain_of_doubling)},
          {"points", points},
          {"band", band}};
}

Json to_json(const LearningCurve& curve) {
  Json runs = Json::array();
  for (std::size_t i = 0; i < curve.runs.size(); ++i) {
    const CurveRun& run = curve.runs[i];
    runs.push_back({{"amount", run.amount},
                    {"seed", run.seed},
                    {"quality", mean(run.scores)},
                    {"scores", run.scores},
                    {"answers", curve.answers[i]}});
  }
  return {{"recipe", curve.recipe},
          {"training_seconds", curve.training_seconds},
          {"fit", to_json(curve.fit)},
          {"agreement_over_seeds",
           curve.agreement_over_seeds ? estimate_to_json(*curve.agreement_over_seeds) : Json(nullptr)},
          {"runs", runs}};
}

LearningCurve learning_curve_from_json(const Json& value) {
  LearningCurve curve;
  curve.recipe = value.at("recipe");
  curve.training_seconds = value.at("training_seconds");
  for (const Json& run : value.at("runs")) {
    curve.runs.push_back({run.at("amount"), run.at("seed"), run.at("scores").get<std::vector<double>>()});
    curve.answers.push_back(run.at("answers").get<std::vector<std::string>>());
  }
  if (!value.at("agreement_over_seeds").is_null())
    curve.agreement_over_seeds = estimate_from_json(value.at("agreement_over_seeds"));
  curve.fit = fit_curve(curve.runs, curve.runs.empty() ? 0 : curve.runs.front().seed);
  return curve;
}

}  // namespace fulcrum
