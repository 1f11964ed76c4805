// fulcrum report EVIDENCE...: the report of finished runs, as an HTML page or as Markdown for a pull request;
// fulcrum report RUN.log.jsonl: that of a pretraining run.
#include <fmt/format.h>

#include <cstdlib>

#include "base/json.h"
#include "cli/command.h"
#include "decide/evidence.h"
#include "report/html.h"
#include "report/markdown.h"
#include "report/training_page.h"

namespace fulcrum {

void add_report(CLI::App& app, Session& session) {
  struct Arguments {
    std::vector<std::string> folders;
    std::string output = "report.html";
    std::string markdown;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = add_command(app, session, "report", "write the report of finished comparisons",
                                  "fulcrum report evidence/triage-1a2b3c --output triage.html");
  command->add_option("evidence", arguments->folders, "evidence folders, or the log of a pretraining run")
      ->required();
  command->add_option("--output", arguments->output, "the file to write")->capture_default_str();
  command->add_option("--markdown", arguments->markdown,
                      "write Markdown for a pull request to this file instead (- for standard output)");
  command->callback([&session, arguments] {
    if (arguments->folders.front().ends_with(".jsonl")) {
      if (arguments->folders.size() > 1 || !arguments->markdown.empty())
        throw_error(ErrorCode::invalid_argument,
                    "reporting on {}: a training log is drawn alone and as HTML; give nothing else",
                    arguments->folders.front());
      const Path log = arguments->folders.front();
      write_file_atomic(arguments->output, training_html(read_file(log), log.filename().string()));
      return session.print(fmt::format("Report: {}\n", arguments->output));
    }
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
    if (arguments->markdown == "-") return session.print(report_markdown(all));
    if (!arguments->markdown.empty()) {
      write_file_atomic(arguments->markdown, report_markdown(all));
      return session.print(fmt::format("Report: {}\n", arguments->markdown));
    }
    write_file_atomic(arguments->output, report_html(all));
    session.print(fmt::format("Report: {}\n", arguments->output));
  });
}

}  // namespace fulcrum
