// Why the best plain prompt fails, item by item: by what the interventions on it brought right
// (measure/causes.h), and by the other recipes' answers to the same items.
//
// Each failed item gets the first cause that holds:
//   format                the answer has not the form asked for, or is right once its form is overlooked
//   knowledge missing     right once the documents that hold the answer are in the context, and retrieval
//   brings them not retrieved         the same, but retrieval did not find them not read              such a
//   document was in the context and the answer is still wrong, where given alone or a
//                         fine-tuned recipe reads it
//   not in the documents  the documents do not hold the answer, and nothing measured knows it
//   behaviour             right once the model is fine-tuned, without documents
//   boundary              right in another prompt, with more demonstrations or in a draw: near, and on the
//   wrong side beyond                nothing that was measured gets it right
//
// Without interventions the causes rest on the measured recipes alone.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "measure/causes.h"
#include "measure/evaluation.h"

namespace fulcrum {

struct DiagnosedRecipe {
  std::string id;
  std::vector<std::string> levers;
  const Measurement* measurement = nullptr;  // all over the same items in the same order
};

struct Diagnosis {
  std::string recipe;  // the plain prompt whose failures were looked at; empty if none was measured
  std::int64_t items = 0, failures = 0;
  struct Cause {
    std::string cause;
    std::int64_t count = 0;
    double share = 0;                   // of the failures
    std::vector<std::string> examples;  // ids of at most three items
    double low = 0, high = 0;           // of the share
    Estimate of_items;                  // share of all items
  };
  std::vector<Cause> causes;               // most frequent first; only those that occur
  std::vector<std::string> item_causes;    // one an item; empty where the recipe is right
  std::vector<LabelConfusion> confusions;  // of `recipe`; classification only, at most ten
  // Of the items whose answering documents are known, how many had one among the retrieved; absent without
  // retrieval.
  std::optional<double> retrieved_gold_share;
  // Of the items whose answer would have to stand in a document, how many have none that holds it; absent if
  // not known.
  std::optional<Estimate> documents_lack_answer;
  // What one change to the plain prompt made of it, on the items that it could be tried on.
  struct Intervention {
    std::string name;  // "oracle_context", "oracle_format", "constrained_format", "more_demonstrations",
                       // "any_of_n_samples"
    Estimate before, after;
  };
  std::vector<Intervention> interventions;
  double share_of(std::string_view cause) const;
};

// An item fails if its score is below 1. `probes` may be null; else they are of one of the recipes, which is
// then the one diagnosed.
Diagnosis diagnose(std::span<const DiagnosedRecipe> recipes, const Probes* probes = nullptr);

// What the diagnosis says, in sentences with figures and intervals; none without failures.
std::vector<std::string> cause_sentences(const Diagnosis& diagnosis);

// The plain prompt that is probed and diagnosed: the best of those without documents and adapter; absent
// without one.
std::optional<std::size_t> best_plain_prompt(std::span<const DiagnosedRecipe> recipes);

}  // namespace fulcrum
