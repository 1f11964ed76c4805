#include "train/curriculum_recall.h"

#include <algorithm>
#include <array>

namespace fulcrum {
namespace {

std::string token_like(Words& words) {
  switch (words.random().below(6)) {
    case 0:
      return words.noun();
    case 1:
      return words.code();
    case 2:
      return words.name();
    case 3:
      return words.adjective();
    case 4:
      return std::to_string(words.random().below(1000));
    default:
      return words.made_up();
  }
}

// Characters in no order that a language has: what can be copied then is any text.
std::string printable(Random& random) {
  std::string text;
  for (std::uint64_t left = 1 + random.below(8); left > 0; --left)
    text += static_cast<char>('!' + random.below('~' - '!' + 1));
  return text;
}

std::vector<std::string> distinct(Words& words, std::size_t count) {
  std::vector<std::string> result;
  while (result.size() < count) {
    std::string word = token_like(words);
    if (std::find(result.begin(), result.end(), word) == result.end()) result.push_back(std::move(word));
  }
  return result;
}

}  // namespace

Dialogue copy_dialogue(Words& words, Difficulty difficulty) {
  Random& random = words.random();
  Dialogue dialogue;
  dialogue.family = "copy";
  static constexpr const char* kOpenings[] = {
      "Repeat: ", "Say this again: ", "Copy: ", "Write the same: ", ""};
  const std::string opening = kOpenings[random.below(std::size(kOpenings))];
  if (opening.empty()) dialogue.system("Repeat what the user says.");
  const std::size_t turns = 1 + random.below(3);
  for (std::size_t turn = 0; turn < turns; ++turn) {
    std::string text;
    if (random.chance(0.4)) {
      text = words.sentence(words.topic());
    } else {
      std::vector<std::string> items;
      const std::size_t count = 2 + random.below(difficulty.scaled(6, 24));
      const double strange = random.chance(0.3) ? 0.5 : 0;
      for (std::size_t i = 0; i < count; ++i)
        items.push_back(random.chance(strange) ? printable(random) : token_like(words));
      text = join(items, random.chance(0.7) ? " " : ", ");
    }
    dialogue.user(opening + text);
    dialogue.answer(text);
  }
  return dialogue;
}

Dialogue recall_dialogue(Words& words, Difficulty difficulty) {
  Random& random = words.random();
  Dialogue dialogue;
  dialogue.family = "recall";
  const std::size_t count = 1 + random.below(difficulty.scaled(5, 14));
  std::vector<std::string> keys;
  if (difficulty.level > 0.3 && random.chance(0.6)) {
    // Two-word keys that share their words: only both together point to one value.
    const std::vector<std::string> left = distinct(words, 1 + count / 3),
                                   right = distinct(words, 1 + count / 3);
    for (const std::string& a : left) {
      for (const std::string& b : right) keys.push_back(a + " " + b);
    }
    random.shuffle(keys);
    if (keys.size() > count) keys.resize(count);
  } else {
    keys = distinct(words, count);
  }
  std::vector<std::string> values;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    values.push_back(token_like(words));
    if (random.chance(0.3 * difficulty.level)) values.back() += " " + token_like(words);
  }
  static constexpr std::array<const char*, 10> kJoins = {
      " ", " ", ": ", " = ", " is ", " -> ", " has ", ", that is ", " goes with ", " was given "};
  static constexpr std::array<const char*, 3> kBreaks = {"; ", ". ", "\n"};
  const std::string_view joined = kJoins[random.below(difficulty.scaled(2, kJoins.size()))];
  const std::string_view broken = kBreaks[random.below(kBreaks.size())];
  std::string table;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (i > 0) table += broken;
    if (random.chance(0.15 * difficulty.level)) table += words.filler() + " ";
    table += keys[i] + std::string(joined) + values[i];
  }
  // The table stands in the system message, in a document or in the first question.
  const std::uint64_t where = random.below(3);
  if (where == 0) dialogue.system(table);
  std::vector<std::size_t> order(keys.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  random.shuffle(order);
  if (order.size() > 8) order.resize(8);
  const bool missing = difficulty.level > 0.3 && random.chance(0.3);
  static constexpr std::array<const char*, 3> kAsks = {"{k}?", "{k}", "What about {k}?"};
  const std::string_view ask = kAsks[random.below(kAsks.size())];
  for (std::size_t turn = 0; turn < order.size() + (missing ? 1 : 0); ++turn) {
    const bool absent = turn == order.size();
    std::string key = absent ? token_like(words) : keys[order[turn]];
    if (absent && std::any_of(keys.begin(), keys.end(),
                              [&](const std::string& other) { return other.find(key) != std::string::npos; }))
      break;
    const std::pair<std::string_view, std::string_view> slots[] = {{"k", key}};
    std::string question = fill(ask, slots);
    if (turn == 0 && where == 1) question = "<doc>[1] " + table + "</doc>" + question;
    if (turn == 0 && where == 2) question = table + "\n" + question;
    dialogue.user(question);
    dialogue.answer(absent ? std::string(where == 1 ? kAbsentAnswer : "none") : values[order[turn]]);
  }
  return dialogue;
}

}  // namespace fulcrum
