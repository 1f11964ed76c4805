// fulcrum gates: what the base model can and cannot do, on items whose names, labels and formats no training
// showed.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/json.h"
#include "base/unicode.h"
#include "cli/command.h"
#include "cli/model_session.h"
#include "measure/intervals.h"
#include "report/terminal.h"
#include "report/text_table.h"
#include "train/gates.h"

namespace fulcrum {
namespace {

constexpr int kLongestAnswerTokens = 96;

std::vector<Message> messages_of(const Json& item) {
  std::vector<Message> messages;
  for (const Json& each : item["messages"]) {
    messages.push_back({each["role"].get<std::string>(), each["content"].get<std::string>()});
  }
  return messages;
}

// The answer behind any reasoning, without the space around it.
std::string bare_answer(const std::string& text) {
  constexpr std::string_view kClose = "</think>";
  const auto end = text.rfind(kClose);
  return std::string(trim(end == std::string::npos ? text : text.substr(end + kClose.size())));
}

std::vector<std::string> answers_to(const std::vector<Json>& items, LanguageModel& model,
                                    const CancelToken& cancel) {
  std::vector<GenerateRequest> generate;
  std::vector<ScoreRequest> score;
  for (const Json& item : items) {
    if (item.contains("choices")) {
      score.push_back({messages_of(item), "", "", item["choices"].get<std::vector<std::string>>(), true});
    } else {
      GenerateRequest request;
      request.messages = messages_of(item);
      request.max_tokens = kLongestAnswerTokens;
      generate.push_back(std::move(request));
    }
  }
  const auto generations = model.generate(generate, cancel);
  const auto scores = model.score(score, cancel);
  std::vector<std::string> answers;
  std::size_t generated = 0, scored = 0;
  for (const Json& item : items) {
    if (!item.contains("choices")) {
      answers.push_back(bare_answer(generations[generated++].text));
      continue;
    }
    const auto& found = scores[scored].continuations;
    const auto best = std::max_element(found.begin(), found.end(), [](const Score& a, const Score& b) {
      return a.log_likelihood < b.log_likelihood;
    });
    answers.push_back(score[scored].continuations[static_cast<std::size_t>(best - found.begin())]);
    ++scored;
  }
  return answers;
}

// Chance: one over the number of choices. Majority: always the commonest answer of the gate.
struct Baselines {
  double chance = 0, majority = 0;
};

Baselines baselines_of(const std::vector<Json>& items) {
  Baselines baselines;
  std::map<std::string, std::int64_t> counts;
  for (const Json& item : items) {
    if (item.contains("choices")) baselines.chance += 1.0 / static_cast<double>(item["choices"].size());
    ++counts[item["answer"].get<std::string>()];
  }
  std::int64_t most = 0;
  for (const auto& [answer, count] : counts) most = std::max(most, count);
  baselines.chance /= static_cast<double>(items.size());
  baselines.majority = static_cast<double>(most) / static_cast<double>(items.size());
  return baselines;
}

void run_gates(Session& session, std::int64_t count) {
  const auto engine = open_engine(session);
  const ProgressCallback progress = session.progress();
  TextTable table;
  table.add_column("gate", Align::left);
  table.add_column("right", Align::left);
  table.add_column("chance", Align::right);
  table.add_column("majority", Align::right);
  table.add_column("what it asks", Align::left);
  Json report = Json::array();
  std::uint64_t done = 0;
  for (const Gate& gate : gates()) {
    progress({"gates", done++, gates().size(), "gates", -1, {}});
    std::vector<Json> items;
    for (std::int64_t i = 0; i < count; ++i)
      items.push_back(gate_item(gate.name, static_cast<std::uint64_t>(i)));
    const std::vector<std::string> answers = answers_to(items, *engine, session.cancel);
    std::int64_t right = 0;
    for (std::size_t i = 0; i < items.size(); ++i)
      right += answers[i] == items[i]["answer"].get<std::string>();
    const Interval interval = wilson_interval(static_cast<double>(right), count);
    const Estimate estimate{static_cast<double>(right) / static_cast<double>(count), interval.low,
                            interval.high, count};
    const Baselines baselines = baselines_of(items);
    table.add_row({std::string(gate.name), estimate_text(estimate), fmt::format("{:.2f}", baselines.chance),
                   fmt::format("{:.2f}", baselines.majority), std::string(gate.meaning)});
    report.push_back({{"gate", gate.name},
                      {"estimate", estimate.estimate},
                      {"low", estimate.low},
                      {"high", estimate.high},
                      {"n", count},
                      {"chance", baselines.chance},
                      {"majority", baselines.majority}});
  }
  session.print(table.to_string(""));
  session.write_json(report);
}

}  // namespace

void add_gates(CLI::App& app, Session& session) {
  auto count = std::make_shared<std::int64_t>(400);
  CLI::App* command =
      add_command(app, session, "gates", "measure what a base model can do", "fulcrum gates --items 400");
  command->add_option("--items", *count, "items of each gate")
      ->capture_default_str()
      ->check(CLI::Range(2, 100000));
  add_json_option(*command, session);
  command->callback([&session, count] { run_gates(session, *count); });
}

}  // namespace fulcrum
