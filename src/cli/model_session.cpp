#include "cli/model_session.h"

#include "retrieve/index.h"

namespace fulcrum {

std::unique_ptr<Engine> open_engine(const Session& session) {
  EngineOptions options;
  options.threads = session.threads;
  return Engine::load(session.model_path(), options);
}

std::shared_ptr<Retriever> open_retriever(const Recipe& recipe, const LanguageModel& model) {
  if (!recipe.retrieval) return nullptr;
  TokenCounter counter = count_words;
  if (recipe.retrieval->counter_name != "words") {
    counter = [&model](std::string_view text) { return model.count_tokens(text); };
  }
  return Index::open(":memory:", index_settings(recipe, std::move(counter)));
}

Recipe open_recipe(const Path& file_or_folder) {
  if (std::filesystem::is_directory(file_or_folder)) return read_recipe(file_or_folder / "recipe.toml");
  return read_recipe(file_or_folder);
}

}  // namespace fulcrum
