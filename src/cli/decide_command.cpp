// fulcrum decide EVIDENCE: the verdict again, under other prices, volumes or targets. Nothing is run.
#include <fmt/format.h>

#include "base/json.h"
#include "cli/command.h"
#include "decide/evidence.h"
#include "decide/result_json.h"
#include "report/terminal.h"

namespace fulcrum {

void add_decide(CLI::App& app, Session& session) {
  struct Arguments {
    std::string folder;
    DecisionOverrides overrides;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      add_command(app, session, "decide", "recompute a verdict with other prices, volumes or targets",
                  "fulcrum decide evidence/triage-1a2b3c --calls-per-month 500000 --target 0.8");
  command->add_option("evidence", arguments->folder, "an evidence folder")->required();
  command->add_option("--target", arguments->overrides.target, "the quality wanted, 0 to 1")
      ->check(CLI::Range(0.0, 1.0));
  command->add_option("--calls-per-month", arguments->overrides.calls_per_month, "the volume")
      ->check(CLI::NonNegativeNumber);
  command
      ->add_option("--months", arguments->overrides.horizon_months, "the horizon that costs are counted over")
      ->check(CLI::PositiveNumber);
  command->add_option("--machine-hour", arguments->overrides.machine_hour_price, "price of a machine-hour")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--label", arguments->overrides.label_price, "price of one labelled example")
      ->check(CLI::NonNegativeNumber);
  add_json_option(*command, session);
  command->callback([&session, arguments] {
    const Evidence evidence = read_evidence(arguments->folder);
    CompareResult result = evidence.result;
    result.tasks = {decide_again(evidence, arguments->overrides)};
    session.print(task_text(result.tasks.front()));
    session.write_json(to_json(result));
  });
}

}  // namespace fulcrum
