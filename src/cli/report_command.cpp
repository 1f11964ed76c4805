// fulcrum report EVIDENCE...: the HTML report of finished runs.
#include <fmt/format.h>

#include <cstdlib>

#include "base/json.h"
#include "cli/command.h"
#include "decide/evidence.h"
#include "report/html.h"

namespace fulcrum {

void add_report(CLI::App& app, Session& session) {
  struct Arguments {
    std::vector<std::string> folders;
    std::string output = "report.html";
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = add_command(app, session, "report", "write the HTML report of finished comparisons",
                                  "fulcrum report evidence/triage-1a2b3c --output triage.html");
  command->add_option("evidence", arguments->folders, "evidence folders")->required();
  command->add_option("--output", arguments->output, "the file to write")->capture_default_str();
  command->callback([&session, arguments] {
    CompareResult all;
    for (const std::string& folder : arguments->folders) {
      CompareResult one = read_evidence(folder).result;
      if (all.tasks.empty()) {
        all = std::move(one);
        continue;
      }
      if (one.base_model.sha256_after != all.base_model.sha256_after) {
        throw_error(ErrorCode::invalid_argument,
                    "reporting on {}: its base model is another one than that of {}", folder,
                    arguments->folders.front());
      }
      all.seconds += one.seconds;
      for (TaskResult& task : one.tasks) all.tasks.push_back(std::move(task));
    }
    write_file_atomic(arguments->output, report_html(all));
    session.print(fmt::format("Report: {}\n", arguments->output));
  });
}

}  // namespace fulcrum
