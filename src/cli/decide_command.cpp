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
    std::string priced_as, price_list;
    std::optional<double> exchange_rate;
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
  command
      ->add_option("--right-answer", arguments->overrides.right_answer_worth,
                   "what a right answer is worth: the choice is then what is worth the most")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--priced-as", arguments->priced_as,
                      "price each call's tokens as this provider's model (gpt-4.1-mini, ...) would");
  command->add_option("--price-list", arguments->price_list,
                      "a list of prices of your own; default: the dated one in the program");
  command
      ->add_option("--exchange-rate", arguments->exchange_rate,
                   "what one unit of the price list's currency costs in the task's")
      ->check(CLI::PositiveNumber);
  add_json_option(*command, session);
  command->callback([&session, arguments] {
    const Evidence evidence = read_evidence(arguments->folder);
    if (!arguments->priced_as.empty()) {
      const auto list =
          arguments->price_list.empty() ? bundled_price_list() : read_price_list(arguments->price_list);
      TokenPrices listed = find_price(list, arguments->priced_as);
      session.print(
          fmt::format("Calls priced as {} of {}, as of {} ({}): {:g} {} for a million prompt tokens, {:g} "
                      "for cached ones, {:g} "
                      "for a million completion tokens.\n",
                      listed.model, listed.provider, listed.date, listed.source, listed.prompt,
                      listed.currency, listed.cached_prompt, listed.completion));
      if (arguments->exchange_rate)
        listed = converted(listed, evidence.task().task.prices.currency, *arguments->exchange_rate);
      arguments->overrides.priced_as = listed;
    }
    CompareResult result = evidence.result;
    result.tasks = {decide_again(evidence, arguments->overrides)};
    session.print(task_text(result.tasks.front()));
    session.write_json(to_json(result));
  });
}

}  // namespace fulcrum
