#include "decide/investigation.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/error.h"
#include "decide/diagnosis.h"
#include "recipe/levers.h"

namespace fulcrum {
namespace {

class Investigator {
 public:
  Investigator(const InvestigationInput& input, LanguageModel& model, Tuner& tuner, Retriever* retriever,
               const InvestigationOptions& options, const ProgressCallback& progress,
               const CancelToken& cancel)
      : input_(input),
        model_(model),
        tuner_(tuner),
        retriever_(retriever),
        options_(options),
        progress_(progress),
        cancel_(cancel),
        yardstick_(yardstick_of(input.task)) {}

  Investigation run() {
    const auto start = std::chrono::steady_clock::now();
    probe_best_prompt();
    look_at_consistency();
    guard_adapters();
    if (options_.curves == Curves::all) draw_curves();
    found_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return std::move(found_);
  }

 private:
  const InvestigationInput& input_;
  LanguageModel& model_;
  Tuner& tuner_;
  Retriever* retriever_;
  const InvestigationOptions& options_;
  const ProgressCallback& progress_;
  const CancelToken& cancel_;
  Yardstick yardstick_;
  Investigation found_;

  Retriever* retriever_of(const Recipe& recipe) const { return recipe.retrieval ? retriever_ : nullptr; }

  void probe_best_prompt() {
    std::vector<DiagnosedRecipe> recipes;
    for (const MeasuredRecipe& each : input_.recipes)
      recipes.push_back({each.recipe->id, each.recipe->levers, each.measurement});
    const auto best = best_plain_prompt(recipes);
    if (!best) return;
    ProbeOptions options = options_.probes;
    options.seed = input_.seed;
    found_.probes = probe(input_.task, *input_.recipes[*best].recipe, *input_.recipes[*best].measurement,
                          input_.items, model_, retriever_, options, progress_, cancel_);
    found_.sample_curve = sample_curve(*found_.probes, yardstick_.metric, input_.seed);
  }

  void look_at_consistency() {
    ConsistencyOptions options = options_.consistency;
    options.seed = input_.seed;
    for (const MeasuredRecipe& each : input_.recipes) {
      found_.consistency.push_back(consistency_detail(*each.recipe, *each.measurement, input_.items,
                                                      yardstick_, model_, retriever_of(*each.recipe), options,
                                                      progress_, cancel_));
    }
  }

  void guard_adapters() {
    if (!options_.guard_suite) return;
    std::optional<GuardSuite> suite;
    std::optional<GuardRun> before;
    for (const MeasuredRecipe& each : input_.recipes) {
      if (!each.recipe->adapter) continue;
      cancel_.check(fmt::format("guarding {}", each.recipe->id));
      if (!suite) {
        suite = read_guard_suite(*options_.guard_suite);
        before = run_guard(*suite, "", model_, cancel_);
      }
      found_.forgetting.push_back(compare_guard(
          *suite, each.recipe->id, *before, run_guard(*suite, adapter_name(*each.recipe), model_, cancel_),
          input_.task.max_forgetting, input_.seed));
    }
  }

  void draw_curves() {
    const Recipe& base = *input_.recipes.front().recipe;
    DemonstrationCurveOptions demonstrations = options_.demonstrations;
    demonstrations.seed = input_.seed;
    found_.demonstration_curve =
        demonstration_curve(input_.task, base, input_.items, model_, demonstrations, progress_, cancel_);
    for (const MeasuredRecipe& each : input_.recipes) {
      // The adapter without documents shows what is learnt; with documents it would take minutes more a run.
      if (!each.recipe->tune || each.recipe->retrieval) continue;
      LearningCurveOptions learning = options_.learning;
      learning.first_seed = input_.seed;
      found_.learning_curve =
          learning_curve(*each.recipe, input_.task.splits, input_.items, yardstick_, model_, tuner_, nullptr,
                         input_.folder, learning, progress_, cancel_);
      break;
    }
  }
};

}  // namespace

std::optional<std::string> Investigation::blocked(std::string_view recipe) const {
  for (const Forgetting& each : forgetting) {
    if (each.recipe != recipe || !each.exceeded()) continue;
    return fmt::format(
        "It forgets: {:.2f} ({:.2f} to {:.2f}, n = {}) of the general guard items are lost, more than the "
        "{:.2f} that the "
        "task allows.",
        each.loss.difference, each.loss.low, each.loss.high, each.loss.n, *each.limit);
  }
  return std::nullopt;
}

std::optional<std::string> more_data_sentence(const Investigation& investigation) {
  if (!investigation.learning_curve) return std::nullopt;
  const LearningCurve& curve = *investigation.learning_curve;
  const Estimate& gain = curve.fit.gain_of_doubling;
  return fmt::format(
      "Twice the training examples ({:.0f}) would bring {} {:+.2f} to {:+.2f} (estimate {:+.2f}).",
      curve.fit.doubled_amount, curve.recipe, gain.low, gain.high, gain.estimate);
}

Investigation investigate(const InvestigationInput& input, LanguageModel& model, Tuner& tuner,
                          Retriever* retriever, const InvestigationOptions& options,
                          const ProgressCallback& progress, const CancelToken& cancel) {
  if (input.recipes.empty())
    throw_error(ErrorCode::internal, "investigating '{}': no recipe was measured", input.task.name);
  return Investigator(input, model, tuner, retriever, options, progress, cancel).run();
}

}  // namespace fulcrum
