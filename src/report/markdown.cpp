#include "report/markdown.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

#include "report/terminal.h"

namespace fulcrum {
namespace {

std::string row(std::initializer_list<std::string> cells) {
  std::string line = "|";
  for (const std::string& cell : cells) line += " " + cell + " |";
  return line + "\n";
}

std::string list(std::string_view title, const std::vector<std::string>& sentences) {
  if (sentences.empty()) return "";
  std::string text = fmt::format("\n**{}**\n\n", title);
  for (const std::string& sentence : sentences) text += "- " + escape_markdown(sentence) + "\n";
  return text;
}

std::string recipes_table(const TaskResult& task) {
  const std::string currency = escape_markdown(task.task.prices.currency);
  std::string text = row({"recipe", fmt::format("quality ({})", to_string(task.task.metric)), "same answer",
                          "latency ms, p50 / p95", currency + " per 1,000 calls", currency + " up front"});
  text += "|---|---|---|---|---|---|\n";
  for (const RecipeResult& recipe : task.recipes) {
    const Measurement& m = recipe.measurement;
    const bool chosen = recipe.id == task.verdict.recipe;
    const std::string name = escape_markdown(recipe.id);
    text += row({chosen ? "**" + name + "** (verdict)" : name,
                 estimate_text(m.quality) + (recipe.ties_with_best ? " =" : ""),
                 m.consistency.overall.n > 0 ? estimate_text(m.consistency.overall) : "not measured",
                 fmt::format("{:.1f} / {:.1f}", m.latency.p50_ms, m.latency.p95_ms),
                 money_text(recipe.cost.per_1000_calls()), money_text(recipe.cost.upfront)});
  }
  return text + fmt::format(
                    "\n= these {} test items do not tell it from the best figure; a difference of {:.2f} "
                    "they would find four times "
                    "out of five\n",
                    task.task.test_items, task.smallest_detectable_difference);
}

std::string folded(std::string_view title, const std::string& inside) {
  if (inside.empty()) return "";
  return fmt::format("\n<details><summary>{}</summary>\n{}\n</details>\n", title, inside);
}

std::string comparisons(const TaskResult& task) {
  if (task.comparisons.empty()) return "";
  std::string text = "\n" + row({"a", "b", "a minus b", "p (Holm)", "reading"}) + "|---|---|---|---|---|\n";
  for (const Comparison& each : task.comparisons) {
    text += row({escape_markdown(each.a), escape_markdown(each.b),
                 fmt::format("{:+.2f} [{:+.2f}, {:+.2f}]", each.difference, each.low, each.high),
                 fmt::format("{:.3f}", each.p_value),
                 !each.proven()        ? "a tie"
                 : each.difference > 0 ? "a is better"
                                       : "b is better"});
  }
  return text;
}

std::string forgetting(const TaskResult& task) {
  if (task.investigation.forgetting.empty()) return "";
  std::string text =
      "\n" + row({"recipe", "guard before", "after", "lost", "limit"}) + "|---|---|---|---|---|\n";
  for (const Forgetting& each : task.investigation.forgetting) {
    text += row(
        {escape_markdown(each.recipe), estimate_text(each.before.quality), estimate_text(each.after.quality),
         fmt::format("{:+.2f} [{:+.2f}, {:+.2f}]", each.loss.difference, each.loss.low, each.loss.high),
         each.limit ? fmt::format("{:.2f}{}", *each.limit, each.exceeded() ? ", exceeded" : "") : "none"});
  }
  return text;
}

std::string task_text_markdown(const TaskResult& task) {
  const Verdict& verdict = task.verdict;
  std::vector<std::string> rejected;
  for (const Rejection& each : verdict.rejected) rejected.push_back(each.recipe + ": " + each.why);
  const std::string target = task.task.circumstances.target
                                 ? fmt::format(", target {:.2f}", *task.task.circumstances.target)
                                 : std::string();
  return fmt::format("## {}\n\n> {}\n\n{}, {}{}; {} test items.\n\n", escape_markdown(task.task.name),
                     escape_markdown(verdict.summary), escape_markdown(task.task.kind),
                     to_string(task.task.metric), target, task.task.test_items) +
         recipes_table(task) + list("Why", verdict.reasons) + list("What to do next", verdict.next_steps) +
         list("What would change this", verdict.flips_if) +
         folded("Why not the others", list("Rejected", rejected)) +
         folded("Why prompts fail", list("Causes", cause_sentences(task.diagnosis))) +
         folded("What training forgot", forgetting(task)) + folded("Paired comparisons", comparisons(task)) +
         list("Doubts about the data", task.warnings);
}

}  // namespace

std::string escape_markdown(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\n' || c == '\r') {
      escaped += ' ';
    } else if (c == '<') {
      escaped += "&lt;";
    } else if (c == '&') {
      escaped += "&amp;";
    } else {
      // An underscore inside a word is no markup; names of recipes and metrics are full of them.
      if (std::string_view("\\`*[]|~").find(c) != std::string_view::npos) escaped += '\\';
      escaped += c;
    }
  }
  return escaped;
}

std::string report_markdown(const CompareResult& result) {
  const BaseModelRecord& base = result.base_model;
  std::string text = fmt::format(
      "# Which lever to pull\n\nBase model {}, {} parameters; weights {} (`{}`).\n\n",
      escape_markdown(base.name), number_text(static_cast<double>(base.parameters)),
      base.sha256_before == base.sha256_after ? "the same before and after" : "**changed** during the run",
      base.sha256_after.substr(0, 12));
  for (const TaskResult& task : result.tasks) text += task_text_markdown(task) + "\n";
  return text;
}

}  // namespace fulcrum
