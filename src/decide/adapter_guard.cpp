#include "decide/adapter_guard.h"

#include <fmt/format.h>

namespace fulcrum {

AdapterGuard::AdapterGuard(const Path& suite, LanguageModel& model, std::optional<double> limit,
                           std::uint64_t seed, const CancelToken& cancel)
    : suite_(read_guard_suite(suite)),
      model_(model),
      limit_(limit),
      seed_(seed),
      cancel_(cancel),
      before_(run_guard(suite_, "", model, cancel)) {}

Forgetting AdapterGuard::ask(const Recipe& recipe) const {
  cancel_.check(fmt::format("guarding {}", recipe.id));
  load_recipe(recipe, model_);
  return compare_guard(suite_, recipe.id, before_, run_guard(suite_, adapter_name(recipe), model_, cancel_),
                       limit_, seed_);
}

}  // namespace fulcrum
