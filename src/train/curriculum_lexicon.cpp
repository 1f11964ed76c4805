#include "train/curriculum_lexicon.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <functional>
#include <iterator>
#include <set>

#include "base/error.h"
#include "train/thesaurus.h"

namespace fulcrum {
namespace {

constexpr const char* kOnsets[] = {"b", "br", "c",  "d", "dr", "f",  "g",  "gr", "h",  "j",  "k", "l", "m",
                                   "n", "p",  "pr", "r", "s",  "sh", "st", "t",  "th", "tr", "v", "w", "z"};
constexpr const char* kVowels[] = {"a", "e", "i", "o", "u", "a", "e", "i", "o", "ai", "ea", "oo"};
constexpr const char* kCodas[] = {"", "", "", "n", "l", "r", "m", "s", "k", "t", "nd", "rt", "x", "sh"};
constexpr const char* kColours[] = {"red",  "blue",   "green",  "yellow", "black",  "white", "brown",
                                    "grey", "orange", "purple", "pink",   "silver", "gold",  "violet"};
constexpr const char* kMonths[] = {"January", "February", "March",     "April",   "May",      "June",
                                   "July",    "August",   "September", "October", "November", "December"};
constexpr const char* kDays[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                 "Friday", "Saturday", "Sunday"};
constexpr const char* kPlaceEndings[] = {" Street", " Hill", " Square", " Bay"};
constexpr const char* kUnits[] = {"kg", "m", "cm", "km", "litres", "tons", "miles", "metres"};
constexpr const char* kSpans[] = {"minutes", "hours", "days", "weeks", "months", "years", "working days"};

// {n} {m} nouns, {v} verb, {a} {b} adjectives of one topic; {p} a made-up name.
constexpr const char* kSentences[] = {"I want to {v} the {n} today.",
                                      "How do I {v} the {n}?",
                                      "Can you {v} my {n}?",
                                      "My {n} is {a} and I need a new one.",
                                      "The {a} {n} stood beside the {m}.",
                                      "I could not {v} the {n} because it was too {a}.",
                                      "Please {v} the {n} before noon.",
                                      "Why is the {n} so {a}?",
                                      "We saw a {n} and a {m} yesterday.",
                                      "{p} likes to {v} the {n} every morning.",
                                      "There was a {a} {n} near the {m}.",
                                      "You should {v} the {n} first and then look at the {m}.",
                                      "Is it {a} to {v} a {n}?",
                                      "They talked about the {n} for an hour.",
                                      "The {n} was {a}, but the {m} was not.",
                                      "{p} forgot the {n} again.",
                                      "Do not {v} that {n}, it is {a}.",
                                      "Nobody could {v} such a {a} {n}.",
                                      "She gave me a {n} and asked me to {v} it.",
                                      "When will the {n} be {a}?",
                                      "I have never seen a {n} as {a} as this one.",
                                      "He will {v} the {m} after he has found the {n}.",
                                      "It takes time to {v} a {n}.",
                                      "What a {a} {n}!",
                                      "The {n} and the {m} are both {a}.",
                                      "I heard that {p} can {v} a {n}.",
                                      "Someone left a {n} on the {m}.",
                                      "Let us {v} the {n} together.",
                                      "We need someone to {v} this {a} {n}.",
                                      "After lunch {p} went to {v} the {n}."};
constexpr const char* kHeldOutSentences[] = {
    "Would it be wise to {v} a {n} that is {a}?", "Between the {n} and the {m} I prefer the {n}.",
    "{p} tried twice to {v} the {a} {n}.", "Tell me where I might {v} a {n}."};
// {p} made-up name, {q} another, {x} number.
constexpr const char* kFillers[] = {"{p} said nothing about it.",    "It was a quiet day.",
                                    "Nobody remembers why.",         "The rest is not known.",
                                    "{p} and {q} had a long talk.",  "This was written down with care.",
                                    "Many people asked about this.", "Some say it was different before.",
                                    "{p} came back after {x} days.", "There is more to tell another time.",
                                    "The list was checked by {p}.",  "All of this is true.",
                                    "{p} laughed and went home.",    "Later the plan was changed a little.",
                                    "Everyone was happy with that.", "It has been so for {x} years."};

template <std::size_t N>
std::string pick(Random& random, const char* const (&items)[N]) {
  return items[random.below(N)];
}

}  // namespace

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return parts;
}

std::string json_key(std::string name) {
  std::ranges::replace(name, ' ', '_');
  return name;
}

std::set<std::string> lower_words(std::string_view text, std::size_t least) {
  std::set<std::string> words;
  std::string word;
  const auto end_word = [&] {
    if (word.size() >= least) words.insert(word);
    word.clear();
  };
  for (const char c : text) {
    if (c >= 'a' && c <= 'z') {
      word += c;
    } else {
      end_word();
    }
  }
  end_word();
  return words;
}

std::vector<std::string> split_words(std::string_view text) {
  return split(text, ' ');
}

Pool pool_of(std::string_view word) {
  return stream_of(word) % 8 == 0 ? Pool::held_out : Pool::training;
}

std::string capitalised(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

std::string join(std::span<const std::string> parts, std::string_view separator) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) text += separator;
    text += parts[i];
  }
  return text;
}

std::string fill(std::string_view pattern,
                 std::span<const std::pair<std::string_view, std::string_view>> values) {
  std::string text;
  while (!pattern.empty()) {
    const std::size_t open = pattern.find('{');
    text += pattern.substr(0, open);
    if (open == std::string_view::npos) break;
    const std::size_t close = pattern.find('}', open);
    const std::string_view key = pattern.substr(open + 1, close - open - 1);
    bool known = false;
    for (const auto& [name, value] : values) {
      if (name != key) continue;
      text += value;
      known = true;
    }
    if (!known)
      throw_error(ErrorCode::internal, "writing an episode: the pattern names {{{}}}, which has no value",
                  key);
    pattern.remove_prefix(close + 1);
  }
  return text;
}

std::string Words::made_up() {
  for (;;) {
    std::string word;
    const std::uint64_t syllables = random_.chance(0.25) ? 3 : 2;
    for (std::uint64_t i = 0; i < syllables; ++i) {
      if (i > 0 || random_.chance(0.85)) word += pick(random_, kOnsets);
      word += pick(random_, kVowels);
    }
    word += pick(random_, kCodas);
    if (word.size() >= 4 && pool_of(word) == pool_) return word;
  }
}

// Draws stand in statements of their own: the order of operands within one expression is the compiler's to
// choose.
std::string Words::name() {
  return capitalised(made_up());
}
std::string Words::full_name() {
  const std::string first = name();
  return first + " " + name();
}

std::string Words::code() {
  static constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  std::string text;
  const auto letters = [&](std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) text += kLetters[random_.below(kLetters.size())];
  };
  const auto digits = [&](std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) text += static_cast<char>('0' + random_.below(10));
  };
  switch (random_.below(4)) {
    case 0:
      letters(2), text += '-', digits(3 + random_.below(2));
      break;
    case 1:
      letters(1), digits(2 + random_.below(3));
      break;
    case 2:
      digits(3 + random_.below(3));
      break;
    default:
      letters(2), digits(2), letters(1);
  }
  return text;
}

std::string Words::value(ValueKind kind) {
  Random& r = random_;
  const auto number = [&r](std::int64_t low, std::int64_t high) {
    return std::to_string(r.between(low, high));
  };
  switch (kind) {
    case ValueKind::person:
      return r.chance(0.6) ? name() : full_name();
    case ValueKind::place: {
      std::string text = name();
      if (r.chance(0.2)) text += pick(r, kPlaceEndings);
      return text;
    }
    case ValueKind::colour: {
      std::string text = r.chance(0.2) ? "dark " : "";
      return text += pick(r, kColours);
    }
    case ValueKind::number:
      return r.chance(0.5) ? number(2, 40) : number(41, 2999);
    case ValueKind::price: {
      std::string text = r.chance(0.7) ? "$" : "€";
      text += r.chance(0.6) ? number(1, 99) : number(100, 1999);
      if (r.chance(0.4)) text += "." + number(10, 99);
      return text;
    }
    case ValueKind::date: {
      std::string day = number(1, 28), month = pick(r, kMonths);
      const std::uint64_t form = r.below(5);
      if (form < 3) return day + " " + month;
      if (form == 3) return month + " " + day;
      std::string text = number(2001, 2039) + "-";
      text += number(10, 12) + "-";
      return text += number(10, 28);
    }
    case ValueKind::time: {
      std::string hour = number(1, 23);
      return hour + ":" + pick(r, {"00", "15", "30", "45", "10", "50"});
    }
    case ValueKind::code:
      return code();
    case ValueKind::duration: {
      std::string count = number(2, 90);
      return count + " " + pick(r, kSpans);
    }
    case ValueKind::measure: {
      std::string count = number(2, 300);
      return count + " " + pick(r, kUnits);
    }
    case ValueKind::noun:
      return noun();
    case ValueKind::phone: {
      std::string text = "0";
      for (int i = 0; i < 6; ++i) text += static_cast<char>('0' + r.below(10));
      return text;
    }
    case ValueKind::percent:
      return number(1, 99) + "%";
    case ValueKind::weekday:
      return pick(r, kDays);
    case ValueKind::phrase: {
      // Two to four words, so that an answer's end has to be found and not only its start.
      const std::uint64_t form = r.below(4);
      if (form == 3) {
        std::string text = verb();
        return text += " the " + noun();
      }
      std::string text = form == 0 ? "a " : form == 1 ? "the " : "";
      text += adjective() + " ";
      if (r.chance(0.3)) text += noun() + " ";
      return text += noun();
    }
  }
  return {};
}

std::string Words::thing() {
  const std::uint64_t form = random_.below(4);
  if (form == 3) return name();
  std::string text = "the ";
  if (form == 0) text += adjective() + " ";
  if (form == 2) text += name() + " ";
  text += noun();
  if (form == 1) text += " of " + name();
  return text;
}

std::string Words::label() {
  switch (random_.below(6)) {
    case 0:
      return std::string(1, static_cast<char>('A' + random_.below(26)));
    case 1:
      return code();
    case 2:
      return noun();
    case 3:
      return name();
    default:
      return made_up();
  }
}

std::string Words::sentence(const Topic& topic) {
  const std::string &n = random_.choose(topic.nouns), &v = random_.choose(topic.verbs),
                    &a = random_.choose(topic.adjectives);
  std::string m = random_.choose(topic.nouns);
  while (m == n) m = random_.choose(topic.nouns);
  const std::string p = name();
  const std::pair<std::string_view, std::string_view> values[] = {
      {"n", n}, {"m", m}, {"v", v}, {"a", a}, {"p", p}};
  return fill(pool_ == Pool::held_out && random_.chance(0.5) ? pick(random_, kHeldOutSentences)
                                                             : pick(random_, kSentences),
              values);
}

std::string Words::filler() {
  const std::string p = name(), q = name(), x = std::to_string(random_.between(2, 60));
  const std::pair<std::string_view, std::string_view> values[] = {{"p", p}, {"q", q}, {"x", x}};
  return fill(pick(random_, kFillers), values);
}

const Topic& Words::topic() {
  return random_.choose(topics(pool_));
}
std::string Words::other_word() {
  if (!real_.common.empty() && random_.chance(0.65)) return random_.choose(real_.common);
  return made_up();
}

Topic Words::invented_topic() {
  Topic topic;
  topic.name = other_word();
  for (int i = 0; i < 5; ++i) topic.nouns.push_back(other_word());
  for (int i = 0; i < 3; ++i) topic.verbs.push_back(other_word());
  for (int i = 0; i < 3; ++i) topic.adjectives.push_back(other_word());
  return topic;
}

Attribute Words::attribute() {
  if (pool_ == Pool::held_out || random_.chance(0.45)) return random_.choose(attributes(pool_));
  if (real_.thesaurus != nullptr && random_.chance(0.6)) return concept_attribute();
  static constexpr std::array<ValueKind, 8> kKinds = {ValueKind::person,   ValueKind::number, ValueKind::noun,
                                                      ValueKind::phrase,   ValueKind::price,  ValueKind::code,
                                                      ValueKind::duration, ValueKind::place};
  Attribute any;
  any.name = noun();
  if (random_.chance(0.25)) any.name += " " + noun();
  any.key = json_key(any.name);
  any.kind = kKinds[random_.below(kKinds.size())];
  return any;
}

Attribute Words::concept_attribute() {
  const Concept* drawn = &common(real_.thesaurus->concepts());
  for (int tries = 0; tries < 2 && drawn->names.size() < 2; ++tries)
    drawn = &common(real_.thesaurus->concepts());
  Attribute attribute;
  std::vector<std::string> names = drawn->names;
  random_.shuffle(names);
  attribute.name = names.back();
  names.pop_back();
  attribute.other_names = std::move(names);
  attribute.key = json_key(attribute.name);
  attribute.kind = drawn->value;
  return attribute;
}

const std::string& Attribute::any_name(Random& random) const {
  return other_names.empty() || random.chance(0.5) ? name : random.choose(other_names);
}

Topic Words::real_topic() {
  if (real_.thesaurus == nullptr) return topic();
  const Field& field = random_.choose(real_.thesaurus->fields());
  Topic topic;
  topic.name = field.name;
  topic.nouns = field.nouns;
  topic.definitions = field.definitions;
  for (int i = 0; i < 3; ++i) topic.verbs.push_back(verb());
  for (int i = 0; i < 3; ++i) topic.adjectives.push_back(adjective());
  return topic;
}

std::string Words::noun() {
  if (real_.thesaurus != nullptr && random_.chance(0.3)) {
    return random_.choose(common(real_.thesaurus->concepts()).names);
  }
  if (random_.chance(0.5)) return other_word();
  return random_.choose(topic().nouns);
}

std::string Words::verb() {
  if (real_.thesaurus != nullptr && random_.chance(0.3)) {
    return random_.choose(common(real_.thesaurus->actions())).base;
  }
  if (random_.chance(0.5)) return other_word();
  return random_.choose(topic().verbs);
}

std::string Words::adjective() {
  if (real_.thesaurus != nullptr && random_.chance(0.3)) {
    return random_.choose(common(real_.thesaurus->qualities()).names);
  }
  if (random_.chance(0.5)) return other_word();
  return random_.choose(topic().adjectives);
}

bool in_held_out_tables(std::string_view word) {
  static const std::set<std::string, std::less<>> words = [] {
    std::set<std::string, std::less<>> all;
    for (const Topic& topic : topics(Pool::held_out)) {
      for (const auto* list : {&topic.nouns, &topic.verbs, &topic.adjectives})
        all.insert(list->begin(), list->end());
      for (const std::string& part : split_words(topic.name)) all.insert(part);
    }
    std::set<std::string> shared;
    for (const Attribute& attribute : attributes(Pool::training)) {
      for (const auto* forms : {&attribute.statements, &attribute.questions})
        for (const std::string& form : *forms) shared.merge(lower_words(form, 3));
    }
    for (const Attribute& attribute : attributes(Pool::held_out)) {
      for (const std::string& part : split_words(attribute.name)) all.insert(part);
      std::set<std::string> own;
      for (const auto* forms : {&attribute.statements, &attribute.questions})
        for (const std::string& form : *forms) own.merge(lower_words(form, 3));
      std::ranges::set_difference(own, shared, std::inserter(all, all.end()));
    }
    return all;
  }();
  return words.contains(word);
}

}  // namespace fulcrum
