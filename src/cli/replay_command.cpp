// fulcrum replay EVIDENCE: every recipe again, and what differs. Times are not compared.
#include <fmt/format.h>

#include "base/json.h"
#include "cli/command.h"
#include "cli/model_session.h"
#include "decide/replay.h"

namespace fulcrum {

void add_replay(CLI::App& app, Session& session) {
  auto folders = std::make_shared<std::vector<std::string>>();
  CLI::App* command =
      add_command(app, session, "replay", "run recorded recipes again and compare bit for bit",
                  "fulcrum replay evidence/triage-1a2b3c");
  command->add_option("evidence", *folders, "evidence folders")->required();
  add_json_option(*command, session);
  command->callback([&session, folders] {
    const auto engine = open_engine(session);
    Json report = Json::array();
    for (const std::string& folder : *folders) {
      const ReplayResult result = replay(read_evidence(folder), *engine, session.progress(), session.cancel);
      Json differences = Json::array();
      for (const ReplayDifference& each : result.differences) {
        differences.push_back(
            {{"where", each.where}, {"recorded", each.recorded}, {"replayed", each.replayed}});
      }
      if (result.differences.empty()) {
        session.print(
            fmt::format("{}: the same, bit for bit ({} figures and answers; times are not compared).\n",
                        folder, result.compared));
      } else {
        session.status = ExitStatus::failed;
        session.print(fmt::format("{}: {} of {} figures and answers differ:\n", folder,
                                  result.differences.size(), result.compared));
        constexpr std::size_t kShown = 20;
        for (std::size_t i = 0; i < std::min(kShown, result.differences.size()); ++i) {
          const ReplayDifference& each = result.differences[i];
          session.print(fmt::format("  {}: recorded {}, now {}\n", each.where, each.recorded, each.replayed));
        }
        if (result.differences.size() > kShown) {
          session.print(
              fmt::format("  and {} more; --json lists them all\n", result.differences.size() - kShown));
        }
      }
      report.push_back(
          {{"evidence", folder}, {"compared", result.compared}, {"differences", std::move(differences)}});
    }
    session.write_json(report);
  });
}

}  // namespace fulcrum
