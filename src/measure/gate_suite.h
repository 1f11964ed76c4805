// A gate: a fixed list of items that asks one ability of a base model, and what the model makes of it.
//
// File <gate>.jsonl: first the gate, then one item a line.
//   {"gate", "meaning", "rule", "goal": {"at_least": 0.9} | {"at_most": 0.02}}        goal is optional
//   {"messages": [{"role", "content"}...], "answer", "choices": [...]}                choices: the answers
//   that compete
//   {"askings": [[{"role", "content"}...]...], "answer"}                              for "agreement": one
//   question, reworded
// Every figure is the mean of the items' scores in [0, 1] with its interval. An answer is what stands behind
// </think>, without the space around it; with choices it is the likeliest of them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/json_fwd.h"
#include "measure/intervals.h"
#include "text/lm.h"

namespace fulcrum {

enum class GateRule {
  exact,        // the answer is the expected one
  differs,      // the answer is not the given one: "wrongly says that it is absent"
  valid_json,   // the answer is a JSON object with exactly the keys of the expected one
  json_fields,  // the share of the expected object's members that the answer has with the same value
  agreement,    // the share of pairs of askings that got the same answer
};

struct GateGoal {
  enum class Side { at_least, at_most } side = Side::at_least;
  double value = 0;
  bool met_by(double figure) const { return side == Side::at_least ? figure >= value : figure <= value; }
};

struct GateItem {
  std::vector<std::vector<Message>> askings;  // one, but for agreement
  std::string answer;
  std::vector<std::string> choices;
};

struct GateSuite {
  std::string name, meaning;
  GateRule rule = GateRule::exact;
  std::optional<GateGoal> goal;
  std::vector<GateItem> items;
};

struct GateResult {
  Estimate figure;
  double chance = 0;    // one over the number of choices; 0 without
  double majority = 0;  // what the commonest answer would get; 0 where answers are not compared as a whole
};

// `name` stands in messages of errors. Error(corrupt) naming the line.
GateSuite parse_gate_suite(std::string_view text, std::string_view name);
// Every *.jsonl of a folder, in alphabetical order. Error(not_found) if there is none.
std::vector<GateSuite> read_gate_suites(const Path& folder);

// The score of one answer (for agreement: of all answers to the item's askings).
double gate_score(GateRule rule, const GateItem& item, const std::vector<std::string>& answers);
GateResult measure_gate(const GateSuite& suite, LanguageModel& model, const CancelToken& cancel);

}  // namespace fulcrum
