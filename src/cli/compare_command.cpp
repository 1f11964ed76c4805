// fulcrum compare TASK: the main job.
#include <fmt/format.h>

#include "base/json.h"
#include "cli/command.h"
#include "cli/model_session.h"
#include "cli/search_table.h"
#include "decide/compare.h"
#include "decide/result_json.h"
#include "recipe/task.h"
#include "report/html.h"
#include "report/terminal.h"
#include "train/sft.h"

namespace fulcrum {
namespace {

struct CompareArguments {
  std::string task;
  std::string evidence = "evidence";
  std::string tables;
  std::string budget;
  int max_test_items = 0;
  bool require_target = false, curves = false;
};

void run_compare(Session& session, const CompareArguments& arguments) {
  // Every task is read and checked before anything is computed.
  std::optional<Budget> budget;
  if (!arguments.budget.empty()) budget = parse_budget(arguments.budget);
  std::vector<Task> tasks;
  for (const Path& file : find_task_files(arguments.task)) {
    tasks.push_back(arguments.tables.empty() ? read_task(file) : read_task(file, arguments.tables));
  }

  const auto engine = open_engine(session);
  const ModelFile base = load_model_file(session.model_path());
  LoraTuner tuner(base);
  CompareOptions options;
  options.seed = session.seed;
  options.evidence_root = arguments.evidence;
  options.program_version = FULCRUM_VERSION;
  options.budget = budget;
  // The general suite that trainings are guarded by lies beside the bundled model.
  const Path guard = Path(session.model_path()).parent_path() / "guard" / "general.jsonl";
  if (std::filesystem::exists(guard)) options.investigation.guard_suite = guard;
  if (arguments.curves) options.investigation.curves = Curves::all;
  if (arguments.max_test_items > 0) options.max_test_items = arguments.max_test_items;

  CompareCallbacks callbacks;
  callbacks.progress = session.progress();
  callbacks.planned = [&session](const ComparePlan& plan) {
    session.print(plan_text(plan) + forecast_text(plan));
  };
  callbacks.searched = [&session](const SearchRecord& record) { session.print(search_text(record)); };
  callbacks.finished = [&session](const TaskResult& task) { session.print(task_text(task)); };
  const CompareResult result = compare(tasks, *engine, tuner, options, callbacks, session.cancel);

  // One task: its own folder holds the report. Several: the report over all of them stands beside their
  // folders.
  const Path folder =
      result.tasks.size() == 1 ? Path(result.tasks.front().evidence_folder) : Path(arguments.evidence);
  const Path report = folder / "report.html", figures = folder / "result.json";
  write_file_atomic(report, report_html(result));
  if (result.tasks.size() > 1) write_file_atomic(figures, to_text(to_json(result)));
  session.print(closing_text(result));
  session.print(fmt::format("\nReport:  {}\nFigures: {}\n", report.string(), figures.string()));
  for (const TaskResult& task : result.tasks) {
    session.print(fmt::format("Serve {}:  fulcrum serve {}/recipes/{}\n", task.task.name,
                              task.evidence_folder, task.verdict.recipe));
  }
  session.write_json(to_json(result));

  for (const TaskResult& task : result.tasks) {
    if (arguments.require_target && task.task.circumstances.target && !task.verdict.target_reached) {
      session.status = ExitStatus::target_missed;
    }
  }
}

}  // namespace

void add_compare(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<CompareArguments>();
  CLI::App* command =
      add_command(app, session, "compare", "pull every lever on a task and say which to use (the main job)",
                  "fulcrum compare examples/support-desk --json result.json");
  command->add_option("task", arguments->task, "a task file, or a folder of them")->required();
  command->add_option("--data", arguments->tables, "folder with the CSV tables of a task that reads [table]");
  command->add_option("--evidence", arguments->evidence, "where the evidence folders go")
      ->capture_default_str();
  command
      ->add_option("--max-test-items", arguments->max_test_items,
                   "test at most so many items, drawn by the seed")
      ->check(CLI::PositiveNumber);
  command->add_option("--budget", arguments->budget,
                      "race many recipes within so much time or money (20m, 5eur) instead of measuring the "
                      "standard ones");
  command->add_flag("--curves", arguments->curves,
                    "also measure how quality grows with examples and demonstrations (takes longer)");
  command->add_flag("--require-target", arguments->require_target,
                    "exit with status 3 if a verdict misses its target");
  add_json_option(*command, session);
  command->callback([&session, arguments] { run_compare(session, *arguments); });
}

}  // namespace fulcrum
