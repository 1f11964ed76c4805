#include "train/curriculum_steps.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <span>

namespace fulcrum {
namespace {

using Slots = std::pair<std::string_view, std::string_view>;

constexpr std::string_view kThink = "Think step by step, then answer.", kDirect = "Answer at once.";

// "7+8=15 5c1; 4+2+1=7 7c0;": column by column from the right, digit and carry.
std::string addition_working(std::uint64_t a, std::uint64_t b) {
  std::string text;
  std::uint64_t carry = 0;
  while (a > 0 || b > 0) {
    const std::uint64_t x = a % 10, y = b % 10, sum = x + y + carry;
    if (!text.empty()) text += "; ";
    text += std::to_string(x) + "+" + std::to_string(y) + (carry > 0 ? "+1" : "") + "=" + std::to_string(sum);
    carry = sum / 10;
    a /= 10;
    b /= 10;
  }
  return text;
}

std::uint64_t with_digits(Random& random, std::uint64_t digits) {
  std::int64_t low = 1;
  for (std::uint64_t i = 1; i < digits; ++i) low *= 10;
  return static_cast<std::uint64_t>(random.between(digits == 1 ? 0 : low, low * 10 - 1));
}

// The program asks for working in one sentence (prompt/program.h), people in many.
std::string manner(Random& random, Scratchpad scratchpad, std::span<const char* const> tasks) {
  static constexpr std::array<const char*, 5> kThinks = {
      kThink.data(), "Think step by step before you answer.", "Work it out before you answer.",
      "First think, then give the answer.", "Show your steps, then the answer."};
  static constexpr std::array<const char*, 4> kDirects = {kDirect.data(), "", "Only the answer, please.",
                                                          "Answer without working."};
  std::string text = random.chance(0.6) ? tasks[random.below(tasks.size())] : "";
  const std::string how = scratchpad == Scratchpad::used ? kThinks[random.below(kThinks.size())]
                                                         : kDirects[random.below(kDirects.size())];
  return text + (text.empty() || how.empty() ? "" : " ") + how;
}

enum class Story { none, told };  // bare numbers, or numbers of things

void add(Dialogue& dialogue, Words& words, std::uint64_t digits, Scratchpad scratchpad, Story story) {
  Random& random = words.random();
  const std::uint64_t a = with_digits(random, digits), b = with_digits(random, digits);
  static constexpr std::array<const char*, 4> kAsks = {"{a}+{b}?", "{a} + {b} =", "What is {a} plus {b}?",
                                                       "Add {a} and {b}."};
  static constexpr std::array<const char*, 10> kStories = {
      "{p} has {a} {n} and gets {b} more. How many are there now?",
      "There are {a} {n} in one place and {b} in another. How many in all?",
      "One {n} costs ${a}, the other ${b}. What do they cost together?",
      "{p} made {a} steps before noon and {b} after it. How many steps is that?",
      "First came {a} {n}, then {b}. What is the sum?",
      "{p} counted {a} {n}, {q} counted {b}. How many did both of them count?",
      "We need {a} for the {n} and {b} for the {m}. What do we need altogether?",
      "{a} pages of {n}, {b} pages of {m}: how many pages?",
      "The {n} weighs {a} kg. A {m} of {b} kg is put on top. What is the weight now?",
      "Yesterday it was {a}. Since then {b} have been added. Where are we now?"};
  const std::string x = std::to_string(a), y = std::to_string(b);
  if (story == Story::none) {
    const Slots slots[] = {{"a", x}, {"b", y}};
    dialogue.user(fill(kAsks[random.below(kAsks.size())], slots));
  } else {
    const std::string p = words.name(), q = words.name(), n = words.noun(), m = words.noun();
    const Slots slots[] = {{"a", x}, {"b", y}, {"p", p}, {"q", q}, {"n", n}, {"m", m}};
    dialogue.user(fill(kStories[random.below(kStories.size())], slots));
  }
  const std::string sum = std::to_string(a + b);
  dialogue.answer(scratchpad == Scratchpad::used ? "<think>" + addition_working(a, b) + "</think>" + sum
                                                 : sum);
}

}  // namespace

Dialogue sums_dialogue(Words& words, Difficulty difficulty) {
  Random& random = words.random();
  Dialogue dialogue;
  dialogue.family = "sums";
  const Scratchpad scratchpad = random.chance(0.7) ? Scratchpad::used : Scratchpad::unused;
  static constexpr std::array<const char*, 4> kTasks = {
      "Add the numbers.", "Answer the question.", "Say how much it is in all.", "You are good at sums."};
  const std::string asked = manner(random, scratchpad, kTasks);
  if (!asked.empty()) dialogue.system(asked);
  const Story story = random.chance(0.5) ? Story::told : Story::none;
  const std::size_t turns = 3 + random.below(3);
  for (std::size_t turn = 0; turn < turns; ++turn)
    add(dialogue, words, 1 + random.below(difficulty.scaled(2, 3)), scratchpad, story);
  return dialogue;
}

Dialogue hops_dialogue(Words& words, Difficulty difficulty) {
  Random& random = words.random();
  Dialogue dialogue;
  dialogue.family = "hops";
  static constexpr std::array<const char*, 6> kLinks = {"friend",  "teacher", "neighbour",
                                                        "partner", "cook",    "captain"};
  struct Place {
    const char *statement, *question;
    ValueKind kind;
  };
  static constexpr std::array<Place, 4> kEnds = {
      {{"{b} lives in {v}.", "Where does the {l} of {a} live?", ValueKind::place},
       {"{b} owns a {v}.", "What does the {l} of {a} own?", ValueKind::noun},
       {"{b} arrives on {v}.", "When does the {l} of {a} arrive?", ValueKind::weekday},
       {"{b} wears {v}.", "Which colour does the {l} of {a} wear?", ValueKind::colour}}};
  const std::string link = kLinks[random.below(kLinks.size())];
  const Place& end = kEnds[random.below(kEnds.size())];
  struct Chain {
    std::string a, b, v;
  };
  std::vector<Chain> chains;
  const std::size_t count = 1 + random.below(difficulty.scaled(2, 5));
  std::vector<std::string> sentences;
  for (std::size_t i = 0; i < count; ++i) {
    chains.push_back({words.name(), words.name(), words.value(end.kind)});
    const Chain& chain = chains.back();
    const Slots slots[] = {{"a", chain.a}, {"b", chain.b}, {"v", chain.v}, {"l", link}};
    sentences.push_back(fill("The {l} of {a} is {b}.", slots));
    sentences.push_back(fill(end.statement, slots));
  }
  random.shuffle(sentences);
  const bool think = random.chance(0.7);
  static constexpr std::array<const char*, 3> kTasks = {
      "Answer the question.", "Answer the question from the documents.", "Read and answer."};
  const std::string asked = manner(random, think ? Scratchpad::used : Scratchpad::unused, kTasks);
  if (!asked.empty()) dialogue.system(asked);
  random.shuffle(chains);
  if (chains.size() > 3) chains.resize(3);
  bool first = true;
  for (const Chain& chain : chains) {
    const Slots slots[] = {{"a", chain.a}, {"b", chain.b}, {"v", chain.v}, {"l", link}};
    dialogue.user((first ? with_documents({join(sentences, " ")}) : std::string()) +
                  fill(end.question, slots));
    dialogue.answer(
        (think ? "<think>" + fill("The {l} of {a} is {b}. ", slots) + fill(end.statement, slots) + "</think>"
               : std::string()) +
        chain.v);
    first = false;
  }
  return dialogue;
}

Dialogue addition_item(Words& words, std::uint64_t digits, Scratchpad scratchpad) {
  Dialogue dialogue;
  dialogue.family = "sums";
  dialogue.system(std::string(scratchpad == Scratchpad::used ? kThink : kDirect));
  add(dialogue, words, digits, scratchpad, Story::none);
  return dialogue;
}

}  // namespace fulcrum
