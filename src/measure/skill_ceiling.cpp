#include "measure/skill_ceiling.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/error.h"
#include "base/json.h"
#include "measure/estimate_json.h"
#include "prompt/demonstrations.h"
#include "recipe/run.h"

namespace fulcrum {
namespace {

class DemonstrationLadder {
 public:
  DemonstrationLadder(const Task& task, const Recipe& prompt, std::span<const Example> items,
                      LanguageModel& model, const DemonstrationCurveOptions& options,
                      const ProgressCallback& progress, const CancelToken& cancel)
      : task_(task),
        prompt_(prompt),
        items_(items),
        model_(model),
        options_(options),
        progress_(progress),
        cancel_(cancel),
        yardstick_(yardstick_of(task)) {
    for (const Example& example : task.splits.train) pool_.push_back(example.demonstration());
    for (const Example& item : items) inputs_.push_back(recipe_input(item));
    most_ = *std::max_element(options.counts.begin(), options.counts.end());
    chosen_ = choose_demonstrations(pool_, most_, options.seed);
  }

  DemonstrationCurve run() {
    DemonstrationCurve curve;
    curve.recipe = prompt_.id;
    curve.points.push_back(measure(prompt_, DemonstrationChoice::fixed, 0));
    std::vector<std::int64_t> shown;
    for (const std::int64_t count : options_.counts) {
      const std::int64_t fitting = most_that_fits(std::min(count, static_cast<std::int64_t>(chosen_.size())));
      if (fitting > (shown.empty() ? 0 : shown.back())) shown.push_back(fitting);
    }
    for (const std::int64_t count : shown)
      curve.points.push_back(measure(fixed(count), DemonstrationChoice::fixed, count));
    const std::size_t fixed_points = curve.points.size();
    for (std::size_t i = 1; i < fixed_points; ++i) {
      const std::int64_t count = nearest_at(curve.points[i].prompt_tokens, 2 * shown[i - 1]);
      const bool repeated =
          curve.points.back().choice == DemonstrationChoice::nearest && curve.points.back().shown >= count;
      if (count > 0 && !repeated)
        curve.points.push_back(measure(nearest(count), DemonstrationChoice::nearest, count));
    }
    return curve;
  }

 private:
  const Task& task_;
  const Recipe& prompt_;
  std::span<const Example> items_;
  LanguageModel& model_;
  const DemonstrationCurveOptions& options_;
  const ProgressCallback& progress_;
  const CancelToken& cancel_;
  Yardstick yardstick_;
  std::vector<Demonstration> pool_, chosen_;
  std::vector<RecipeInput> inputs_;
  std::int64_t most_ = 0;

  Recipe fixed(std::int64_t count) const {
    Recipe recipe = prompt_;
    recipe.id = fmt::format("{} with {} demonstrations", prompt_.id, count);
    recipe.program.demonstrations.assign(chosen_.begin(), chosen_.begin() + count);
    recipe.program.shown = count;
    return recipe;
  }

  Recipe nearest(std::int64_t count) const {
    Recipe recipe = prompt_;
    recipe.id = fmt::format("{} with the {} nearest demonstrations", prompt_.id, count);
    recipe.program.choice = DemonstrationChoice::nearest;
    recipe.program.demonstrations = pool_;
    recipe.program.shown = count;
    return recipe;
  }

  std::vector<std::int64_t> prompt_tokens(const Recipe& recipe) const {
    const PromptMaker prompts(recipe, nullptr, PromptOptions{});
    std::vector<std::int64_t> tokens;
    for (const RecipeInput& input : inputs_)
      tokens.push_back(model_.count_tokens(prompts.make(input).messages));
    return tokens;
  }

  static double mean_of(const std::vector<std::int64_t>& tokens) {
    double sum = 0;
    for (const std::int64_t count : tokens) sum += static_cast<double>(count);
    return sum / static_cast<double>(tokens.size());
  }

  bool fits(const std::vector<std::int64_t>& tokens) const {
    const std::int64_t context_tokens = model_.info().context_tokens;
    const PromptProgram& program = prompt_.program;
    const std::int64_t answer =
        program.max_answer_tokens +
        (program.reasoning == Reasoning::think_first ? program.max_reasoning_tokens + 8 : 0);
    return context_tokens <= 0 || *std::max_element(tokens.begin(), tokens.end()) + answer <= context_tokens;
  }

  std::int64_t most_that_fits(std::int64_t count) const {
    while (count > 0 && !fits(prompt_tokens(fixed(count)))) --count;
    return count;
  }

  // How many nearest ones a prompt may show without costing more tokens, in the mean, than a fixed one.
  std::int64_t nearest_at(double tokens, std::int64_t at_most) const {
    std::int64_t best = 0;
    for (std::int64_t count = 1; count <= std::min(at_most, static_cast<std::int64_t>(pool_.size()));
         ++count) {
      const std::vector<std::int64_t> counted = prompt_tokens(nearest(count));
      if (!fits(counted) || mean_of(counted) > tokens) break;
      best = count;
    }
    return best;
  }

  DemonstrationPoint measure(const Recipe& recipe, DemonstrationChoice choice, std::int64_t count) const {
    cancel_.check(fmt::format("measuring {}", recipe.id));
    RunOptions run_options;
    run_options.batch_items = options_.batch_items;
    DemonstrationPoint point;
    point.choice = choice;
    point.shown = count;
    point.prompt_tokens = mean_of(prompt_tokens(recipe));
    const std::vector<Answer> answers =
        run_recipe(recipe, model_, nullptr, inputs_, run_options, cancel_, progress_);
    for (std::size_t i = 0; i < answers.size(); ++i) {
      point.scores.push_back(
          score_answer(yardstick_.metric, answers[i].text, items_[i].reference(), yardstick_.labels).score);
    }
    point.quality = estimate_mean(point.scores, options_.seed);
    return point;
  }
};

// C(right, draws) / C(all, draws) and its like, as products that do not overflow: the chance that `draws`
// different ones of `all` all are among `some`.
double chance_all_among(int some, int all, int draws) {
  double chance = 1;
  for (int i = 0; i < draws; ++i) chance *= static_cast<double>(std::max(0, some - i)) / (all - i);
  return chance;
}

}  // namespace

DemonstrationCurve demonstration_curve(const Task& task, const Recipe& prompt, std::span<const Example> items,
                                       LanguageModel& model, const DemonstrationCurveOptions& options,
                                       const ProgressCallback& progress, const CancelToken& cancel) {
  if (!prompt.program.demonstrations.empty() || prompt.retrieval || prompt.tune || items.empty() ||
      options.counts.empty()) {
    throw_error(
        ErrorCode::invalid_argument,
        "measuring a demonstration curve of '{}': a prompt without demonstrations, documents and adapter is "
        "expected, and items and counts to measure it at",
        prompt.id);
  }
  return DemonstrationLadder(task, prompt, items, model, options, progress, cancel).run();
}

std::vector<SamplePoint> sample_curve(const Probes& probes, Metric metric, std::uint64_t seed) {
  int drawn = 0;
  for (const SampledItem& item : probes.samples)
    drawn = std::max(drawn, static_cast<int>(item.scores.size()));
  std::vector<SamplePoint> points;
  for (int n = 1; n <= drawn; ++n) {
    std::vector<double> any, all, majority;
    for (const SampledItem& item : probes.samples) {
      const int count = static_cast<int>(item.scores.size());
      if (count < n) continue;
      const auto right = static_cast<int>(
          std::count_if(item.scores.begin(), item.scores.end(), [](double score) { return score >= 1; }));
      any.push_back(1 - chance_all_among(count - right, count, n));
      all.push_back(chance_all_among(right, count, n));
      std::vector<std::string> canonical;
      for (int i = 0; i < n; ++i)
        canonical.push_back(canonical_answer(metric, item.answers[static_cast<std::size_t>(i)]));
      majority.push_back(item.scores[vote(canonical).first]);
    }
    if (any.empty()) continue;
    points.push_back({n, estimate_mean(any, seed), estimate_mean(all, seed), estimate_mean(majority, seed)});
  }
  return points;
}

Json to_json(const DemonstrationCurve& curve) {
  Json points = Json::array();
  for (const DemonstrationPoint& point : curve.points) {
    points.push_back({{"choice", to_string(point.choice)},
                      {"shown", point.shown},
                      {"prompt_tokens", point.prompt_tokens},
                      {"quality", estimate_to_json(point.quality)},
                      {"scores", point.scores}});
  }
  return {{"recipe", curve.recipe}, {"points", points}};
}

DemonstrationCurve demonstration_curve_from_json(const Json& value) {
  DemonstrationCurve curve;
  curve.recipe = value.at("recipe");
  for (const Json& entry : value.at("points")) {
    DemonstrationPoint point;
    point.choice = entry.at("choice") == to_string(DemonstrationChoice::nearest)
                       ? DemonstrationChoice::nearest
                       : DemonstrationChoice::fixed;
    point.shown = entry.at("shown");
    point.prompt_tokens = entry.at("prompt_tokens");
    point.quality = estimate_from_json(entry.at("quality"));
    point.scores = entry.at("scores").get<std::vector<double>>();
    curve.points.push_back(std::move(point));
  }
  return curve;
}

Json to_json(std::span<const SamplePoint> points) {
  Json list = Json::array();
  for (const SamplePoint& point : points) {
    list.push_back({{"samples", point.samples},
                    {"any_right", estimate_to_json(point.any_right)},
                    {"all_right", estimate_to_json(point.all_right)},
                    {"majority_right", estimate_to_json(point.majority_right)}});
  }
  return list;
}

}  // namespace fulcrum
