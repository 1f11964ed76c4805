// Opens what commands work with: the model behind --model, and the index that a recipe asks for.
#pragma once

#include <memory>

#include "cli/command.h"
#include "infer/engine.h"
#include "recipe/recipe.h"

namespace fulcrum {

std::unique_ptr<Engine> open_engine(const Session& session);

// Null for a recipe that does not retrieve. Its tokens are counted as they were when the recipe was made.
std::shared_ptr<Retriever> open_retriever(const Recipe& recipe, const LanguageModel& model);

// A recipe.toml, or a folder that holds one (evidence/.../recipes/few_shot).
Recipe open_recipe(const Path& file_or_folder);

}  // namespace fulcrum
