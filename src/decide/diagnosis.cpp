#include "decide/diagnosis.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "decide/rule.h"
#include "recipe/levers.h"

namespace fulcrum {

namespace {

constexpr std::size_t kExamples = 3, kConfusions = 10;

bool has(const DiagnosedRecipe& recipe, std::string_view lever) {
  return std::find(recipe.levers.begin(), recipe.levers.end(), lever) != recipe.levers.end();
}

bool is_right(const MeasuredItem& item) {
  return item.score >= 1.0;
}

bool holds_gold(const MeasuredItem& item) {
  return std::any_of(item.gold_documents.begin(), item.gold_documents.end(), [&](const std::string& gold) {
    return std::find(item.documents.begin(), item.documents.end(), gold) != item.documents.end();
  });
}

// What is known of one failed item.
struct Findings {
  bool right_with_documents = false, right_when_tuned = false, right_when_tuned_with_documents = false;
  bool right_anywhere = false;                            // under any other recipe, demonstrations or draw
  bool documents_known = false, documents_found = false;  // by retrieval
  std::optional<bool> right_in_oracle_format, right_in_constrained_format, right_in_oracle_context,
      in_documents;
};

Findings findings_of(std::size_t index, std::span<const DiagnosedRecipe> recipes, const Probes* probes) {
  Findings found;
  for (const DiagnosedRecipe& recipe : recipes) {
    const MeasuredItem& item = recipe.measurement->items[index];
    const bool retrieves = has(recipe, lever::kRetrieval), tuned = has(recipe, lever::kFineTune);
    const bool right = is_right(item);
    found.right_anywhere = found.right_anywhere || right;
    found.right_with_documents = found.right_with_documents || (right && retrieves && !tuned);
    found.right_when_tuned = found.right_when_tuned || (right && tuned && !retrieves);
    found.right_when_tuned_with_documents =
        found.right_when_tuned_with_documents || (right && tuned && retrieves);
    found.documents_known = found.documents_known || (retrieves && !item.gold_documents.empty());
    found.documents_found = found.documents_found || (retrieves && holds_gold(item));
  }
  if (!probes) return found;
  found.right_in_oracle_format = probes->right_under(intervention::kOracleFormat, index);
  found.right_in_constrained_format = probes->right_under(intervention::kConstrainedFormat, index);
  found.right_in_oracle_context = probes->right_under(intervention::kOracleContext, index);
  if (index < probes->in_documents.size()) found.in_documents = probes->in_documents[index];
  found.right_anywhere = found.right_anywhere || probes->any_sample_right(index) ||
                         probes->right_under(intervention::kMoreDemonstrations, index).value_or(false);
  return found;
}

std::string_view cause_of(const MeasuredItem& failed, const Findings& found) {
  // Where the form was ensured, its share is what that made right; elsewhere a wrong form is all that is
  // known.
  const bool form_alone = found.right_in_constrained_format.value_or(!failed.well_formed);
  if (form_alone || found.right_in_oracle_format.value_or(false)) return "format";
  if (found.right_with_documents) return "knowledge missing";
  if (found.right_in_oracle_context.value_or(false)) {
    if (!found.documents_known) return "knowledge missing";  // no recipe searches
    return found.documents_found ? "not read" : "not retrieved";
  }
  if (found.right_when_tuned) return "behaviour";
  if (found.right_in_oracle_context) {  // tried, and wrong with the right document alone
    if (found.right_when_tuned_with_documents) return "not read";
    return found.right_anywhere ? "boundary" : "beyond";
  }
  if (found.in_documents && !*found.in_documents && !found.right_anywhere) return "not in the documents";
  if (found.documents_known) return found.documents_found ? "not read" : "not retrieved";
  return found.right_anywhere ? "boundary" : "beyond";
}

void count_causes(Diagnosis& diagnosis, const std::vector<MeasuredItem>& items,
                  std::span<const DiagnosedRecipe> recipes, const Probes* probes) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    diagnosis.item_causes.emplace_back();
    if (is_right(items[i])) continue;
    ++diagnosis.failures;
    const std::string_view name = cause_of(items[i], findings_of(i, recipes, probes));
    auto cause = std::find_if(diagnosis.causes.begin(), diagnosis.causes.end(),
                              [&](const auto& known) { return known.cause == name; });
    if (cause == diagnosis.causes.end()) {
      cause = diagnosis.causes.emplace(cause);
      cause->cause = name;
    }
    ++cause->count;
    diagnosis.item_causes.back() = name;
    if (cause->examples.size() < kExamples) cause->examples.push_back(items[i].id);
  }
  for (auto& cause : diagnosis.causes) {
    const auto count = static_cast<double>(cause.count);
    cause.share = count / static_cast<double>(diagnosis.failures);
    const Interval of_failures = wilson_interval(count, diagnosis.failures);
    const Interval of_items = wilson_interval(count, diagnosis.items);
    cause.low = of_failures.low;
    cause.high = of_failures.high;
    cause.of_items = {count / static_cast<double>(diagnosis.items), of_items.low, of_items.high,
                      diagnosis.items};
  }
  std::stable_sort(diagnosis.causes.begin(), diagnosis.causes.end(),
                   [](const auto& a, const auto& b) { return a.count > b.count; });
}

void list_interventions(Diagnosis& diagnosis, const Probes& probes) {
  for (const InterventionArm& arm : probes.arms)
    diagnosis.interventions.push_back({arm.name, arm.quality_before, arm.quality});
  std::vector<double> one, any;
  std::size_t draws = 0;
  for (std::size_t i = 0; i < probes.samples.size(); ++i) {
    const std::vector<double>& scores = probes.samples[i].scores;
    if (scores.empty()) continue;
    draws = std::max(draws, scores.size());
    one.push_back(mean(scores));
    any.push_back(probes.any_sample_right(i) ? 1.0 : 0.0);
  }
  if (draws > 0) {
    diagnosis.interventions.push_back(
        {fmt::format("any_of_{}_samples", draws), estimate_mean(one, 0), estimate_mean(any, 0)});
  }
}

std::string percent(double share) {
  return fmt::format("{:.0f}%", 100 * share);
}

std::string percent(const Estimate& share) {
  return fmt::format("{} ({} to {}, n = {})", percent(share.estimate), percent(share.low),
                     percent(share.high), share.n);
}

std::string what_was_changed(std::string_view intervention) {
  if (intervention == intervention::kOracleContext) return "With the right document in the context";
  if (intervention == intervention::kConstrainedFormat) return "With decoding held to the form of the answer";
  if (intervention == intervention::kOracleFormat) return "With the form of the answer overlooked";
  if (intervention == intervention::kMoreDemonstrations) return "With as many demonstrations as fit";
  return "Counting the best of several draws";
}

}  // namespace

double Diagnosis::share_of(std::string_view cause) const {
  for (const Cause& known : causes)
    if (known.cause == cause) return known.share;
  return 0;
}

std::optional<std::size_t> best_plain_prompt(std::span<const DiagnosedRecipe> recipes) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < recipes.size(); ++i) {
    if (!is_prompt_only(recipes[i].levers)) continue;
    const double quality = recipes[i].measurement->quality.estimate;
    if (!best || quality > recipes[*best].measurement->quality.estimate) best = i;
  }
  return best;
}

Diagnosis diagnose(std::span<const DiagnosedRecipe> recipes, const Probes* probes) {
  Diagnosis diagnosis;
  for (const DiagnosedRecipe& recipe : recipes) {
    if (!has(recipe, lever::kRetrieval) || diagnosis.retrieved_gold_share) continue;
    std::int64_t known = 0, found = 0;
    for (const MeasuredItem& item : recipe.measurement->items) {
      known += !item.gold_documents.empty();
      found += holds_gold(item);
    }
    if (known > 0) diagnosis.retrieved_gold_share = static_cast<double>(found) / static_cast<double>(known);
  }
  std::optional<std::size_t> prompt = best_plain_prompt(recipes);
  if (probes) {
    const auto probed = std::find_if(recipes.begin(), recipes.end(), [&](const DiagnosedRecipe& recipe) {
      return recipe.id == probes->recipe;
    });
    if (probed != recipes.end()) prompt = static_cast<std::size_t>(probed - recipes.begin());
    diagnosis.documents_lack_answer = documents_lack_answer(*probes);
    list_interventions(diagnosis, *probes);
  }
  if (!prompt) return diagnosis;

  const DiagnosedRecipe& diagnosed = recipes[*prompt];
  const std::vector<MeasuredItem>& items = diagnosed.measurement->items;
  diagnosis.recipe = diagnosed.id;
  diagnosis.items = static_cast<std::int64_t>(items.size());
  count_causes(diagnosis, items, recipes, probes);

  const Metric metric = diagnosed.measurement->metric;
  if (metric == Metric::accuracy || metric == Metric::macro_f1) {
    std::vector<std::string> answers, references;
    for (const MeasuredItem& item : items) {
      answers.push_back(item.answer);
      references.push_back(item.reference);
    }
    diagnosis.confusions = confusions(answers, references);
    if (diagnosis.confusions.size() > kConfusions) diagnosis.confusions.resize(kConfusions);
  }
  return diagnosis;
}

std::vector<std::string> cause_sentences(const Diagnosis& diagnosis) {
  std::vector<std::string> sentences;
  if (diagnosis.failures == 0) return sentences;
  std::vector<std::string> causes;
  for (const Diagnosis::Cause& cause : diagnosis.causes)
    causes.push_back(fmt::format("{} {} ({} to {})", cause.cause, percent(cause.share), percent(cause.low),
                                 percent(cause.high)));
  sentences.push_back(fmt::format("{} fails on {} of {} items: {}.", diagnosis.recipe, diagnosis.failures,
                                  diagnosis.items, fmt::join(causes, ", ")));
  if (diagnosis.documents_lack_answer)
    sentences.push_back(
        fmt::format("The documents miss {} of the answers.", percent(*diagnosis.documents_lack_answer)));
  for (const Diagnosis::Intervention& each : diagnosis.interventions) {
    sentences.push_back(fmt::format("{} it measures {:.2f} ({:.2f} to {:.2f}) instead of {:.2f}, n = {}.",
                                    what_was_changed(each.name), each.after.estimate, each.after.low,
                                    each.after.high, each.before.estimate, each.after.n));
  }
  return sentences;
}

}  // namespace fulcrum
