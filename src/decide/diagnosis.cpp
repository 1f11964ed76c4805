#include "decide/diagnosis.h"

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

std::string_view cause_of(std::size_t index, const MeasuredItem& failed,
                          std::span<const DiagnosedRecipe> recipes) {
  bool right_with_documents = false, right_when_tuned = false, right_anywhere = false;
  bool documents_known = false, documents_found = false;
  for (const DiagnosedRecipe& recipe : recipes) {
    const MeasuredItem& item = recipe.measurement->items[index];
    const bool retrieves = has(recipe, lever::kRetrieval), tuned = has(recipe, lever::kFineTune);
    right_anywhere = right_anywhere || is_right(item);
    right_with_documents = right_with_documents || (is_right(item) && retrieves && !tuned);
    right_when_tuned = right_when_tuned || (is_right(item) && tuned && !retrieves);
    documents_known = documents_known || (retrieves && !item.gold_documents.empty());
    documents_found = documents_found || (retrieves && holds_gold(item));
  }
  if (!failed.well_formed) return "format";
  if (right_with_documents) return "knowledge missing";
  if (right_when_tuned) return "behaviour";
  if (documents_known) return documents_found ? "not read" : "not retrieved";
  return right_anywhere ? "boundary" : "beyond";
}

}  // namespace

double Diagnosis::share_of(std::string_view cause) const {
  for (const Cause& known : causes)
    if (known.cause == cause) return known.share;
  return 0;
}

Diagnosis diagnose(std::span<const DiagnosedRecipe> recipes) {
  Diagnosis diagnosis;
  const DiagnosedRecipe* prompt = nullptr;
  for (const DiagnosedRecipe& recipe : recipes) {
    if (is_prompt_only(recipe.levers) &&
        (!prompt || recipe.measurement->quality.estimate > prompt->measurement->quality.estimate))
      prompt = &recipe;
    if (has(recipe, lever::kRetrieval) && !diagnosis.retrieved_gold_share) {
      std::int64_t known = 0, found = 0;
      for (const MeasuredItem& item : recipe.measurement->items) {
        known += !item.gold_documents.empty();
        found += holds_gold(item);
      }
      if (known > 0) diagnosis.retrieved_gold_share = static_cast<double>(found) / static_cast<double>(known);
    }
  }
  if (!prompt) return diagnosis;

  diagnosis.recipe = prompt->id;
  const std::vector<MeasuredItem>& items = prompt->measurement->items;
  diagnosis.items = static_cast<std::int64_t>(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (is_right(items[i])) continue;
    ++diagnosis.failures;
    const std::string_view name = cause_of(i, items[i], recipes);
    auto cause = std::find_if(diagnosis.causes.begin(), diagnosis.causes.end(),
                              [&](const auto& known) { return known.cause == name; });
    if (cause == diagnosis.causes.end())
      cause = diagnosis.causes.insert(cause, {std::string(name), 0, 0, {}});
    ++cause->count;
    if (cause->examples.size() < kExamples) cause->examples.push_back(items[i].id);
  }
  for (auto& cause : diagnosis.causes)
    cause.share = static_cast<double>(cause.count) / static_cast<double>(diagnosis.failures);
  std::stable_sort(diagnosis.causes.begin(), diagnosis.causes.end(),
                   [](const auto& a, const auto& b) { return a.count > b.count; });

  const Metric metric = prompt->measurement->metric;
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

}  // namespace fulcrum
