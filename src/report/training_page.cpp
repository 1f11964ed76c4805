#include "report/training_page.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "report/html.h"

extern "C" {
extern const char fulcrum_asset_training_js[], fulcrum_asset_training_js_end[];
}

namespace fulcrum {
namespace {

struct Log {
  Json steps = Json::array(), probes = Json::array();
};

Log read_log(std::string_view text, std::string_view name) {
  Log log;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) break;  // a line that is being written
    ++number;
    Json line = parse_json(text.substr(0, end), fmt::format("{}:{}", name, number));
    text.remove_prefix(end + 1);
    const bool step = line.is_object() && line.contains("step") && line["step"].is_number_integer();
    if (step && line.contains("probe"))
      log.probes.push_back(std::move(line));
    else if (step && line.contains("loss") && line["loss"].is_number())
      log.steps.push_back(std::move(line));
    else
      throw_error(
          ErrorCode::corrupt,
          "reading the training log {}: line {} has no \"step\" with a \"loss\" or a \"probe\"; give the "
          ".log.jsonl that fulcrum pretrain writes beside its output",
          name, number);
  }
  if (log.steps.empty())
    throw_error(ErrorCode::corrupt,
                "reading the training log {}: there is no finished line yet; wait for the run's first "
                "log_steps steps",
                name);
  return log;
}

std::string last_figures(const Json& last) {
  return fmt::format(
      "<p class=\"what\">{} steps, {:.1f} million tokens, {:.0f} minutes, {:.0f} tokens a second at the "
      "end.</p>"
      "<div class=\"verdict\"><p class=\"summary\">Loss {:.3f} nats a learnt token.</p></div>",
      last.at("step").get<std::int64_t>(), last.value("tokens", 0.0) / 1e6, last.value("seconds", 0.0) / 60.0,
      last.value("tokens_per_second", 0.0), last.at("loss").get<double>());
}

std::string gates_table(const Json& probe) {
  std::string html =
      "<h3>Gates at the last look</h3><div class=\"scroll\"><table><thead><tr><th scope=\"col\">gate</th><th "
      "scope=\"col\">right</th></tr></thead><tbody>";
  for (const auto& [gate, figure] : probe.at("gates").items())
    html += fmt::format("<tr><th scope=\"row\">{}</th><td>{:.2f} [{:.2f}, {:.2f}]</td></tr>",
                        escape_html(gate), figure.at("estimate").get<double>(),
                        figure.at("low").get<double>(), figure.at("high").get<double>());
  html += "</tbody></table></div><h3>Answers at the last look</h3>";
  for (const Json& sample : probe.at("samples"))
    html += fmt::format("<details><summary>{}: {}</summary><pre>{}</pre><p>Expected: {}</p></details>",
                        escape_html(sample.at("gate").get<std::string>()),
                        escape_html(sample.at("answer").get<std::string>()),
                        escape_html(sample.at("prompt").get<std::string>()),
                        escape_html(sample.at("expected").get<std::string>()));
  return html;
}

}  // namespace

std::string training_html(std::string_view text, std::string_view name) {
  const Log log = read_log(text, name);
  std::string body =
      last_figures(log.steps.back()) +
      "<div class=\"plots\"><figure class=\"plot\" data-plot=\"loss\"></figure><figure class=\"plot\" "
      "data-plot=\"rate\"></figure><figure class=\"plot\" data-plot=\"reading\"></figure><figure "
      "class=\"plot\" data-plot=\"labels\"></figure><figure class=\"plot\" "
      "data-plot=\"forms\"></figure></div>";
  if (!log.probes.empty()) body += gates_table(log.probes.back().at("probe"));
  return html_page(fmt::format("Training {}", name), body, Json{{"steps", log.steps}, {"probes", log.probes}},
                   {fulcrum_asset_training_js,
                    static_cast<std::size_t>(fulcrum_asset_training_js_end - fulcrum_asset_training_js)});
}

}  // namespace fulcrum
