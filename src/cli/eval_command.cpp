// fulcrum eval RECIPE TASK: one recipe over a task's test split.
#include <fmt/format.h>

#include "base/json.h"
#include "cli/command.h"
#include "cli/model_session.h"
#include "measure/evaluation.h"
#include "recipe/task.h"
#include "report/terminal.h"

namespace fulcrum {

void add_eval(CLI::App& app, Session& session) {
  struct Arguments {
    std::string recipe, task, split = "test";
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      add_command(app, session, "eval", "measure one recipe on a task",
                  "fulcrum eval evidence/triage-1a2b3c/recipes/few_shot examples/support-desk/triage.toml");
  command->add_option("recipe", arguments->recipe, "a recipe.toml or its folder")->required();
  command->add_option("task", arguments->task, "a task file")->required();
  command->add_option("--split", arguments->split, "dev or test")->check(CLI::IsMember({"dev", "test"}));
  add_json_option(*command, session);
  command->callback([&session, arguments] {
    const Task task = read_task(find_task_file(arguments->task));
    const Recipe recipe = open_recipe(arguments->recipe);
    const auto engine = open_engine(session);
    load_recipe(recipe, *engine);
    const auto retriever = open_retriever(recipe, *engine);
    EvaluationOptions options;
    options.seed = session.seed;
    const auto& items = arguments->split == "dev" ? task.splits.dev : task.splits.test;
    const Measurement m = evaluate(recipe, *engine, retriever.get(), items, yardstick_of(task), options,
                                   session.progress(), session.cancel);
    session.print(
        fmt::format("{} on {} ({} items): {} {}, same answer {}, latency p50 {:.1f} ms, p95 {:.1f} ms\n",
                    recipe.id, task.name, m.quality.n, to_string(m.metric), estimate_text(m.quality),
                    estimate_text(m.consistency.overall), m.latency.p50_ms, m.latency.p95_ms));
    Json rows = Json::array();
    for (const MeasuredItem& item : m.items) {
      rows.push_back(
          {{"id", item.id}, {"answer", item.answer}, {"reference", item.reference}, {"score", item.score}});
    }
    session.write_json({{"recipe", recipe.id},
                        {"task", task.name},
                        {"split", arguments->split},
                        {"quality",
                         {{"estimate", m.quality.estimate},
                          {"low", m.quality.low},
                          {"high", m.quality.high},
                          {"n", m.quality.n}}},
                        {"items", std::move(rows)}});
  });
}

}  // namespace fulcrum
