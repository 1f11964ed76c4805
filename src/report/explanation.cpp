#include "report/explanation.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

#include "report/html.h"
#include "report/terminal.h"

namespace fulcrum {
namespace {

// What a cause means and what to do about it.
struct CauseWords {
  std::string_view cause, meaning;
};
constexpr CauseWords kCauses[] = {
    {"format", "the content is there, the form is not: constrain or teach the form"},
    {"knowledge missing", "right once retrieval brings the documents"},
    {"not retrieved", "the documents hold it and would be read, but were not found: work on the search"},
    {"not read",
     "the document was in the context and the answer is still wrong: fewer passages, or training"},
    {"not in the documents", "no document holds the answer: write it down"},
    {"behaviour", "right once fine-tuned: the wanted behaviour is not in the prompt"},
    {"boundary", "near: another prompt or another draw gets it right; labels or wording to sharpen"},
    {"beyond", "nothing that was measured gets it right: more data, or another base model"},
};

std::string_view meaning_of(std::string_view cause) {
  for (const CauseWords& words : kCauses)
    if (words.cause == cause) return words.meaning;
  return {};
}

std::string_view words_of_intervention(std::string_view name) {
  if (name == intervention::kOracleContext) return "the right document in the context";
  if (name == intervention::kConstrainedFormat) return "decoding held to the form of the answer";
  if (name == intervention::kOracleFormat) return "the form of the answer overlooked";
  if (name == intervention::kMoreDemonstrations) return "as many demonstrations as fit";
  return "the best of several draws counts";
}

std::string head(std::string_view title, std::initializer_list<std::string_view> columns) {
  std::string html = fmt::format("<h3>{}</h3><div class=\"scroll\"><table><thead><tr>", title);
  for (const std::string_view column : columns) html += fmt::format("<th scope=\"col\">{}</th>", column);
  return html + "</tr></thead><tbody>";
}
constexpr std::string_view kFoot = "</tbody></table></div>";

std::string percent_text(double share, double low, double high) {
  return fmt::format("{:.0f}% [{:.0f}, {:.0f}]", 100 * share, 100 * low, 100 * high);
}

std::string causes_table(const Diagnosis& diagnosis) {
  if (diagnosis.causes.empty()) return "";
  std::string html = head(fmt::format("Why {} fails on {} of {} items", escape_html(diagnosis.recipe),
                                      diagnosis.failures, diagnosis.items),
                          {"cause", "items", "share of the failures", "", "what it means", "for example"});
  for (const Diagnosis::Cause& cause : diagnosis.causes) {
    std::string examples;
    for (const std::string& id : cause.examples) examples += (examples.empty() ? "" : ", ") + escape_html(id);
    html += fmt::format(
        "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td class=\"bar\"><span "
        "style=\"width:{:.0f}%\"></span></td>"
        "<td>{}</td><td>{}</td></tr>",
        escape_html(cause.cause), cause.count, percent_text(cause.share, cause.low, cause.high),
        100 * cause.share, meaning_of(cause.cause), examples);
  }
  html += kFoot;
  if (diagnosis.documents_lack_answer) {
    const Estimate& lack = *diagnosis.documents_lack_answer;
    html += fmt::format("<p>The documents miss {} of the answers (n = {}).</p>",
                        percent_text(lack.estimate, lack.low, lack.high), lack.n);
  }
  return html;
}

std::string interventions_table(const Diagnosis& diagnosis) {
  if (diagnosis.interventions.empty()) return "";
  std::string html = head("What one change makes of it", {"change", "before", "after", "items"});
  for (const auto& each : diagnosis.interventions) {
    html += fmt::format("<tr><th scope=\"row\">{} <code>{}</code></th><td>{}</td><td>{}</td><td>{}</td></tr>",
                        words_of_intervention(each.name), escape_html(each.name), estimate_text(each.before),
                        estimate_text(each.after), each.after.n);
  }
  return html + std::string(kFoot);
}

std::string confusions_table(const Diagnosis& diagnosis) {
  if (diagnosis.confusions.empty()) return "";
  std::string html = head("Confused labels", {"wanted", "answered", "times"});
  for (const LabelConfusion& pair : diagnosis.confusions) {
    html += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td></tr>", escape_html(pair.reference),
                        escape_html(pair.answer), pair.count);
  }
  return "<details><summary>Confused labels</summary>" + html + std::string(kFoot) + "</details>";
}

std::string measured(const Estimate& estimate) {
  return estimate.n > 0 ? estimate_text(estimate) : "not measured";
}

std::string consistency_table(const TaskResult& task) {
  const std::vector<ConsistencyDetail>& details = task.investigation.consistency;
  if (details.empty()) return "";
  std::string html = head("The same answer again, and right every time",
                          {"recipe", "quality", "in other words", "drawn again", "prompt edited",
                           "all draws right", "any draw right", "draws"});
  for (const RecipeResult& recipe : task.recipes) {
    for (const ConsistencyDetail& detail : details) {
      if (detail.recipe != recipe.id) continue;
      const Consistency& same = recipe.measurement.consistency;
      html += fmt::format(
          "<tr><th "
          "scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</"
          "td></tr>",
          escape_html(recipe.id), estimate_text(recipe.measurement.quality), measured(same.rewording),
          measured(same.resampling), measured(detail.edit_agreement), measured(detail.all_right),
          measured(detail.any_right), detail.draws);
    }
  }
  return html + std::string(kFoot);
}

std::string edits_table(const TaskResult& task) {
  std::string rows;
  for (const ConsistencyDetail& detail : task.investigation.consistency) {
    for (const EditedAnswers& edit : detail.edits) {
      rows += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td></tr>", escape_html(detail.recipe),
                          escape_html(edit.edit), estimate_text(edit.quality));
    }
  }
  if (rows.empty()) return "";
  return "<details><summary>Edits of the prompts, one by one</summary>" +
         head("Edits of the prompts", {"recipe", "edit", "quality"}) + rows + std::string(kFoot) +
         "</details>";
}

std::string forgetting_table(const TaskResult& task) {
  const std::vector<Forgetting>& all = task.investigation.forgetting;
  if (all.empty()) return "";
  std::string html = head("What training forgot, on the general guard suite",
                          {"recipe", "before", "after", "lost", "nats a token, more", "limit", "reading"});
  for (const Forgetting& each : all) {
    const std::string reading = each.exceeded()      ? "<strong>blocked</strong>"
                                : each.loss.low > 0  ? "forgets"
                                : each.loss.high < 0 ? "gains"
                                                     : "no loss shown";
    html += fmt::format(
        "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{:+.2f} [{:+.2f}, {:+.2f}]</td><td>{:+.2f} "
        "[{:+.2f}, "
        "{:+.2f}]</td><td>{}</td><td>{}</td></tr>",
        escape_html(each.recipe), estimate_text(each.before.quality), estimate_text(each.after.quality),
        each.loss.difference, each.loss.low, each.loss.high, each.nats.estimate, each.nats.low,
        each.nats.high, each.limit ? fmt::format("{:.2f}", *each.limit) : "none", reading);
  }
  return html + std::string(kFoot);
}

std::string training_table(const TaskResult& task) {
  std::string rows;
  for (const RecipeResult& recipe : task.recipes) {
    if (!recipe.training || recipe.training->epochs.empty()) continue;
    const std::size_t best = std::min(static_cast<std::size_t>(std::max(0, recipe.training->best_epoch)),
                                      recipe.training->epochs.size() - 1);
    const TuneResult::Epoch& epoch = recipe.training->epochs[best];
    rows += fmt::format(
        "<tr><th scope=\"row\">{}</th><td>{} of "
        "{}</td><td>{}</td><td>{:.3f}</td><td>{:.3f}</td><td>{:+.3f}</td>"
        "</tr>",
        escape_html(recipe.id), best + 1, recipe.training->epochs.size(),
        epoch.score ? fmt::format("{:.2f}", *epoch.score) : "not asked", epoch.train_loss, epoch.dev_loss,
        epoch.dev_loss - epoch.train_loss);
  }
  if (rows.empty()) return "";
  return head("Train and dev apart", {"recipe", "epoch kept", "on dev", "train loss", "dev loss", "gap"}) +
         rows + std::string(kFoot);
}

}  // namespace

std::string explanation_html(const TaskResult& task) {
  std::string html = causes_table(task.diagnosis) + interventions_table(task.diagnosis) +
                     confusions_table(task.diagnosis) + consistency_table(task) + edits_table(task) +
                     forgetting_table(task) + training_table(task);
  if (const auto sentence = more_data_sentence(task.investigation))
    html += fmt::format("<p class=\"more-data\">{}</p>", escape_html(sentence->text));
  return html;
}

}  // namespace fulcrum
