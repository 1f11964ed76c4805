// The exact messages of a recipe for one input: what running, training, serving and `fulcrum prompt` share,
// so that a model is trained on, measured with and served the same prompt.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "prompt/program.h"
#include "recipe/examples.h"
#include "recipe/recipe.h"
#include "retrieve/retriever.h"

namespace fulcrum {

struct RecipeInput {
  PromptInput prompt;
  std::vector<std::string> gold_documents;  // for PassageSource::gold
};
RecipeInput recipe_input(const Example& example);

// gold: the item's own documents instead of a search, to tell what is lost in finding from what is lost in
// reading.
enum class PassageSource { search, gold };

struct PromptOptions {
  int rewording = 0;  // prompt/rewordings.h
  PassageSource passages = PassageSource::search;
};

// A chunk that was put before the question.
struct Source {
  std::string id;  // "refunds.md#0"
  std::string document;
  std::size_t begin_bytes = 0, end_bytes = 0;
  double score = 0;
};

struct PreparedPrompt {
  std::vector<Message> messages;
  std::vector<Source> sources;  // in the order in which the model is given them: [1], [2], ...
  double search_seconds = 0;
};

// Keeps a reference to the recipe. Error internal if the recipe retrieves and `retriever` is null.
class PromptMaker {
 public:
  PromptMaker(const Recipe& recipe, Retriever* retriever, const PromptOptions& options);
  PreparedPrompt make(const RecipeInput& input) const;

 private:
  const Recipe& recipe_;
  PromptProgram program_;
  Retriever* retriever_;
  PassageSource passages_;
  std::optional<DemonstrationFinder> finder_;
  std::vector<Passage> find_passages(const RecipeInput& input) const;
};

// One prompt on its own.
PreparedPrompt prepare_prompt(const Recipe& recipe, const RecipeInput& input, Retriever* retriever,
                              const PromptOptions& options);

}  // namespace fulcrum
