#include "train/gates.h"

#include <fmt/format.h>

#include <array>
#include <functional>

#include "base/error.h"
#include "base/json.h"
#include "train/curriculum_dialogue.h"
#include "train/curriculum_fields.h"
#include "train/curriculum_labels.h"
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

constexpr std::array<Probe, 16> kProbes = {{
    {{"read_1", "a question about one document"},
     [](Words& w) { return reading_item(w, 1, Reading::present); }},
    {{"read_3", "a question about one of three documents"},
     [](Words& w) { return reading_item(w, 3, Reading::present); }},
    {{"read_8", "a question about one of eight documents"},
     [](Words& w) { return reading_item(w, 8, Reading::present); }},
    {{"absent_3", "the answer is in none of three documents"},
     [](Words& w) { return reading_item(w, 3, Reading::absent); }},
    {{"closed_book",
      "facts that only a document could have told; the right answer is given so that a guess can count"},
     [](Words& w) { return without_documents(reading_item(w, 1, Reading::present)); }},
    {{"labels_2_way_8_shot", "eight demonstrations of a new rule with arbitrary labels"},
     [](Words& w) { return labels_item(w, 2, 8, Naming::arbitrary); }},
    {{"labels_2_way_0_shot", "the same without demonstrations: chance is the right result"},
     [](Words& w) { return labels_item(w, 2, 0, Naming::arbitrary); }},
    {{"labels_4_way_16_shot", "sixteen demonstrations, four arbitrary labels"},
     [](Words& w) { return labels_item(w, 4, 16, Naming::arbitrary); }},
    {{"flipped_2_way_8_shot", "natural labels that name the other class"},
     [](Words& w) { return labels_item(w, 2, 8, Naming::flipped); }},
    {{"natural_4_way_0_shot", "label words that name what decides, no demonstrations"},
     [](Words& w) { return labels_item(w, 4, 0, Naming::natural); }},
    {{"natural_10_way_0_shot", "ten such labels"},
     [](Words& w) { return labels_item(w, 10, 0, Naming::natural); }},
    {{"json_2", "two keys never seen"}, [](Words& w) { return fields_item(w, 2); }},
    {{"json_4", "four keys never seen"}, [](Words& w) { return fields_item(w, 4); }},
    {{"addition_3_scratchpad", "three digits, with a scratchpad"},
     [](Words& w) { return addition_item(w, 3, Scratchpad::used); }},
    {{"addition_3_direct", "three digits, at once"},
     [](Words& w) { return addition_item(w, 3, Scratchpad::unused); }},
    {{"format", "a format that was never asked for"}, [](Words& w) { return format_item(w); }},
}};

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

}  // namespace

std::span<const Gate> gates() {
  static const std::array<Gate, kProbes.size()> all = [] {
    std::array<Gate, kProbes.size()> list;
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
    item["messages"] = Json::array();
    for (const Turn& turn : dialogue.turns)
      item["messages"].push_back({{"role", role(turn.speaker)}, {"content", turn.text}});
    item["answer"] = answer;
    if (!dialogue.choices.empty()) item["choices"] = dialogue.choices;
    return item;
  }
  std::string known;
  for (const Gate& each : gates()) known += fmt::format("{}{}", known.empty() ? "" : ", ", each.name);
  throw_error(ErrorCode::not_found, "drawing a gate item: there is no gate '{}', choose one of: {}", gate,
              known);
}

}  // namespace fulcrum
