#include "train/curriculum_extraction.h"

#include <algorithm>
#include <array>

#include "train/curriculum_fields.h"
#include "train/curriculum_message.h"

namespace fulcrum {
namespace {

// A token stands for more than two bytes, and a context has 1,024 of them.
constexpr std::size_t kMostBytes = 2300;

template <std::size_t N>
std::string pick(Random& random, const std::array<const char*, N>& items) {
  return items[random.below(N)];
}

// Topics of which no two share a word, so that a sentence of one says nothing of another.
std::vector<std::string> distinct_topics(Random& random, std::uint64_t count) {
  std::vector<Topic> all(topics(Pool::training).begin(), topics(Pool::training).end());
  random.shuffle(all);
  std::vector<std::string> names, seen;
  for (const Topic& topic : all) {
    if (names.size() == count) break;
    std::vector<std::string> own;
    for (const auto* list : {&topic.nouns, &topic.verbs, &topic.adjectives})
      own.insert(own.end(), list->begin(), list->end());
    const bool shared = std::any_of(own.begin(), own.end(), [&](const std::string& word) {
      return std::find(seen.begin(), seen.end(), word) != seen.end();
    });
    if (shared) continue;
    names.push_back(topic.name);
    seen.insert(seen.end(), own.begin(), own.end());
  }
  return names;
}

SchemaSlot role_slot(Words& words, const Role& role) {
  Random& random = words.random();
  SchemaSlot slot;
  slot.role = role;
  slot.key = random.chance(0.4) ? role.keys.front() : random.choose(role.keys);
  slot.telling_key = slot.key == role.keys.front();
  slot.meaning = random.choose(role.meanings);
  if (role.kind == ValueKind::number) slot.form = SlotForm::integer;
  if (role.kind == ValueKind::phone) slot.group = "call";
  if (role.kind == ValueKind::time) slot.group = "time";
  if (role.kind == ValueKind::measure) slot.group = "size";
  if (role.kind == ValueKind::price && random.chance(0.3)) slot.form = SlotForm::number;
  if (role.kind == ValueKind::person && role.place == Place::adjunct && random.chance(0.35)) {
    slot.form = SlotForm::list;
    slot.key = "companions";
    slot.meaning = "who came along";
    slot.telling_key = true;
    slot.role.sentences = {"With them came {v}.", "There was company: {v}.", "They took along {v}."};
  }
  return slot;
}

// Anything with a name, and not with one of the tables: "The torvin is 7 March."
SchemaSlot attribute_slot(Words& words, const std::vector<Role>& roles) {
  Random& random = words.random();
  const auto is_taken = [&](const Attribute& attribute) {
    const auto same_key = [&](const Implied& implied) { return implied.key == attribute.key; };
    return std::ranges::any_of(implied_choices(), same_key) ||
           std::ranges::any_of(implied_flags(), same_key) ||
           std::any_of(roles.begin(), roles.end(), [&](const Role& role) {
             return std::find(role.keys.begin(), role.keys.end(), attribute.key) != role.keys.end();
           });
  };
  Attribute attribute = words.attribute();
  while (is_taken(attribute)) attribute = words.attribute();
  SchemaSlot slot;
  slot.key = attribute.key;
  slot.telling_key = true;
  slot.meaning = random.chance(0.5) ? attribute.name : "the " + attribute.name;
  slot.role.kind = attribute.kind;
  if (attribute.kind == ValueKind::number) slot.form = SlotForm::integer;
  const std::string told = attribute.any_name(random);
  slot.role.sentences = {"The " + told + " is {v}.", capitalised(told) + ": {v}.",
                         "As " + told + " it has {v}.", "Its " + told + " is {v}."};
  slot.role.distractors = {"The " + told + " is not {d}.", "The " + told + " of the other one is {d}."};
  return slot;
}

SchemaSlot implied_slot(Random& random, const Implied& implied, SlotForm form) {
  SchemaSlot slot;
  slot.key = implied.key;
  slot.telling_key = true;
  slot.meaning = implied.meaning;
  slot.form = form;
  slot.group = implied.group;
  slot.implied = implied.options;
  if (form == SlotForm::choice) {
    random.shuffle(slot.implied);
    slot.implied.resize(2 + random.below(slot.implied.size() - 1));
    for (const Implied::Option& option : slot.implied) slot.options.push_back(option.name);
  }
  return slot;
}

SchemaSlot choice_slot(Words& words) {
  Random& random = words.random();
  const std::uint64_t kind = random.below(10);
  if (kind < 4) return implied_slot(random, random.choose(implied_choices()), SlotForm::choice);
  SchemaSlot slot;
  slot.form = SlotForm::choice;
  if (kind < 6) {
    static constexpr std::array<const char*, 3> kKeys = {"topic", "about", "subject"};
    static constexpr std::array<const char*, 4> kMeanings = {"what it is about", "the subject of the message",
                                                             "the topic", "which topic the message has"};
    slot.key = pick(random, kKeys);
    slot.meaning = pick(random, kMeanings);
    slot.telling_key = true;
    slot.by_topic = true;
    slot.group = "topic";
    slot.options = distinct_topics(random, 2 + random.below(4));
    return slot;
  }
  // Told outright: any words as options, any word as the name of what is chosen.
  const std::string name = words.noun();
  slot.key = json_key(name);
  slot.telling_key = true;
  slot.meaning = random.chance(0.5) ? "the " + name : "which " + name;
  const std::uint64_t count = 2 + random.below(4), style = random.below(4);
  while (slot.options.size() < count) {
    std::string option = style == 0   ? words.value(ValueKind::colour)
                         : style == 1 ? words.made_up()
                         : style == 2 ? words.adjective()
                                      : words.noun();
    const bool clear =
        option != name &&
        std::none_of(slot.options.begin(), slot.options.end(), [&](const std::string& other) {
          return other.find(option) != std::string::npos || option.find(other) != std::string::npos;
        });
    if (clear) slot.options.push_back(std::move(option));
  }
  slot.role.kind = ValueKind::noun;
  slot.role.sentences = {"The " + name + " is {v}.", "For the " + name + " we take {v}.",
                         "As to the " + name + ", it is {v}.", "{v} is the right " + name + "."};
  slot.role.distractors = {"The " + name + " is not {d}.", "{d} is the wrong " + name + "."};
  return slot;
}

SchemaSlot any_slot(Words& words, const std::vector<Role>& roles) {
  Random& random = words.random();
  const std::uint64_t kind = random.below(20);
  if (kind < 12) return role_slot(words, random.choose(roles));
  if (kind < 14) return attribute_slot(words, roles);
  if (kind < 18) return choice_slot(words);
  const Implied& flag = random.choose(implied_flags());
  return implied_slot(random, flag, random.chance(0.65) ? SlotForm::true_or_false : SlotForm::yes_or_no);
}

// What every message with these slots may say of itself must not belong to a topic that can be chosen.
bool topics_are_clear(const Deed& deed, const std::vector<SchemaSlot>& slots) {
  std::string said = deed.past + " " + deed.participle + " " + deed.agent;
  for (const SchemaSlot& slot : slots) {
    const auto add = [&](const std::vector<std::string>& parts) {
      said.append(" ").append(join(parts, " "));
    };
    add(slot.role.sentences);
    for (const Implied::Option& option : slot.implied) add(option.sentences);
    if (!slot.by_topic) add(slot.options);
  }
  return std::none_of(slots.begin(), slots.end(), [&](const SchemaSlot& slot) {
    return slot.by_topic && names_another_topic(said, slot, "");
  });
}

std::vector<SchemaSlot> draw_schema(Words& words, const Deed& deed, std::size_t count) {
  Random& random = words.random();
  const std::vector<Role> roles = roles_of(deed);
  std::vector<SchemaSlot> slots;
  const double null_share = random.uniform();
  const bool upper_case = random.chance(0.1), telling_keys = random.chance(0.35);
  while (slots.size() < count) {
    SchemaSlot slot = any_slot(words, roles);
    const bool of_role = !slot.role.keys.empty();
    if (telling_keys && of_role && slot.form != SlotForm::list) {
      slot.key = slot.role.keys.front();
      slot.telling_key = true;
    } else if (!telling_keys && of_role && random.chance(0.25)) {
      // Any word may stand for it where the description tells what is meant.
      slot.key = json_key(words.noun());
      slot.telling_key = false;
    }
    if (upper_case) slot.key = capitalised(slot.key);
    slot.missing = random.chance(null_share) ? Missing::told : Missing::unsaid;
    const bool clashes = std::any_of(slots.begin(), slots.end(), [&](const SchemaSlot& other) {
      const bool same_role = !slot.role.meanings.empty() && slot.role.meanings == other.role.meanings;
      return other.key == slot.key || same_role || (!slot.group.empty() && slot.group == other.group);
    });
    if (clashes || is_held_out_key(slot.key)) continue;
    slots.push_back(std::move(slot));
    if (!topics_are_clear(deed, slots)) slots.pop_back();
  }
  return slots;
}

void answer(Dialogue& dialogue, const std::vector<SchemaSlot>& slots, const std::vector<Json>& values) {
  std::vector<std::pair<std::string, Json>> members;
  for (std::size_t i = 0; i < slots.size(); ++i) members.emplace_back(slots[i].key, values[i]);
  SpacedJson json = spaced_json(members);
  dialogue.answer(std::move(json.text), std::move(json.decisions));
}

}  // namespace

Dialogue extraction_dialogue(Words& words, Difficulty difficulty) {
  Random& random = words.random();
  Dialogue dialogue;
  dialogue.family = "fields";
  Deed deed = draw_deed(words).front();
  while (deed.agent.empty()) deed = draw_deed(words).front();  // a key is named after who did it
  const std::uint64_t most = difficulty.scaled(3, 7), one = random.below(most), other = random.below(most);
  std::vector<SchemaSlot> slots = draw_schema(words, deed, 1 + std::max(one, other));
  static constexpr std::array<const char*, 7> kTasks = {"",
                                                        "",
                                                        "Read the message. ",
                                                        "Find the values in the text. ",
                                                        "Fill in the form from what is said. ",
                                                        "Turn the message into data. ",
                                                        "Get these values out of the text. "};
  static constexpr std::array<const char*, 4> kNulls = {
      "Use null for what is not said. ", "What the text does not say is null. ", "null means not told. ",
      "Put null where the message says nothing. "};
  std::string system = pick(random, kTasks);
  const bool null_told = random.chance(0.3);
  if (null_told) system += pick(random, kNulls);
  MessageOptions options;
  options.level = difficulty.level;
  options.quotes_earlier = difficulty.level > 0.4 && random.chance(0.12);
  if (options.quotes_earlier) system += "Lines that begin with > are an older message and do not count. ";
  dialogue.system(system + schema_text(words, slots));
  // What was said of null in one sentence holds for every slot.
  if (null_told)
    for (SchemaSlot& slot : slots) slot.missing = Missing::told;
  options.missing_told = 0.34;
  options.missing_unsaid = 0.2;
  std::size_t bytes = dialogue.turns.front().text.size();
  const std::uint64_t turns = random.chance(0.35) ? 1 : 2 + random.below(4);
  for (std::uint64_t turn = 0; turn < turns; ++turn) {
    const SchemaMessage message = draw_schema_message(words, deed, slots, options);
    const std::size_t start = dialogue.turns.size();
    dialogue.user(message.text);
    answer(dialogue, slots, message.values);
    for (std::size_t i = start; i < dialogue.turns.size(); ++i) bytes += dialogue.turns[i].text.size();
    if (bytes <= kMostBytes || turn == 0) continue;
    dialogue.turns.resize(start);
    break;
  }
  return dialogue;
}

}  // namespace fulcrum
