#include "train/gates.h"

#include <fmt/format.h>

#include <array>
#include <functional>

#include "base/error.h"
#include "base/json.h"
#include "train/curriculum_dialogue.h"
#include "train/curriculum_fields.h"
#include "train/curriculum_labels.h"
#include "train/curriculum_orders.h"
#include "train/curriculum_reading.h"
#include "train/curriculum_steps.h"

namespace fulcrum {
namespace {

struct Probe {
  Gate gate;
  Dialogue (*draw)(Words& words);
};

// A seed of its own, so that no gate shares a stream with any curriculum.
constexpr std::uint64_t kGateSeed = 0x6761746573;

// A gate with nothing to reach, one to reach, one not to exceed.
constexpr Gate told(std::string_view name, std::string_view meaning) {
  return {name, meaning, "exact", {}, {}};
}
constexpr Gate at_least(double goal, std::string_view name, std::string_view meaning,
                        std::string_view rule = "exact") {
  return {name, meaning, rule, goal, {}};
}
constexpr Gate at_most(double goal, std::string_view name, std::string_view meaning) {
  return {name, meaning, "exact", {}, goal};
}

constexpr Probe kProbes[] = {
    {told("read_1", "a question about one document"),
     [](Words& w) { return reading_item(w, 1, Reading::present); }},
    {at_least(0.90, "read_3", "a question about one of three documents"),
     [](Words& w) { return reading_item(w, 3, Reading::present); }},
    {at_least(0.75, "read_8", "a question about one of eight documents"),
     [](Words& w) { return reading_item(w, 8, Reading::present); }},
    {at_least(0.80, "absent_3", "the answer is in none of three documents: says so"),
     [](Words& w) { return reading_item(w, 3, Reading::absent); }},
    {at_least(0.95, "present_3", "the answer is in one of three documents: does not call it absent",
              "differs"),
     [](Words& w) {
       Dialogue dialogue = reading_item(w, 3, Reading::present);
       dialogue.turns.back().text = kAbsentAnswer;
       return dialogue;
     }},
    {at_least(0.85, "reworded_3", "a question about three documents in five wordings: the same answer",
              "agreement"),
     [](Words& w) { return reading_item(w, 3, Reading::present); }},
    {at_most(0.02, "closed_book", "facts that only a document could have told, without it"),
     [](Words& w) { return without_documents(reading_item(w, 1, Reading::present)); }},
    {at_least(0.85, "labels_2_way_8_shot", "eight demonstrations of a new rule with arbitrary labels"),
     [](Words& w) { return labels_item(w, 2, 8, Naming::arbitrary); }},
    {told("labels_2_way_0_shot", "a new rule with arbitrary labels, no demonstrations: chance is right"),
     [](Words& w) { return labels_item(w, 2, 0, Naming::arbitrary); }},
    {told("labels_4_way_16_shot", "sixteen demonstrations, four arbitrary labels"),
     [](Words& w) { return labels_item(w, 4, 16, Naming::arbitrary); }},
    {at_least(0.75, "flipped_2_way_8_shot", "natural labels that name the other class"),
     [](Words& w) { return labels_item(w, 2, 8, Naming::flipped); }},
    {told("natural_4_way_0_shot", "label words that name what decides, no demonstrations"),
     [](Words& w) { return labels_item(w, 4, 0, Naming::natural); }},
    {told("natural_10_way_0_shot", "ten label words that name what decides, no demonstrations"),
     [](Words& w) { return labels_item(w, 10, 0, Naming::natural); }},
    {at_least(0.97, "json_3_valid", "a schema of three keys never seen: an object with these keys",
              "valid_json"),
     [](Words& w) { return fields_item(w, 3); }},
    {at_least(0.80, "json_3_fields", "a schema of three keys never seen: the share of members that are right",
              "json_fields"),
     [](Words& w) { return fields_item(w, 3); }},
    {told("addition_3_scratchpad", "three digits, with a scratchpad"),
     [](Words& w) { return addition_item(w, 3, Scratchpad::used); }},
    {told("addition_3_direct", "three digits, at once: the goal is 0.20 below the one with a scratchpad"),
     [](Words& w) { return addition_item(w, 3, Scratchpad::unused); }},
    {at_least(0.80, "format", "a format that was never asked for"), [](Words& w) { return format_item(w); }},
};

// What a question is put into so that it is asked in other words; no training episode has these.
constexpr std::array<const char*, 5> kWordings = {"{}", "Please tell me: {}", "{} Answer in a few words.",
                                                  "I need to know this: {}",
                                                  "Here is what I would like to ask. {}"};

const char* role(Speaker speaker) {
  switch (speaker) {
    case Speaker::system:
      return "system";
    case Speaker::user:
      return "user";
    case Speaker::assistant:
      break;
  }
  return "assistant";
}

Json messages_of(const Dialogue& dialogue) {
  Json messages = Json::array();
  for (const Turn& turn : dialogue.turns)
    messages.push_back({{"role", role(turn.speaker)}, {"content", turn.text}});
  return messages;
}

// The question behind the documents in each of the wordings.
Json askings_of(Dialogue dialogue) {
  const std::string_view closing = "</doc>";
  const std::string question = dialogue.turns.back().text;
  const std::size_t at = question.rfind(closing) + closing.size();
  Json askings = Json::array();
  for (const char* wording : kWordings) {
    dialogue.turns.back().text =
        question.substr(0, at) + fmt::format(fmt::runtime(wording), question.substr(at));
    askings.push_back(messages_of(dialogue));
  }
  return askings;
}

}  // namespace

Json gate_head(const Gate& gate) {
  Json head = {{"gate", gate.name}, {"meaning", gate.meaning}, {"rule", gate.rule}};
  if (gate.at_least) head["goal"] = {{"at_least", *gate.at_least}};
  if (gate.at_most) head["goal"] = {{"at_most", *gate.at_most}};
  return head;
}

std::span<const Gate> gates() {
  static const std::array<Gate, std::size(kProbes)> all = [] {
    std::array<Gate, std::size(kProbes)> list;
    for (std::size_t i = 0; i < list.size(); ++i) list[i] = kProbes[i].gate;
    return list;
  }();
  return all;
}

Json gate_item(std::string_view gate, std::uint64_t index) {
  for (const Probe& probe : kProbes) {
    if (probe.gate.name != gate) continue;
    Random random(kGateSeed ^ stream_of(gate), index);
    Words words(random, Pool::held_out);
    Dialogue dialogue = probe.draw(words);
    std::string answer = dialogue.turns.back().text;
    dialogue.turns.pop_back();
    // The working is the model's own affair; what counts stands behind it.
    const std::string_view closing = "</think>";
    if (const std::size_t at = answer.find(closing); at != std::string::npos)
      answer.erase(0, at + closing.size());
    Json item;
    if (probe.gate.rule == "agreement") {
      item["askings"] = askings_of(dialogue);
    } else {
      item["messages"] = messages_of(dialogue);
    }
    item["answer"] = answer;
    if (!dialogue.choices.empty()) item["choices"] = dialogue.choices;
    return item;
  }
  std::string known;
  for (const Gate& each : gates()) known += fmt::format("{}{}", known.empty() ? "" : ", ", each.name);
  throw_error(ErrorCode::not_found, "drawing a gate item: there is no gate '{}', choose one of: {}", gate,
              known);
}

std::string gate_text(const Gate& gate, std::uint64_t first, std::uint64_t count) {
  std::string text = to_line(gate_head(gate)) + "\n";
  for (std::uint64_t i = first; i < first + count; ++i) text += to_line(gate_item(gate.name, i)) + "\n";
  return text;
}

}  // namespace fulcrum
