// TuneSettings as a TOML table: [fine_tune] of a task and [tune] of a recipe.
#pragma once

#include <string>

#include "base/toml.h"
#include "recipe/tune_settings.h"

namespace fulcrum {

// Reads and finishes the table. What is not there keeps its default.
TuneSettings read_tune_settings(TomlTable& table);
// One "key = value" line each.
std::string tune_settings_text(const TuneSettings& settings);

}  // namespace fulcrum
