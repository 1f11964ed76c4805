#include "measure/consistency.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "base/json.h"
#include "base/random.h"
#include "measure/estimate_json.h"
#include "prompt/edits.h"
#include "recipe/run.h"

namespace fulcrum {
namespace {

std::vector<std::size_t> first_of_shuffle(std::size_t count, std::size_t wanted, std::uint64_t seed,
                                          std::string_view purpose) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  Random(seed, stream_of(purpose)).shuffle(order);
  order.resize(std::min(count, wanted));
  return order;
}

// Every draw of an item is one independent try.
void score_draws(const Measurement& measured, const Yardstick& yardstick, std::uint64_t seed,
                 ConsistencyDetail& detail) {
  std::vector<double> all_right, any_right;
  for (const MeasuredItem& item : measured.items) {
    if (item.resampled.empty()) continue;
    detail.draws = std::max(detail.draws, static_cast<int>(item.resampled.size()));
    std::size_t right = 0;
    for (const std::string& answer : item.resampled)
      right += score_answer(yardstick.metric, answer, item.reference, yardstick.labels).score >= 1;
    all_right.push_back(right == item.resampled.size() ? 1.0 : 0.0);
    any_right.push_back(right > 0 ? 1.0 : 0.0);
  }
  detail.all_right = estimate_mean(all_right, seed);
  detail.any_right = estimate_mean(any_right, seed);
}

}  // namespace

ConsistencyDetail consistency_detail(const Recipe& recipe, const Measurement& measured,
                                     std::span<const Example> items, const Yardstick& yardstick,
                                     LanguageModel& model, Retriever* retriever,
                                     const ConsistencyOptions& options, const ProgressCallback& progress,
                                     const CancelToken& cancel) {
  if (measured.items.size() != items.size()) {
    throw_error(ErrorCode::internal, "asking {} again: {} measured items are given for {} items", recipe.id,
                measured.items.size(), items.size());
  }
  ConsistencyDetail detail;
  detail.recipe = recipe.id;
  score_draws(measured, yardstick, options.seed, detail);

  const auto asked = first_of_shuffle(items.size(), static_cast<std::size_t>(std::max(0, options.items)),
                                      options.seed, "consistency");
  std::vector<RecipeInput> inputs;
  for (const std::size_t i : asked) {
    inputs.push_back(recipe_input(items[i]));
    detail.items.push_back(items[i].id);
  }
  const std::vector<PromptEdit> edits = edits_of(recipe.program);
  auto chosen = first_of_shuffle(edits.size(), static_cast<std::size_t>(std::max(0, options.most_edits)),
                                 options.seed, "prompt edits");
  std::sort(chosen.begin(), chosen.end());
  if (inputs.empty() || chosen.empty()) return detail;

  for (const std::size_t e : chosen) {
    cancel.check(fmt::format("measuring {}", recipe.id));
    const ProgressCallback named = [&](const Progress& step) {
      if (!progress) return;
      Progress renamed = step;
      renamed.stage = fmt::format("{}: asking with an edited prompt", recipe.id);
      progress(renamed);
    };
    Recipe edited = recipe;
    edited.program = edits[e].program;
    RunOptions run_options;
    run_options.batch_items = options.batch_items;
    EditedAnswers answers;
    answers.edit = edits[e].what;
    std::vector<double> scores;
    const auto given = run_recipe(edited, model, retriever, inputs, run_options, cancel, named);
    for (std::size_t k = 0; k < given.size(); ++k) {
      answers.answers.push_back(given[k].text);
      scores.push_back(
          score_answer(yardstick.metric, given[k].text, items[asked[k]].reference(), yardstick.labels).score);
    }
    answers.quality = estimate_mean(scores, options.seed);
    detail.edits.push_back(std::move(answers));
  }
  std::vector<double> agreements;
  for (std::size_t k = 0; k < asked.size(); ++k) {
    std::vector<std::string> answers = {canonical_answer(yardstick.metric, measured.items[asked[k]].answer)};
    for (const EditedAnswers& edit : detail.edits)
      answers.push_back(canonical_answer(yardstick.metric, edit.answers[k]));
    agreements.push_back(agreement(answers));
  }
  detail.edit_agreement = estimate_mean(agreements, options.seed);
  return detail;
}

Json to_json(const ConsistencyDetail& detail) {
  Json edits = Json::array();
  for (const EditedAnswers& edit : detail.edits)
    edits.push_back(
        {{"edit", edit.edit}, {"quality", estimate_to_json(edit.quality)}, {"answers", edit.answers}});
  return {{"recipe", detail.recipe},
          {"items", detail.items},
          {"edit_agreement", estimate_to_json(detail.edit_agreement)},
          {"draws", detail.draws},
          {"all_right", estimate_to_json(detail.all_right)},
          {"any_right", estimate_to_json(detail.any_right)},
          {"edits", edits}};
}

ConsistencyDetail consistency_from_json(const Json& value) {
  ConsistencyDetail detail;
  detail.recipe = value.at("recipe");
  detail.items = value.at("items").get<std::vector<std::string>>();
  detail.edit_agreement = estimate_from_json(value.at("edit_agreement"));
  detail.draws = value.at("draws");
  detail.all_right = estimate_from_json(value.at("all_right"));
  detail.any_right = estimate_from_json(value.at("any_right"));
  for (const Json& edit : value.at("edits")) {
    detail.edits.push_back({edit.at("edit"), edit.at("answers").get<std::vector<std::string>>(),
                            estimate_from_json(edit.at("quality"))});
  }
  return detail;
}

}  // namespace fulcrum
