#include "report/html.h"

#include <fmt/format.h>

#include <cmath>

#include "base/json.h"
#include "decide/result_json.h"
#include "report/explanation.h"
#include "report/race.h"
#include "report/terminal.h"

// Put there by fulcrum_embed (cmake/embed.cmake).
extern "C" {
extern const char fulcrum_asset_d3_js[], fulcrum_asset_d3_js_end[];
extern const char fulcrum_asset_report_js[], fulcrum_asset_report_js_end[];
extern const char fulcrum_asset_report_css[], fulcrum_asset_report_css_end[];
}

namespace fulcrum {
namespace {

std::string_view asset(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
}

// JSON inside <script> must not hold "</script>" or "<!--": every "<" becomes its escape.
std::string script_json(const Json& value) {
  std::string text;
  for (const char c : to_line(value)) {
    if (c == '<')
      text += "\\u003c";
    else
      text += c;
  }
  return text;
}

// result.json with each recipe's raw items, which on disk have files of their own.
Json page_json(const CompareResult& result) {
  Json page = to_json(result);
  for (std::size_t t = 0; t < result.tasks.size(); ++t) {
    for (std::size_t r = 0; r < result.tasks[t].recipes.size(); ++r) {
      Json items = Json::array();
      for (const MeasuredItem& item : result.tasks[t].recipes[r].measurement.items)
        items.push_back(to_json(item));
      page["tasks"][t]["recipes"][r]["items"] = std::move(items);
    }
  }
  return page;
}

std::string list(std::string_view title, const std::vector<std::string>& sentences) {
  if (sentences.empty()) return "";
  std::string html = fmt::format("<h3>{}</h3><ul>", title);
  for (const std::string& sentence : sentences) html += "<li>" + escape_html(sentence) + "</li>";
  return html + "</ul>";
}

std::string recipe_row(const TaskResult& task, const RecipeResult& recipe) {
  const Measurement& m = recipe.measurement;
  const bool chosen = recipe.id == task.verdict.recipe;
  return fmt::format(
      "<tr{}><th scope=\"row\">{}{}</th><td>{}</td><td>{}</td><td>{:.1f} / {:.1f}</td><td>{:.0f} ({:.0f}) + "
      "{:.0f}</td>"
      "<td>{}</td><td>{}</td><td>{:.1f}</td></tr>",
      chosen ? " class=\"chosen\"" : "", escape_html(recipe.id),
      chosen ? " <span class=\"tag\">verdict</span>" : "", estimate_text(m.quality),
      m.consistency.overall.n > 0 ? estimate_text(m.consistency.overall) : "not measured", m.latency.p50_ms,
      m.latency.p95_ms, m.tokens_per_call.prompt, m.tokens_per_call.cached, m.tokens_per_call.completion,
      money_text(recipe.cost.per_1000_calls()), money_text(recipe.cost.upfront), recipe.seconds_to_iterate);
}

std::string recipes_table(const TaskResult& task) {
  const std::string currency = escape_html(task.task.prices.currency);
  std::string html = fmt::format(
      "<div class=\"scroll\"><table><thead><tr><th scope=\"col\">recipe</th><th scope=\"col\">quality "
      "({})</th>"
      "<th scope=\"col\">same answer</th><th scope=\"col\">latency ms, p50 / p95</th>"
      "<th scope=\"col\">tokens a call, in (cached) + out</th><th scope=\"col\">{} per 1,000 calls</th>"
      "<th scope=\"col\">{} up front</th><th scope=\"col\">seconds to iterate</th></tr></thead><tbody>",
      to_string(task.task.metric), currency, currency);
  for (const RecipeResult& recipe : task.recipes) html += recipe_row(task, recipe);
  return html + "</tbody></table></div>";
}

std::string comparisons_table(const TaskResult& task) {
  std::string html =
      "<details><summary>Paired comparisons</summary><div class=\"scroll\"><table><thead><tr><th "
      "scope=\"col\">a</th>"
      "<th scope=\"col\">b</th><th scope=\"col\">a minus b</th><th scope=\"col\">p (Holm)</th><th "
      "scope=\"col\">test</th>"
      "<th scope=\"col\">reading</th></tr></thead><tbody>";
  for (const Comparison& each : task.comparisons) {
    const std::string reading = !each.proven()        ? "a tie"
                                : each.difference > 0 ? "a is better"
                                                      : "b is better";
    html += fmt::format(
        "<tr><td>{}</td><td>{}</td><td>{:+.2f} [{:+.2f}, "
        "{:+.2f}]</td><td>{:.3f}</td><td>{}</td><td>{}</td></tr>",
        escape_html(each.a), escape_html(each.b), each.difference, each.low, each.high, each.p_value,
        escape_html(each.test), reading);
  }
  return html + "</tbody></table></div></details>";
}

std::string prompts(const TaskResult& task) {
  std::string html = "<details><summary>The exact prompts (first test item)</summary>";
  for (const RecipeResult& recipe : task.recipes) {
    html += fmt::format("<h4>{} <code>{}</code></h4><pre>{}</pre>", escape_html(recipe.id),
                        recipe.sha256.substr(0, 12), escape_html(recipe.prompt_example));
  }
  return html + "</details>";
}

// Places that web/report.js draws into, and takes away where there is nothing to draw.
std::string plots(std::initializer_list<std::string_view> names) {
  std::string html = "<div class=\"plots\">";
  for (const std::string_view name : names)
    html += fmt::format("<figure class=\"plot\" data-plot=\"{}\"></figure>", name);
  return html + "</div>";
}

std::string warnings(const TaskResult& task) {
  return list("Doubts about the data", task.warnings);
}

std::string task_section(const TaskResult& task, std::size_t index) {
  const Verdict& verdict = task.verdict;
  std::vector<std::string> rejected;
  for (const Rejection& each : verdict.rejected) rejected.push_back(each.recipe + ": " + each.why);
  std::string target =
      task.task.circumstances.target ? fmt::format(", target {:.2f}", *task.task.circumstances.target) : "";
  return fmt::format(
             "<section class=\"task\" id=\"task-{0}\" data-task=\"{0}\"><h2>{1}</h2><p class=\"what\">{2}, "
             "{3}{4}; {5} "
             "test items, which find a difference of {6:.2f} four times out of five.</p>"
             "<div class=\"verdict\"><p class=\"summary\">{7}</p></div>",
             index, escape_html(task.task.name), escape_html(task.task.kind), to_string(task.task.metric),
             target, task.recipes.front().measurement.items.size(), task.smallest_detectable_difference,
             escape_html(verdict.summary)) +
         plots({"quality", "cost"}) + recipes_table(task) + list("Why", verdict.reasons) +
         list("Why not the others", rejected) + list("What would change this", verdict.flips_if) +
         list("What to do next", verdict.next_steps) + list("When to look again", verdict.look_again) +
         warnings(task) + race_html(task) + explanation_html(task) +
         plots({"learning", "demonstrations", "samples", "latency"}) + comparisons_table(task) +
         "<details class=\"items\"><summary>Every test item, side by side</summary></details>" +
         prompts(task) + "</section>";
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string html_page(std::string_view title, std::string_view body, const Json& data,
                      std::string_view script) {
  return fmt::format(
      "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width, "
      "initial-scale=1\"><title>{0}</title><style>{1}</style></head><body><header>"
      "<h1>{0}</h1></header><main>{2}</main><script id=\"data\" type=\"application/json\">{3}</script>"
      "<script>{4}</script><script>{5}</script></body></html>\n",
      escape_html(title), asset(fulcrum_asset_report_css, fulcrum_asset_report_css_end), body,
      script_json(data), asset(fulcrum_asset_d3_js, fulcrum_asset_d3_js_end), script);
}

std::string report_html(const CompareResult& result) {
  std::string title = "fulcrum";
  for (const TaskResult& task : result.tasks)
    title += (&task == &result.tasks.front() ? ": " : ", ") + task.task.name;
  const BaseModelRecord& base = result.base_model;
  const bool frozen = base.sha256_before == base.sha256_after;
  std::string html = fmt::format(
      "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width, "
      "initial-scale=1\"><title>{}</title><style>{}</style></head><body><header>"
      "<h1>Which lever to pull</h1><p>Base model <strong>{}</strong>, {} parameters. Its weights are {}: "
      "<code>{}</code>.</p></header><main>",
      escape_html(title), asset(fulcrum_asset_report_css, fulcrum_asset_report_css_end),
      escape_html(base.name), number_text(static_cast<double>(base.parameters)),
      frozen ? "the same before and after all of this" : "<strong>not</strong> the same before and after",
      base.sha256_after.substr(0, 16));
  for (std::size_t i = 0; i < result.tasks.size(); ++i) html += task_section(result.tasks[i], i);
  html +=
      "</main><footer><p>Quality and same answer carry 95% intervals. Costs and latencies were measured on "
      "the machine "
      "that ran this.</p></footer>";
  html += "<script id=\"result\" type=\"application/json\">" + script_json(page_json(result)) + "</script>";
  html += fmt::format("<script>{}</script><script>{}</script></body></html>\n",
                      asset(fulcrum_asset_d3_js, fulcrum_asset_d3_js_end),
                      asset(fulcrum_asset_report_js, fulcrum_asset_report_js_end));
  return html;
}

}  // namespace fulcrum
