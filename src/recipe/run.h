// Running a recipe: inputs in, answers out. The same code for measuring, serving and trying by hand.
//
// Answers depend on the recipe, the input, the documents and the sampling seed, and not on which inputs run
// together.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/progress.h"
#include "recipe/prompts.h"
#include "recipe/training.h"
#include "text/lm.h"

namespace fulcrum {

struct RunOptions : PromptOptions {
  // Sampled instead of greedy, for agreement over resampling: temperature, cuts and seed. A label is then
  // drawn by its likelihood. Each item draws from a stream of its own.
  std::optional<Sampling> sampling;
  // What each answer is held to while it is written, reasoning left out (text/lm.h); empty: nothing. Says
  // nothing where the answer is chosen among labels.
  std::string json_schema;
  std::size_t batch_items = 32;  // asked of the model at once
  // For a run over one input: called with each new piece of the answer, reasoning left out. The pieces
  // together are Answer::text. What is chosen or voted upon comes in one piece.
  std::function<void(std::string_view)> on_text;
};

struct LabelScore {
  std::string label;
  double log_likelihood = 0;
};

struct Answer {
  std::string item;
  std::string text;  // the answer, trimmed, without reasoning; for a chosen label its name
  std::string reasoning;
  std::string raw;                       // as the model wrote it; the label for a chosen one
  std::vector<LabelScore> label_scores;  // Decoding::choose, in the order of the labels
  std::vector<Source> sources;           // in the order in which the model was given them: [1], [2], ...
  FinishReason finish_reason = FinishReason::stop;
  Usage usage;
  double seconds = 0;         // of the model, all calls for this item together
  double search_seconds = 0;  // of finding passages
  std::string prompt_sha256;  // of the exact rendered prompt
  int agreeing = 1;           // of program.votes
};

// In the order of the inputs. Takes in changed documents first. Error too_large names the first item whose
// prompt does not fit, and by how many tokens.
std::vector<Answer> run_recipe(const Recipe& recipe, LanguageModel& model, Retriever* retriever,
                               std::span<const RecipeInput> inputs, const RunOptions& options,
                               const CancelToken& cancel, const ProgressCallback& progress);

}  // namespace fulcrum
