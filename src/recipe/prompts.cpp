#include "recipe/prompts.h"

#include <algorithm>
#include <chrono>

#include "base/error.h"
#include "prompt/rewordings.h"

namespace fulcrum {
namespace {

// How deep a search looks for chunks of the documents that hold the answer.
constexpr std::int64_t kSearchedForGold = 100;

}  // namespace

RecipeInput recipe_input(const Example& example) {
  return {example.input(), example.documents};
}

PromptMaker::PromptMaker(const Recipe& recipe, Retriever* retriever, const PromptOptions& options)
    : recipe_(recipe),
      program_(reword(recipe.program, options.rewording)),
      retriever_(retriever),
      passages_(options.passages) {
  if (program_.passages > 0 && retriever == nullptr) {
    throw_error(ErrorCode::internal, "running the recipe '{}': it retrieves, and no index was given",
                recipe_.id);
  }
  if (program_.choice == DemonstrationChoice::nearest) finder_.emplace(program_.demonstrations);
}

PreparedPrompt PromptMaker::make(const RecipeInput& input) const {
  PreparedPrompt prompt;
  const auto start = std::chrono::steady_clock::now();
  const std::vector<Passage> passages = find_passages(input);
  prompt.search_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::vector<std::string> texts;
  for (const Passage& passage : passages) {
    const Chunk& chunk = passage.chunk;
    texts.push_back(chunk.text);
    prompt.sources.push_back({chunk.id(), chunk.document, chunk.begin_bytes, chunk.end_bytes, passage.score});
  }
  prompt.messages = build_messages(program_, input.prompt, texts, finder_ ? &*finder_ : nullptr);
  return prompt;
}

std::vector<Passage> PromptMaker::find_passages(const RecipeInput& input) const {
  if (program_.passages <= 0) return {};
  if (passages_ == PassageSource::search)
    return retriever_->search(input.prompt.question(), program_.passages);
  std::vector<Passage> passages = retriever_->passages_of(input.gold_documents);
  const auto limit = static_cast<std::size_t>(program_.passages);
  if (passages.size() <= limit) return passages;
  // Of longer documents the chunks that a search ranks best; without any the first ones.
  std::vector<std::string> ranked;
  for (const Passage& found : retriever_->search(input.prompt.question(), kSearchedForGold))
    ranked.push_back(found.chunk.id());
  const auto rank_of = [&](const Passage& passage) {
    return std::find(ranked.begin(), ranked.end(), passage.chunk.id()) - ranked.begin();
  };
  std::stable_sort(passages.begin(), passages.end(),
                   [&](const Passage& a, const Passage& b) { return rank_of(a) < rank_of(b); });
  passages.resize(limit);
  return passages;
}

PreparedPrompt prepare_prompt(const Recipe& recipe, const RecipeInput& input, Retriever* retriever,
                              const PromptOptions& options) {
  return PromptMaker(recipe, retriever, options).make(input);
}

}  // namespace fulcrum
