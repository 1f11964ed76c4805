#include "cli/search_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "measure/cost.h"
#include "report/terminal.h"
#include "report/text_table.h"

namespace fulcrum {
namespace {

constexpr std::size_t kWhyColumns = 70;

std::string seconds_text(double seconds) {
  return seconds < 10 ? fmt::format("{:.1f}", seconds) : number_text(seconds);
}

// Confirmed first, then those that lasted longest.
std::vector<const SearchedArm*> by_fate(const SearchRecord& record) {
  std::vector<const SearchedArm*> arms;
  for (const SearchedArm& arm : record.arms) arms.push_back(&arm);
  std::stable_sort(arms.begin(), arms.end(), [](const SearchedArm* a, const SearchedArm* b) {
    const bool first = a->fate == ArmFate::confirmed, second = b->fate == ArmFate::confirmed;
    if (first != second) return first;
    if (a->dev.n != b->dev.n) return a->dev.n > b->dev.n;
    return a->share > b->share;
  });
  return arms;
}

// The first line of a sentence, shortened with dots.
std::string shortened(const std::string& sentence) {
  return sentence.size() <= kWhyColumns ? sentence : sentence.substr(0, kWhyColumns - 3) + "...";
}

}  // namespace

std::string forecast_text(const ComparePlan& plan) {
  if (plan.budget_seconds)
    return fmt::format(
        "  A race of {} recipes on the dev items, within {} seconds; the test is met at the end.\n",
        plan.recipes.size(), seconds_text(*plan.budget_seconds));
  if (plan.forecasts.empty()) return "";
  const std::string& currency = plan.task.prices.currency;
  TextTable table;
  table.add_column("recipe", Align::left);
  table.add_column("ms a call", Align::right);
  table.add_column("training s", Align::right);
  table.add_column("measuring s", Align::right);
  table.add_column(currency, Align::right);
  double seconds = 0, cost = 0;
  for (const RecipeForecast& forecast : plan.forecasts) {
    table.add_row({forecast.recipe, fmt::format("{:.1f}", 1000 * forecast.seconds_per_call),
                   forecast.training_seconds > 0 ? seconds_text(forecast.training_seconds) : "",
                   seconds_text(forecast.measuring_seconds), money_text(forecast.cost)});
    seconds += forecast.seconds();
    cost += forecast.cost;
  }
  return fmt::format(
      "  Expected here, from a few items timed:\n{}  About {} seconds and {} {} in all, if no training "
      "stops early.\n",
      table.to_string("    "), seconds_text(seconds), money_text(cost), currency);
}

std::string search_text(const SearchRecord& record) {
  TextTable table;
  table.add_column("", Align::left);
  table.add_column("recipe", Align::left);
  table.add_column("dev quality\n(holds at every look)", Align::left);
  table.add_column("items", Align::right);
  table.add_column("taken\non", Align::right);
  table.add_column("seconds", Align::right);
  table.add_column("fate", Align::left);
  table.add_column("round", Align::right);
  table.add_column("why", Align::left);
  for (const SearchedArm* arm : by_fate(record)) {
    const bool answered = arm->dev.n > 0;
    table.add_row({arm->fate == ArmFate::confirmed ? "▸" : "", arm->id,
                   answered ? estimate_text(arm->dev) : "", answered ? fmt::format("{}", arm->dev.n) : "",
                   answered ? fmt::format("{:.0f}%", 100 * arm->share) : "",
                   arm->seconds > 0 ? seconds_text(arm->seconds) : "", std::string(to_string(arm->fate)),
                   fmt::format("{}", arm->round), shortened(arm->why)});
  }
  return fmt::format(
      "\n  The race: {} recipes, {} dev items, {} rounds, {} of {} seconds; everything measured would take "
      "about "
      "{}.\n{}  ▸ goes on to the test items\n",
      record.arms.size(), record.dev_items, record.rounds.size(), seconds_text(record.search_seconds),
      seconds_text(record.budget_seconds), seconds_text(record.exhaustive_seconds), table.to_string("  "));
}

}  // namespace fulcrum
