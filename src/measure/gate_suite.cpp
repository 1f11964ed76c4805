#include "measure/gate_suite.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "base/unicode.h"
#include "measure/evaluation.h"

namespace fulcrum {
namespace {

constexpr int kLongestAnswerTokens = 96;

constexpr std::array<std::pair<std::string_view, GateRule>, 5> kRules = {
    {{"exact", GateRule::exact},
     {"differs", GateRule::differs},
     {"valid_json", GateRule::valid_json},
     {"json_fields", GateRule::json_fields},
     {"agreement", GateRule::agreement}}};

GateRule parse_rule(const std::string& word) {
  std::string known;
  for (const auto& [name, rule] : kRules) {
    if (name == word) return rule;
    known += (known.empty() ? "" : ", ") + std::string(name);
  }
  throw_error(ErrorCode::corrupt, "the rule '{}' is not one of {}", word, known);
}

std::vector<Message> parse_messages(const Json& json) {
  std::vector<Message> messages;
  for (const Json& each : json)
    messages.push_back({each.at("role").get<std::string>(), each.at("content").get<std::string>()});
  if (messages.empty()) throw_error(ErrorCode::corrupt, "an item without messages");
  return messages;
}

GateItem parse_item(const Json& json) {
  GateItem item;
  if (json.contains("askings")) {
    for (const Json& asking : json.at("askings")) item.askings.push_back(parse_messages(asking));
  } else {
    item.askings.push_back(parse_messages(json.at("messages")));
  }
  item.answer = json.at("answer").get<std::string>();
  if (json.contains("choices")) item.choices = json.at("choices").get<std::vector<std::string>>();
  return item;
}

GateSuite parse_head(const Json& json) {
  GateSuite suite;
  suite.name = json.at("gate").get<std::string>();
  suite.meaning = json.at("meaning").get<std::string>();
  suite.rule = parse_rule(json.at("rule").get<std::string>());
  if (json.contains("goal")) {
    const bool least = json.at("goal").contains("at_least");
    suite.goal = GateGoal{least ? GateGoal::Side::at_least : GateGoal::Side::at_most,
                          json.at("goal").at(least ? "at_least" : "at_most").get<double>()};
  }
  return suite;
}

// The answer behind any reasoning, without the space around it.
std::string bare_answer(const std::string& text) {
  constexpr std::string_view kClose = "</think>";
  const auto end = text.rfind(kClose);
  return std::string(trim(end == std::string::npos ? text : text.substr(end + kClose.size())));
}

std::vector<std::string> likeliest_choices(const std::vector<GateItem>& items, LanguageModel& model,
                                           const CancelToken& cancel) {
  std::vector<ScoreRequest> requests;
  for (const GateItem& item : items)
    if (!item.choices.empty()) requests.push_back({item.askings.front(), "", "", item.choices, true});
  std::vector<std::string> answers;
  const std::vector<Scores> scores = model.score(requests, cancel);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const std::vector<Score>& found = scores[i].continuations;
    const auto best = std::max_element(found.begin(), found.end(), [](const Score& a, const Score& b) {
      return a.log_likelihood < b.log_likelihood;
    });
    answers.push_back(requests[i].continuations[static_cast<std::size_t>(best - found.begin())]);
  }
  return answers;
}

std::vector<std::string> generated_answers(const std::vector<GateItem>& items, LanguageModel& model,
                                           const CancelToken& cancel) {
  std::vector<GenerateRequest> requests;
  for (const GateItem& item : items) {
    if (!item.choices.empty()) continue;
    for (const std::vector<Message>& asking : item.askings) {
      GenerateRequest request;
      request.messages = asking;
      request.max_tokens = kLongestAnswerTokens;
      requests.push_back(std::move(request));
    }
  }
  std::vector<std::string> answers;
  for (const Generation& generation : model.generate(requests, cancel))
    answers.push_back(bare_answer(generation.text));
  return answers;
}

// Nothing if the answer is not a JSON object.
std::optional<Json> parse_object(const std::string& answer) {
  Json json = Json::parse(answer, nullptr, false);
  if (json.is_discarded() || !json.is_object()) return std::nullopt;
  return json;
}

double has_the_keys(const Json& expected, const Json& found) {
  if (expected.size() != found.size()) return 0;
  for (const auto& member : expected.items())
    if (!found.contains(member.key())) return 0;
  return 1;
}

double share_of_members(const Json& expected, const Json& found) {
  std::size_t same = 0;
  for (const auto& member : expected.items())
    same += found.contains(member.key()) && found.at(member.key()) == member.value() ? 1 : 0;
  return expected.empty() ? 1 : static_cast<double>(same) / static_cast<double>(expected.size());
}

}  // namespace

GateSuite parse_gate_suite(std::string_view text, std::string_view name) {
  GateSuite suite;
  std::int64_t line = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view row = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++line;
    try {
      const Json json = parse_json(row, std::string(name));
      if (line == 1) {
        suite = parse_head(json);
      } else {
        suite.items.push_back(parse_item(json));
      }
    } catch (const std::exception& problem) {
      throw_error(ErrorCode::corrupt, "reading the gate {}, line {}: {}", name, line, problem.what());
    }
  }
  if (suite.items.empty()) throw_error(ErrorCode::corrupt, "reading the gate {}: it has no items", name);
  return suite;
}

std::vector<GateSuite> read_gate_suites(const Path& folder) {
  static constexpr std::string_view kExtensions[] = {".jsonl"};
  std::vector<GateSuite> suites;
  if (std::filesystem::is_directory(folder))
    for (const Path& path : list_files(folder, kExtensions))
      suites.push_back(parse_gate_suite(read_file(path), path.filename().string()));
  if (suites.empty())
    throw_error(ErrorCode::not_found, "reading gates: {} holds no *.jsonl; the bundled suite is models/gates",
                folder.string());
  return suites;
}

double gate_score(GateRule rule, const GateItem& item, const std::vector<std::string>& answers) {
  if (rule == GateRule::agreement) return agreement(answers);
  const std::string& answer = answers.front();
  if (rule == GateRule::exact) return answer == item.answer ? 1 : 0;
  if (rule == GateRule::differs) return answer != item.answer ? 1 : 0;
  const std::optional<Json> found = parse_object(answer), expected = parse_object(item.answer);
  if (!expected)
    throw_error(ErrorCode::corrupt, "the expected answer '{}' is not a JSON object", item.answer);
  if (!found) return 0;
  return rule == GateRule::valid_json ? has_the_keys(*expected, *found) : share_of_members(*expected, *found);
}

GateResult measure_gate(const GateSuite& suite, LanguageModel& model, const CancelToken& cancel) {
  const std::vector<std::string> chosen = likeliest_choices(suite.items, model, cancel);
  const std::vector<std::string> generated = generated_answers(suite.items, model, cancel);
  GateResult result;
  std::vector<double> scores;
  std::map<std::string, std::int64_t> counts;
  auto next_chosen = chosen.begin(), next_generated = generated.begin();
  for (const GateItem& item : suite.items) {
    std::vector<std::string> answers;
    if (!item.choices.empty()) {
      answers = {*next_chosen++};
      result.chance += 1.0 / static_cast<double>(item.choices.size() * suite.items.size());
    } else {
      const auto end = next_generated + static_cast<std::ptrdiff_t>(item.askings.size());
      answers.assign(next_generated, end);
      next_generated = end;
    }
    scores.push_back(gate_score(suite.rule, item, answers));
    ++counts[item.answer];
  }
  // The same seed for every gate: the bootstrap is only used where scores are shares.
  result.figure = estimate_mean(scores, 1);
  if (suite.rule == GateRule::exact)
    for (const auto& [answer, count] : counts)
      result.majority =
          std::max(result.majority, static_cast<double>(count) / static_cast<double>(suite.items.size()));
  return result;
}

}  // namespace fulcrum
