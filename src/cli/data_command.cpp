// fulcrum data check TASK: everything that can be wrong with a task's files, before anything runs.
#include <fmt/format.h>

#include <map>

#include "base/json.h"
#include "cli/command.h"
#include "measure/power.h"
#include "recipe/task.h"

namespace fulcrum {
namespace {

void check_task(Session& session, const Path& file, Json& report) {
  const Task task = read_task(file);
  session.print(fmt::format("{}: {}, {}; {} train, {} dev, {} test items; SHA-256 {}\n", task.name,
                            to_string(task.kind), to_string(task.metric), task.splits.train.size(),
                            task.splits.dev.size(), task.splits.test.size(), task.sha256.substr(0, 16)));
  Json classes = Json::object();
  if (task.kind == TaskKind::classification) {
    std::map<std::string, std::int64_t> counts;
    for (const Example& example : task.splits.train) ++counts[example.reference()];
    for (const auto& [label, count] : counts) {
      session.print(fmt::format("  {:24} {:5} train items\n", label, count));
      classes[label] = count;
    }
  }
  report.push_back({{"task", task.name},
                    {"sha256", task.sha256},
                    {"train", task.splits.train.size()},
                    {"dev", task.splits.dev.size()},
                    {"test", task.splits.test.size()},
                    {"classes", std::move(classes)}});
}

}  // namespace

void add_data(CLI::App& app, Session& session) {
  CLI::App* data = app.add_subcommand("data", "look at a task's data without running anything");
  data->require_subcommand(1);
  auto path = std::make_shared<std::string>();
  CLI::App* check =
      data->add_subcommand("check", "every bad row, overlap and conflict, by file, line and field");
  check->footer("Example:\n  fulcrum data check examples/support-desk");
  check->add_option("task", *path, "a task file, or a folder of them")->required();
  add_json_option(*check, session);
  check->callback([&session, path] {
    Json report = Json::array();
    for (const Path& file : find_task_files(*path)) check_task(session, file, report);
    session.print("Nothing is wrong with these files.\n");
    session.write_json(report);
  });
}

}  // namespace fulcrum
