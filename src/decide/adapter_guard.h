// The guard suite asked of the untouched base once and then of every adapter that comes up: what each has
// forgotten, against the limit of the task. The same for recipes that a budget found and for the standard
// ones.
#pragma once

#include <cstdint>
#include <optional>

#include "base/file.h"
#include "base/progress.h"
#include "measure/guard.h"
#include "recipe/recipe.h"
#include "text/lm.h"

namespace fulcrum {

class AdapterGuard {
 public:
  // Reads the suite and asks the base.
  AdapterGuard(const Path& suite, LanguageModel& model, std::optional<double> limit, std::uint64_t seed,
               const CancelToken& cancel);
  // Loads the recipe, which must have its adapter.
  Forgetting ask(const Recipe& recipe) const;

 private:
  const GuardSuite suite_;
  LanguageModel& model_;
  const std::optional<double> limit_;
  const std::uint64_t seed_;
  const CancelToken& cancel_;
  const GuardRun before_;
};

}  // namespace fulcrum
