// fulcrum tune TASK: the fine-tuned recipe of a task, without the comparison.
#include <fmt/format.h>

#include "base/json.h"
#include "cli/command.h"
#include "cli/model_session.h"
#include "cli/progress_bar.h"
#include "measure/checkpoint_score.h"
#include "recipe/levers.h"
#include "recipe/run.h"
#include "recipe/task.h"
#include "train/sft.h"

namespace fulcrum {
namespace {

struct TuneArguments {
  std::string task, output, recipe = "fine_tuned";
};

void run_tune(Session& session, const TuneArguments& arguments) {
  const Task task = read_task(find_task_file(arguments.task));
  const auto engine = open_engine(session);
  const ModelInfo info = engine->info();
  std::unique_ptr<Index> index;
  if (task.documents) {
    index = Index::open(":memory:", {*task.documents, {task.limits.chunk_tokens, 0}, count_words, "words"});
  }
  LeverOptions options;
  options.base = {info.name, info.sha256, info.file};
  options.seed = session.seed;
  std::vector<Recipe> recipes = standard_recipes(task, options, *engine, index.get());
  std::erase_if(recipes, [&](const Recipe& recipe) { return recipe.id != arguments.recipe || !recipe.tune; });
  if (recipes.empty()) {
    throw_error(ErrorCode::invalid_argument,
                "tuning for {}: there is no fine-tuned recipe '{}'; try fine_tuned{}", task.name,
                arguments.recipe, task.documents ? " or fine_tuned+retrieval" : "");
  }
  Recipe recipe = recipes.front();
  const Path folder = arguments.output;
  const ModelFile base = load_model_file(session.model_path());
  LoraTuner tuner(base);
  TuneRequest request = tune_request(recipe, task.splits, index.get(), folder / "adapter");
  request.score = checkpoint_score(recipe, task.splits.dev, yardstick_of(task), *engine,
                                   recipe.retrieval ? index.get() : nullptr, session.cancel);
  const TuneResult result = tuner.tune(request, session.progress(), session.cancel);
  recipe.adapter = AdapterReference{result.folder, result.sha256};
  write_recipe(recipe, folder / "recipe.toml");
  const auto& best = result.epochs.at(static_cast<std::size_t>(result.best_epoch));
  session.print(fmt::format(
      "{}: {} trainable parameters, {} tokens in {}; epoch {} of {} is kept (dev loss {:.4f}{})\n",
      (folder / "recipe.toml").string(), result.trainable_parameters, result.trained_tokens,
      format_duration(result.seconds), result.best_epoch + 1, result.epochs.size(), best.dev_loss,
      best.score ? fmt::format(", {} on dev {:.3f}", to_string(task.metric), *best.score) : ""));
  Json epochs = Json::array();
  for (const auto& epoch : result.epochs) {
    epochs.push_back({{"train_loss", epoch.train_loss},
                      {"dev_loss", epoch.dev_loss},
                      {"dev_score", epoch.score ? Json(*epoch.score) : Json(nullptr)}});
  }
  session.write_json({{"recipe", (folder / "recipe.toml").string()},
                      {"sha256", result.sha256},
                      {"seconds", result.seconds},
                      {"trained_tokens", result.trained_tokens},
                      {"epochs", std::move(epochs)}});
}

}  // namespace

void add_tune(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<TuneArguments>();
  CLI::App* command = add_command(app, session, "tune", "fine-tune an adapter for a task",
                                  "fulcrum tune examples/support-desk/triage.toml --output triage-tuned");
  command->add_option("task", arguments->task, "a task file")->required();
  command->add_option("--output", arguments->output, "folder for recipe.toml and the adapter (PEFT)")
      ->required();
  command->add_option("--recipe", arguments->recipe, "fine_tuned or fine_tuned+retrieval")
      ->capture_default_str();
  add_json_option(*command, session);
  command->callback([&session, arguments] { run_tune(session, *arguments); });
}

}  // namespace fulcrum
