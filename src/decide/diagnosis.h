// Why the best plain prompt fails, item by item, as far as the other recipes' answers to the same items show
// it.
//
// Each failed item gets the first cause that holds:
//   format             the answer has not the form asked for: empty, no JSON, none of the labels
//   knowledge missing  right once documents are in the context
//   behaviour          right once the model is fine-tuned, without documents
//   not retrieved      wrong with documents, and none that holds the answer was among those retrieved
//   not read           such a document was in the context, and the answer is still wrong
//   beyond             no measured recipe gets it right
//   boundary           some other recipe gets it right: the label or the value next to the right one
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

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
  };
  std::vector<Cause> causes;               // most frequent first; only those that occur
  std::vector<LabelConfusion> confusions;  // of `recipe`; classification only, at most ten
  // Of the items whose answering documents are known, how many had one among the retrieved; absent without
  // retrieval.
  std::optional<double> retrieved_gold_share;
  double share_of(std::string_view cause) const;
};

// An item fails if its score is below 1.
Diagnosis diagnose(std::span<const DiagnosedRecipe> recipes);

}  // namespace fulcrum
