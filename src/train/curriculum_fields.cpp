#include "train/curriculum_fields.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

#include "train/curriculum_deeds.h"
#include "train/curriculum_extraction.h"

namespace fulcrum {
namespace {

using Slots = std::pair<std::string_view, std::string_view>;

enum class Form { text, number, choice, flag };

struct Slot {
  std::string key, description;
  Form form = Form::text;
  ValueKind kind = ValueKind::noun;
  std::vector<std::string> sentences;  // with {v}; for a choice one a value
  std::vector<std::string> options;    // values of a choice or flag
};

struct SlotRow {
  Form form;
  ValueKind kind;
  const char *keys, *descriptions, *sentences, *options;  // separated by '|'
};

constexpr SlotRow kSlots[] = {
    {Form::text, ValueKind::person, "name|person|sender|writer|who",
     "who writes|name of the person|the writer's name",
     "My name is {v}.|I am {v}.|This is {v}.|{v} writes this.|Yours, {v}|{v} here.|Best wishes, {v}", ""},
    {Form::text, ValueKind::person, "friend|companion|partner|guest", "who comes along|the other person",
     "{v} comes with me.|I will bring {v}.|My friend {v} sends greetings.|{v} will be there too.", ""},
    {Form::text, ValueKind::place, "city|town|place|home|from",
     "where the person lives|the town|home of the writer",
     "I live in {v}.|I am from {v}.|We are at home in {v}.|My house is in {v}.", ""},
    {Form::text, ValueKind::place, "destination|target|to|goal", "where the journey goes|the place to reach",
     "We are going to {v}.|I travel to {v}.|The trip leads to {v}.|Bring it to {v}.", ""},
    {Form::text, ValueKind::noun, "item|thing|object|product|article",
     "the thing it is about|what was bought|the object",
     "I bought a {v}.|It is about the {v}.|I have a {v}.|We looked at the {v}.|The {v} is what I mean.", ""},
    {Form::text, ValueKind::colour, "colour|color|paint|shade", "its colour|which colour",
     "It should be {v}.|It is {v}.|I want it in {v}.|The colour is {v}.", ""},
    {Form::text, ValueKind::price, "price|cost|amount|total|paid",
     "the price|what was paid|sum with its sign",
     "It cost {v}.|I paid {v}.|The price was {v}.|They wanted {v} for it.", ""},
    {Form::text, ValueKind::date, "date|day|when|start", "the date|day it happens|when it was",
     "It was on {v}.|I came on {v}.|The date is {v}.|Since {v} I have waited.", ""},
    {Form::text, ValueKind::time, "time|hour|at|clock", "the time of day|at what time",
     "Come at {v}.|It starts at {v}.|We meet at {v}.|Be there by {v}.", ""},
    {Form::text, ValueKind::code, "code|number|reference|id|ref",
     "the code|reference in the text|the number it carries",
     "The code is {v}.|It says {v} on it.|My number is {v}.|The reference is {v}.|See {v}.", ""},
    {Form::text, ValueKind::phone, "phone|call|tel|mobile", "phone number|number to call",
     "Call me on {v}.|My phone is {v}.|Ring {v}.", ""},
    {Form::text, ValueKind::weekday, "weekday|free_day|day_of_week", "the day of the week|which weekday",
     "I am free on {v}.|{v} suits me.|Only {v} is possible.", ""},
    {Form::text, ValueKind::duration, "duration|wait|period|how_long", "how long|the time it takes",
     "It takes {v}.|I waited {v}.|It lasted {v}.", ""},
    {Form::text, ValueKind::measure, "weight|size|length|measure", "its measure|how big or heavy",
     "It measures {v}.|It has {v}.|We need {v}.", ""},
    {Form::number, ValueKind::number, "count|quantity|people|pieces|how_many",
     "how many, a number|number of pieces|a whole number",
     "I need {v} of them.|There are {v}.|We are {v} people.|Send {v} pieces.", ""},
    {Form::choice, ValueKind::noun, "mood|feeling|tone", "happy or angry|angry, happy",
     "I am so pleased.^This makes me mad.|What a joy!^I have had enough of this!|I love it.^I hate it.",
     "happy|angry"},
    {Form::choice, ValueKind::noun, "size_class|big_or_small|scale", "big or small|small, big",
     "It is huge.^It is tiny.|It is very large.^It is very little.|It fills the room.^It fits into a hand.",
     "big|small"},
    {Form::choice, ValueKind::noun, "season|time_of_year", "summer or winter|winter, summer",
     "The sun was hot.^There was snow everywhere.|We swam a lot.^It froze every night.", "summer|winter"},
    {Form::flag, ValueKind::noun, "reply|wants_answer|answer_needed",
     "true if an answer is wanted, else false|is an answer wanted",
     "Please answer me.^There is no need to answer.|I wait for your reply.^You need not reply.",
     "true|false"},
    {Form::flag, ValueKind::noun, "paid_already|is_paid|settled", "true if it is paid|is it paid",
     "I have already paid.^I have not paid yet.|Everything is settled.^The bill is still open.",
     "true|false"},
};

std::string key_style(std::string key, std::uint64_t style) {
  if (style == 1) {
    std::string camel;
    for (std::size_t i = 0; i < key.size(); ++i) {
      if (key[i] == '_' && i + 1 < key.size()) {
        camel += capitalised(std::string(1, key[++i]));
      } else {
        camel += key[i];
      }
    }
    return camel;
  }
  if (style == 2) return capitalised(key);
  return key;
}

std::vector<Slot> draw_slots(Words& words, std::size_t count) {
  Random& random = words.random();
  std::vector<std::size_t> rows(std::size(kSlots));
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = i;
  random.shuffle(rows);
  const std::uint64_t style = random.chance(0.7) ? 0 : random.below(3);
  std::vector<Slot> slots;
  const auto fresh = [&](const std::string& key) {
    if (words.pool() == Pool::training && is_held_out_key(key)) return false;
    return std::none_of(slots.begin(), slots.end(), [&](const Slot& slot) { return slot.key == key; });
  };
  for (const std::size_t i : rows) {
    if (slots.size() == count) break;
    if (words.pool() == Pool::training && random.chance(0.45)) {
      // An attribute of the text's subject, told as reading does: "The weight of it is 3 kg."
      const bool deed = random.chance(0.4);
      const Attribute attribute = deed ? deed_attribute(words, draw_deed(words)) : words.attribute();
      const std::string key = key_style(attribute.key, style);
      const std::string told = attribute.any_name(random);
      std::vector<std::string> sentences = {"The " + told + " is {v}.", capitalised(told) + ": {v}.",
                                            "Its " + told + " is {v}."};
      // What is never asked by its verb could not be told from its name.
      for (const std::string& form :
           attribute.questions.empty() ? std::vector<std::string>{} : attribute.statements) {
        static constexpr Slots kIt[] = {{"e", "it"}, {"v", "{v}"}};
        sentences.push_back(capitalised(fill(form, kIt)));
      }
      if (fresh(key))
        slots.push_back({key,
                         random.chance(0.5) ? attribute.name : "the " + attribute.name,
                         Form::text,
                         attribute.kind,
                         std::move(sentences),
                         {}});
      continue;
    }
    const SlotRow& row = kSlots[i];
    // The last name of each row is kept for the gates.
    std::vector<std::string> keys = split(row.keys, '|'), descriptions = split(row.descriptions, '|');
    if (words.pool() == Pool::held_out)
      keys = {keys.back()};
    else
      keys.pop_back();
    std::string name = random.choose(keys);
    // Any word may stand for it where the description tells what is meant: keys have to be copied, not known.
    if (words.pool() == Pool::training && random.chance(0.4)) {
      name = words.noun();
      if (random.chance(0.4)) name += "_" + words.noun();
    }
    const std::string key = key_style(name, style);
    if (fresh(key))
      slots.push_back({key, random.choose(descriptions), row.form, row.kind, split(row.sentences, '|'),
                       split(row.options, '|')});
  }
  if (words.pool() == Pool::held_out && slots.size() > 1) {
    const Attribute attribute = words.attribute();
    slots.back() = {attribute.key,
                    attribute.name,
                    Form::text,
                    attribute.kind,
                    {"Its " + attribute.name + " is {v}."},
                    {}};
  }
  return slots;
}

// The sentence that holds the slot's value, and the value as JSON.
std::pair<std::string, Json> tell(Words& words, const Slot& slot) {
  Random& random = words.random();
  if (slot.form == Form::choice || slot.form == Form::flag) {
    const std::string& both = random.choose(slot.sentences);
    const std::size_t cut = both.find('^');
    const bool first = random.chance(0.5);
    const std::string sentence = first ? both.substr(0, cut) : both.substr(cut + 1);
    if (slot.form == Form::flag) return {sentence, Json(first)};
    return {sentence, Json(slot.options[first ? 0 : 1])};
  }
  const std::string value = words.value(slot.kind);
  const Slots slots[] = {{"v", value}};
  Json json = slot.form == Form::number ? Json(std::stoll(value)) : Json(value);
  return {fill(random.choose(slot.sentences), slots), std::move(json)};
}

std::string instruction(Words& words, const std::vector<Slot>& slots) {
  static constexpr std::array<const char*, 5> kOpenings = {
      "", "Read the message. ", "Find the values in the text. ", "Fill in the fields from the message. ",
      "Extract the data; use null for what is missing. "};
  std::vector<std::pair<std::string, Json>> members;
  for (const Slot& slot : slots) members.emplace_back(slot.key, slot.description);
  return kOpenings[words.random().below(kOpenings.size())] + std::string("Answer with JSON: ") +
         spaced_json(members).text + ".";
}

void example(Words& words, Dialogue& dialogue, const std::vector<Slot>& slots, double level) {
  Random& random = words.random();
  std::vector<std::string> sentences;
  std::vector<std::pair<std::string, Json>> members;
  for (const Slot& slot : slots) {
    // A flag without its sentence would be a guess.
    if (level > 0.2 && slot.form != Form::flag && random.chance(0.15)) {
      members.emplace_back(slot.key, Json(nullptr));
      continue;
    }
    auto [sentence, value] = tell(words, slot);
    sentences.push_back(std::move(sentence));
    members.emplace_back(slot.key, std::move(value));
  }
  const std::size_t noise = random.below(1 + static_cast<std::uint64_t>(level * 3.5));
  for (std::size_t i = 0; i < noise; ++i)
    sentences.push_back(random.chance(0.5) ? words.filler() : words.sentence(words.topic()));
  random.shuffle(sentences);
  if (sentences.empty()) sentences.push_back(words.filler());
  dialogue.user(join(sentences, " "));
  SpacedJson answer = spaced_json(members);
  dialogue.answer(std::move(answer.text), std::move(answer.decisions));
}

}  // namespace

SpacedJson spaced_json(const std::vector<std::pair<std::string, Json>>& members) {
  SpacedJson json{"{", {}};
  const auto decide = [&](std::size_t ahead) {
    json.decisions.push_back(static_cast<std::uint32_t>(json.text.size() + ahead));
  };
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (i > 0) json.text += ", ";
    decide(1);
    json.text += Json(members[i].first).dump() + ": ";
    decide(0);
    if (members[i].second.is_string()) decide(1);
    if (members[i].second.is_array()) {
      json.text += "[";
      for (std::size_t j = 0; j < members[i].second.size(); ++j) {
        if (j > 0) json.text += ", ";
        json.text += members[i].second[j].dump();
      }
      json.text += "]";
      continue;
    }
    json.text += members[i].second.dump();
  }
  json.text += "}";
  return json;
}

bool is_held_out_key(std::string_view key) {
  static const std::set<std::string, std::less<>> kKeys = [] {
    std::set<std::string, std::less<>> keys;
    for (const SlotRow& row : kSlots) keys.insert(split(row.keys, '|').back());
    for (const Attribute& attribute : attributes(Pool::held_out)) keys.insert(attribute.key);
    return keys;
  }();
  std::string lower(key);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return kKeys.contains(lower);
}

Dialogue plain_fields_dialogue(Words& words, Difficulty difficulty) {
  Random& random = words.random();
  Dialogue dialogue;
  dialogue.family = "fields";
  const std::vector<Slot> slots = draw_slots(words, 1 + random.below(difficulty.scaled(2, 6)));
  dialogue.system(instruction(words, slots));
  const std::size_t turns = 2 + random.below(3);
  for (std::size_t turn = 0; turn < turns; ++turn) example(words, dialogue, slots, difficulty.level);
  return dialogue;
}

Dialogue fields_dialogue(Words& words, Difficulty difficulty) {
  return words.random().chance(0.3) ? plain_fields_dialogue(words, difficulty)
                                    : extraction_dialogue(words, difficulty);
}

Dialogue fields_item(Words& words, std::uint64_t keys) {
  Dialogue dialogue;
  dialogue.family = "fields";
  const std::vector<Slot> slots = draw_slots(words, keys);
  dialogue.system(instruction(words, slots));
  example(words, dialogue, slots, 0.6);
  return dialogue;
}

}  // namespace fulcrum
