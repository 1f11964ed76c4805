#include "report/race.h"

#include <fmt/format.h>

#include "report/html.h"
#include "report/terminal.h"

namespace fulcrum {
namespace {

std::string measured(const SearchedArm& arm) {
  return arm.dev.n > 0 ? estimate_text(arm.dev) : "not measured";
}

std::string arm_row(const SearchedArm& arm) {
  return fmt::format(
      "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
      escape_html(arm.id), measured(arm), arm.dev.n, to_string(arm.fate), arm.round, escape_html(arm.why));
}

}  // namespace

std::string race_html(const TaskResult& task) {
  if (!task.search) return "";
  const SearchRecord& search = *task.search;
  std::string html = fmt::format(
      "<h3>The race under the budget</h3><p class=\"what\">{} recipes raced on {} dev items; {} met the "
      "test. It took "
      "{:.0f} of {:.0f} seconds; measuring everything would have taken about {:.0f}.</p>"
      "<figure class=\"plot race\" data-plot=\"race\"></figure>"
      "<details><summary>The race as a table</summary><div class=\"scroll\"><table><thead><tr>"
      "<th scope=\"col\">recipe</th><th scope=\"col\">{} on dev</th><th scope=\"col\">items</th>"
      "<th scope=\"col\">what became of it</th><th scope=\"col\">round</th><th "
      "scope=\"col\">why</th></tr></thead>"
      "<tbody>",
      search.arms.size(), search.dev_items, search.confirmed.size(), search.total_seconds,
      search.budget_seconds, search.exhaustive_seconds, to_string(task.task.metric));
  for (const SearchedArm& arm : search.arms) html += arm_row(arm);
  return html + "</tbody></table></div></details>";
}

}  // namespace fulcrum
