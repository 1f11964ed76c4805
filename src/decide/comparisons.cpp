#include "decide/comparisons.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "base/error.h"
#include "measure/multiplicity.h"
#include "recipe/levers.h"

namespace fulcrum {

namespace {

// The levers that a recipe adds to the plain prompt.
std::set<std::string> added_levers(const Arm& arm) {
  std::set<std::string> levers(arm.levers.begin(), arm.levers.end());
  levers.erase(std::string(lever::kPrompt));
  return levers;
}

bool lacks_exactly_one(const std::set<std::string>& fewer, const std::set<std::string>& more) {
  return more.size() == fewer.size() + 1 &&
         std::includes(more.begin(), more.end(), fewer.begin(), fewer.end());
}

Statistic macro_f1_of(const Arm& arm) {
  return [&arm](std::span<const std::uint32_t> indices) { return macro_f1(arm.labelled, indices); };
}

}  // namespace

Arm arm_of(const std::string& recipe, const std::vector<std::string>& levers,
           const Measurement& measurement) {
  Arm arm{recipe, levers, measurement.metric, scores_of(measurement), {}};
  if (measurement.metric == Metric::macro_f1) {
    std::vector<std::string> answers, references;
    for (const MeasuredItem& item : measurement.items) {
      answers.push_back(item.answer);
      references.push_back(item.reference);
    }
    arm.labelled = number_labels(answers, references);
  }
  return arm;
}

bool Comparison::proven() const {
  return p_value < kSignificanceLevel;
}

Comparison compare_arms(const Arm& a, const Arm& b, std::uint64_t seed) {
  const PairedResult result = a.metric == Metric::macro_f1
                                  ? compare_paired_statistic(static_cast<std::int64_t>(a.scores.size()),
                                                             macro_f1_of(a), macro_f1_of(b), seed)
                                  : compare_paired(a.scores, b.scores, seed);
  return {a.recipe,    b.recipe,       result.difference, result.low,
          result.high, result.p_value, result.p_value,    result.test};
}

void adjust_by_holm(std::vector<Comparison>& comparisons) {
  std::vector<double> p_values;
  for (const Comparison& comparison : comparisons) p_values.push_back(comparison.p_value_unadjusted);
  const std::vector<double> adjusted = holm_adjusted(p_values);
  for (std::size_t i = 0; i < comparisons.size(); ++i) comparisons[i].p_value = adjusted[i];
}

std::vector<Comparison> compare_ladder(std::span<const Arm> arms, const std::string& base,
                                       std::uint64_t seed) {
  const auto untouched =
      std::find_if(arms.begin(), arms.end(), [&](const Arm& arm) { return arm.recipe == base; });
  if (untouched == arms.end())
    throw_error(ErrorCode::invalid_argument, "comparing recipes: the base recipe '{}' was not measured",
                base);
  std::vector<Comparison> comparisons;
  for (const Arm& arm : arms)
    if (arm.recipe != base) comparisons.push_back(compare_arms(arm, *untouched, seed));
  for (const Arm& arm : arms)
    for (const Arm& neighbour : arms)
      if (neighbour.recipe != base && lacks_exactly_one(added_levers(neighbour), added_levers(arm)))
        comparisons.push_back(compare_arms(arm, neighbour, seed));
  adjust_by_holm(comparisons);
  return comparisons;
}

std::vector<double> item_values(const Arm& arm) {
  if (arm.metric != Metric::macro_f1) return arm.scores;
  const Statistic statistic = macro_f1_of(arm);
  std::vector<std::uint32_t> indices(arm.scores.size());
  std::iota(indices.begin(), indices.end(), 0U);
  const double n = static_cast<double>(indices.size()), whole = statistic(indices);
  std::vector<double> values;
  for (std::size_t left_out = 0; left_out < arm.scores.size(); ++left_out) {
    std::vector<std::uint32_t> kept = indices;
    kept.erase(kept.begin() + static_cast<std::ptrdiff_t>(left_out));
    values.push_back(n * whole - (n - 1) * statistic(kept));
  }
  // The pseudo-values' mean is the bias-corrected figure; moved so that it is the figure that was measured.
  const double shift = whole - mean(values);
  for (double& value : values) value += shift;
  return values;
}

}  // namespace fulcrum
