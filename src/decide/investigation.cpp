#include "decide/investigation.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/error.h"
#include "decide/adapter_guard.h"
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
    std::optional<AdapterGuard> guard;
    for (const MeasuredRecipe& each : input_.recipes) {
      if (!each.recipe->adapter) continue;
      if (!guard)
        guard.emplace(*options_.guard_suite, model_, input_.task.max_forgetting, input_.seed, cancel_);
      found_.forgetting.push_back(guard->ask(*each.recipe));
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

std::optional<Sentence> Investigation::blocked(std::string_view recipe) const {
  for (std::size_t i = 0; i < forgetting.size(); ++i) {
    const Forgetting& each = forgetting[i];
    if (each.recipe != recipe || !each.exceeded()) continue;
    Sentence s;
    const auto figure = [&](const char* part, double value) {
      return s.cite(fmt::format("investigation.forgetting[{}].{}", i, part), value);
    };
    return s.saying(
        fmt::format("It forgets: {:.2f} ({:.2f} to {:.2f}, n = {:.0f}) of the general guard items are lost, "
                    "more than the "
                    "{:.2f} that the task allows.",
                    figure("loss.difference", each.loss.difference), figure("loss.low", each.loss.low),
                    figure("loss.high", each.loss.high), figure("loss.n", static_cast<double>(each.loss.n)),
                    figure("limit", *each.limit)));
  }
  return std::nullopt;
}

std::optional<Sentence> more_data_sentence(const Investigation& investigation) {
  if (!investigation.learning_curve) return std::nullopt;
  const LearningCurve& curve = *investigation.learning_curve;
  const Estimate& gain = curve.fit.gain_of_doubling;
  Sentence s;
  const auto figure = [&](const char* part, double value) {
    return s.cite(fmt::format("investigation.learning_curve.fit.{}", part), value);
  };
  return s.saying(fmt::format(
      "Twice the training examples ({:.0f}) would bring {} {:+.2f} to {:+.2f} (estimate {:+.2f}).",
      figure("doubled_amount", curve.fit.doubled_amount), curve.recipe,
      figure("gain_of_doubling.low", gain.low), figure("gain_of_doubling.high", gain.high),
      figure("gain_of_doubling.estimate", gain.estimate)));
}

Investigation investigate(const InvestigationInput& input, LanguageModel& model, Tuner& tuner,
                          Retriever* retriever, const InvestigationOptions& options,
                          const ProgressCallback& progress, const CancelToken& cancel) {
  if (input.recipes.empty())
    throw_error(ErrorCode::internal, "investigating '{}': no recipe was measured", input.task.name);
  return Investigator(input, model, tuner, retriever, options, progress, cancel).run();
}

}  // namespace fulcrum
