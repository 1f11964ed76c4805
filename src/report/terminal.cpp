#include "report/terminal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "report/text_table.h"

namespace fulcrum {
namespace {

constexpr std::size_t kSentenceColumns = 100;

std::string seconds_text(double seconds) {
  return seconds < 10 ? fmt::format("{:.1f}", seconds) : number_text(seconds);
}

std::string section(std::string_view title, const std::vector<std::string>& sentences) {
  if (sentences.empty()) return "";
  std::string text = fmt::format("\n  {}\n", title);
  for (const std::string& sentence : sentences) text += wrap_text(sentence, kSentenceColumns, "  · ", "    ");
  return text;
}

std::string table_text(const TaskResult& result) {
  TextTable table;
  const std::string currency = result.task.prices.currency;
  table.add_column("", Align::left);
  table.add_column("recipe", Align::left);
  table.add_column(fmt::format("quality\n{}", to_string(result.task.metric)), Align::left);
  table.add_column("", Align::left);
  table.add_column("same\nanswer", Align::right);
  table.add_column("latency ms\np50 / p95", Align::right);
  table.add_column("tokens a call\nin (cached) + out", Align::right);
  table.add_column(fmt::format("{} per\n1,000 calls", currency), Align::right);
  table.add_column(fmt::format("{}\nup front", currency), Align::right);
  table.add_column("seconds to\niterate", Align::right);
  for (const RecipeResult& recipe : result.recipes) {
    const Measurement& m = recipe.measurement;
    table.add_row({recipe.id == result.verdict.recipe ? "▸" : "", recipe.id, estimate_text(m.quality),
                   recipe.ties_with_best ? "=" : "",
                   m.consistency.overall.n > 0 ? fmt::format("{:.2f}", m.consistency.overall.estimate) : "-",
                   fmt::format("{:.1f} / {:.1f}", m.latency.p50_ms, m.latency.p95_ms),
                   fmt::format("{:.0f} ({:.0f}) + {:.0f}", m.tokens_per_call.prompt, m.tokens_per_call.cached,
                               m.tokens_per_call.completion),
                   money_text(recipe.cost.per_1000_calls()), money_text(recipe.cost.upfront),
                   seconds_text(recipe.seconds_to_iterate)});
  }
  std::string text = table.to_string("  ");
  text += "  = this test set cannot tell it from the best figure; ▸ the verdict\n";
  const auto is_asked = [](const RecipeResult& recipe) {
    return recipe.measurement.consistency.overall.n > 0;
  };
  const auto asked = std::count_if(result.recipes.begin(), result.recipes.end(), is_asked);
  if (asked > 0 && asked < std::ssize(result.recipes))
    text += "  - not measured: under a budget only the recommended recipe is asked again\n";
  return text;
}

std::string break_even_sentence(const BreakEvenLine& line) {
  if (std::isinf(line.calls.calls) || std::isinf(line.months))
    return fmt::format("{} never pays back against {}.", line.recipe, line.against);
  if (line.calls.calls <= 0)
    return fmt::format("{} is cheaper than {} from the first call.", line.recipe, line.against);
  const std::string high = std::isinf(line.calls.high) ? "never" : count_text(line.calls.high);
  std::string text =
      fmt::format("{} pays back against {} from {} calls on ({} to {})", line.recipe, line.against,
                  count_text(line.calls.calls), count_text(line.calls.low), high);
  constexpr double kFarOffMonths = 120;
  if (line.months > kFarOffMonths) {
    text += ", more than ten years off at this task's volume";
  } else {
    text += fmt::format(", {:.1f} months at this task's volume", line.months);
  }
  return text + ".";
}

}  // namespace

std::string estimate_text(const Estimate& estimate) {
  return fmt::format("{:.2f} [{:.2f}, {:.2f}]", estimate.estimate, estimate.low, estimate.high);
}

std::string number_text(double value) {
  std::string digits = fmt::format("{:.0f}", value);
  for (int i = static_cast<int>(digits.size()) - 3; i > 0; i -= 3)
    digits.insert(static_cast<std::size_t>(i), ",");
  return digits;
}

std::string count_text(double value) {
  static constexpr std::array<std::pair<double, const char*>, 3> kWords = {
      {{1e12, "trillion"}, {1e9, "billion"}, {1e6, "million"}}};
  for (const auto& [unit, word] : kWords) {
    if (value < unit) continue;
    const double units = value / unit;
    if (units >= 99.5) return fmt::format("{} {}", number_text(std::round(units / 10) * 10), word);
    return fmt::format("{:.{}f} {}", units, units < 9.95 ? 1 : 0, word);
  }
  return number_text(value);
}

std::string plan_text(const ComparePlan& plan) {
  std::string text = fmt::format("\n{}: {}, {}", plan.task.name, plan.task.kind, to_string(plan.task.metric));
  if (plan.task.circumstances.target) text += fmt::format(", target {:.2f}", *plan.task.circumstances.target);
  text += fmt::format(".\n  {} train, {} dev and {} test items", plan.task.train_items, plan.task.dev_items,
                      plan.task.test_items);
  text += fmt::format(". The smallest difference that these can show: {:.2f}.\n",
                      plan.smallest_detectable_difference);
  for (const std::string& warning : plan.warnings)
    text += wrap_text(warning, kSentenceColumns, "  ! ", "    ");
  return text;
}

std::string task_text(const TaskResult& result) {
  const Verdict& verdict = result.verdict;
  std::string text = "\n" + table_text(result) + "\n";
  text += wrap_text("Verdict: " + verdict.summary, kSentenceColumns, "  ", "  ");
  text += section("Why", verdict.reasons);
  std::vector<std::string> rejected;
  for (const Rejection& each : verdict.rejected)
    rejected.push_back(fmt::format("{}: {}", each.recipe, each.why));
  text += section("Why not the others", rejected);
  std::vector<std::string> break_even;
  for (const BreakEvenLine& line : verdict.break_even) break_even.push_back(break_even_sentence(line));
  text += section("Break-even", break_even);
  text += section("What would change this", verdict.flips_if);
  text += section("What to do next", verdict.next_steps);
  text += section("When to look again", verdict.look_again);
  return text;
}

std::string closing_text(const CompareResult& result) {
  const BaseModelRecord& base = result.base_model;
  const bool frozen = base.sha256_before == base.sha256_after;
  return fmt::format("\nBase model {}, {} parameters: weights {} ({}). {:.0f} seconds in all.\n", base.name,
                     number_text(static_cast<double>(base.parameters)),
                     frozen ? "the same before and after" : "CHANGED during the run",
                     base.sha256_after.substr(0, 12), result.seconds);
}

}  // namespace fulcrum
