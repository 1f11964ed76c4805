#include "recipe/tune_toml.h"

#include <fmt/ranges.h>

#include <array>
#include <limits>

#include "base/error.h"

namespace fulcrum {
namespace {

constexpr std::array<std::string_view, 7> kModules = {"q_proj",    "k_proj",  "v_proj",   "o_proj",
                                                      "gate_proj", "up_proj", "down_proj"};

int positive(TomlTable& table, std::string_view key, int fallback) {
  const std::int64_t value = table.integer(key, fallback);
  if (value < 1 || value > std::numeric_limits<int>::max()) {
    table.refuse(key, fmt::format("must be at least 1, and it is {}", value));
  }
  return static_cast<int>(value);
}

double above_zero(TomlTable& table, std::string_view key, double fallback) {
  const double value = table.number(key, fallback);
  if (!(value > 0)) table.refuse(key, fmt::format("must be above 0, and it is {}", value));
  return value;
}

}  // namespace

TuneSettings read_tune_settings(TomlTable& table) {
  TuneSettings settings;
  settings.rank = positive(table, "rank", settings.rank);
  settings.alpha = above_zero(table, "alpha", settings.alpha);
  settings.learning_rate = above_zero(table, "learning_rate", settings.learning_rate);
  settings.max_epochs = positive(table, "max_epochs", settings.max_epochs);
  settings.batch_examples = positive(table, "batch_examples", settings.batch_examples);
  settings.patience_epochs = positive(table, "patience_epochs", settings.patience_epochs);
  // TOML's integers are signed: a seed above 2^63 is written as its two's complement.
  settings.seed = static_cast<std::uint64_t>(table.integer("seed", 0));
  settings.target_modules = table.texts("target_modules");
  for (const std::string& name : settings.target_modules) {
    if (std::find(kModules.begin(), kModules.end(), name) == kModules.end()) {
      table.refuse("target_modules",
                   fmt::format("there is no '{}'; layers are {}", name, fmt::join(kModules, ", ")));
    }
  }
  if (table.has("train_examples")) settings.train_examples = positive(table, "train_examples", 1);
  table.finish();
  return settings;
}

std::string tune_settings_text(const TuneSettings& settings) {
  std::string modules;
  for (const std::string& name : settings.target_modules)
    modules += (modules.empty() ? "" : ", ") + toml_quote(name);
  std::string text = fmt::format(
      "rank = {}\nalpha = {}\nlearning_rate = {}\nmax_epochs = {}\nbatch_examples = {}\npatience_epochs = "
      "{}\nseed = {}\n"
      "target_modules = [{}]\n",
      settings.rank, settings.alpha, settings.learning_rate, settings.max_epochs, settings.batch_examples,
      settings.patience_epochs, static_cast<std::int64_t>(settings.seed), modules);
  if (settings.train_examples) text += fmt::format("train_examples = {}\n", *settings.train_examples);
  return text;
}

}  // namespace fulcrum
