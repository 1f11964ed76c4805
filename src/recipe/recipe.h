// A recipe: one concrete way to do a task. It is a file (recipe.toml); it is what is measured, decided upon,
// served and exported. Everything that decides its answers is in it or is named by it with a digest.
//
// Paths are absolute (or relative to the working folder) in memory and relative to the recipe's own folder on
// disk, so that a folder with a recipe in it can be moved.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "prompt/program.h"
#include "recipe/tune_settings.h"
#include "retrieve/index.h"
#include "text/lm.h"

namespace fulcrum {

struct BaseModel {
  std::string name;
  std::string sha256;  // of the weights; empty for a remote model
  Path file;
  bool operator==(const BaseModel&) const = default;
};

struct RetrievalSettings {
  Path documents;
  ChunkSettings chunks;
  std::string counter_name = "words";
  std::string index_sha256;  // what the index held when the recipe was made; documents may change, this tells
  bool operator==(const RetrievalSettings&) const = default;
};

struct AdapterReference {
  Path folder;         // PEFT
  std::string sha256;  // of adapter_model.safetensors
  bool operator==(const AdapterReference&) const = default;
};

struct Recipe {
  std::string id;                   // "retrieval+few_shot"; also the model's name when served
  std::string task;                 // the task's name
  std::vector<std::string> levers;  // of "prompt", "few_shot", "reasoning", "retrieval", "fine_tune"
  BaseModel base;
  PromptProgram program;
  std::optional<RetrievalSettings> retrieval;
  std::optional<TuneSettings> tune;         // present: this recipe needs an adapter
  std::optional<AdapterReference> adapter;  // present once it has been trained
  bool operator==(const Recipe&) const = default;
};

void write_recipe(const Recipe& recipe, const Path& file);
Recipe read_recipe(const Path& file);
// The file's text, as it would stand in `folder`.
std::string recipe_text(const Recipe& recipe, const Path& folder);
// Of everything that decides the answers; where files lie does not.
std::string recipe_sha256(const Recipe& recipe);

// The name under which the recipe's adapter is loaded; empty if it has none.
std::string adapter_name(const Recipe& recipe);
// Makes the model ready for the recipe: loads its adapter. Error invalid_argument if the base model is not
// the recipe's (both digests named), or if the recipe needs an adapter and has none yet.
void load_recipe(const Recipe& recipe, LanguageModel& model);
// The settings to open the recipe's index with. Error internal if the recipe does not retrieve.
IndexSettings index_settings(const Recipe& recipe, TokenCounter count_tokens);

}  // namespace fulcrum
