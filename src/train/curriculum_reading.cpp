#include "train/curriculum_reading.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <span>

#include "train/curriculum_deeds.h"
#include "train/thesaurus.h"

namespace fulcrum {
namespace {

using Slots = std::pair<std::string_view, std::string_view>;

struct Fact {
  std::string subject, value, statement;
  std::vector<std::string> questions;  // reworded
  std::string key;  // what is told of what: facts that answer the same questions have the same one
};

// {e} subject, {a} attribute, {v} value. The first ones keep key and value close.
constexpr std::array<const char*, 12> kStatements = {"{a} of {e}: {v}.",
                                                     "The {a} of {e} is {v}.",
                                                     "{e} has the {a} {v}.",
                                                     "{e}: {a} {v}.",
                                                     "For {e} the {a} is {v}.",
                                                     "As for {e}, its {a} is {v}.",
                                                     "The {a} given for {e} is {v}.",
                                                     "{v} is the {a} of {e}.",
                                                     "We learn that the {a} of {e} is {v}.",
                                                     "Anyone who asks about the {a} of {e} is told {v}.",
                                                     "In the case of {e}, {v} is the {a}.",
                                                     "The {a} that was noted for {e} is {v}."};
constexpr std::array<const char*, 8> kQuestions = {"What is the {a} of {e}?",
                                                   "{a} of {e}?",
                                                   "Tell me the {a} of {e}.",
                                                   "What {a} does {e} have?",
                                                   "I would like to know the {a} of {e}.",
                                                   "Which {a} is given for {e}?",
                                                   "Do you know the {a} of {e}?",
                                                   "Please look up the {a} of {e}."};
// Further ones of training; the gates were drawn before there were any.
constexpr std::array<const char*, 14> kMoreStatements = {"{e} ({a}: {v}).",
                                                         "{v} was given as the {a} of {e}.",
                                                         "For the {a} of {e} they put down {v}.",
                                                         "The {a} that belongs to {e} is called {v}.",
                                                         "{e} is listed with {v} as its {a}.",
                                                         "The {a} of {e} turned out to be {v}.",
                                                         "Everybody says that {v} is the {a} of {e}.",
                                                         "{a} ({e}): {v}.",
                                                         "When it comes to {e}, the {a} is {v}.",
                                                         "According to the book the {a} of {e} is {v}.",
                                                         "What {e} has as its {a} is {v}.",
                                                         "{e} | {a} | {v}",
                                                         "{e} goes with the {a} {v}.",
                                                         "{e}, whose {a} is {v}, is on the list."};
constexpr std::array<const char*, 16> kMoreQuestions = {"And the {a} of {e}?",
                                                        "Name the {a} of {e}.",
                                                        "I need the {a} of {e}.",
                                                        "What {a} was noted for {e}?",
                                                        "Say what the {a} of {e} is.",
                                                        "How about {e}, what {a} is there?",
                                                        "{e}, {a}?",
                                                        "Is there a {a} for {e}? Which one?",
                                                        "What do they say is the {a} of {e}?",
                                                        "Can you tell the {a} of {e}?",
                                                        "The {a} of {e} is what?",
                                                        "Let me know which {a} {e} has.",
                                                        "What was the {a} of {e} again?",
                                                        "Give me the {a} that belongs to {e}.",
                                                        "For {e}, which {a} do we have?",
                                                        "My question is about the {a} of {e}."};
// What people put around a question.
constexpr std::array<const char*, 8> kAround = {
    "Quick question: {}",       "{} Thanks.",   "Hello, {}",    "{} Be brief.",
    "Could you check this? {}", "{} I forgot.", "Question: {}", "My colleague asks: {}"};
constexpr std::array<const char*, 3> kHeldOutQuestions = {"Could you find out the {a} of {e} for me?",
                                                          "Regarding {e}, what is its {a}?",
                                                          "{e}: what about the {a}?"};

// Rules of a place: {w} who, {v} what they do, {n} to what, {t} the value. Statements and questions in step.
struct Rule {
  ValueKind kind;
  const char* statements[3];
  const char* questions[3];
};
constexpr Rule kRules[] = {
    {ValueKind::duration,
     {"{w} may {v} the {n} for up to {t}.",
      "The {n} can be kept by {w} for {t}; after that nobody may {v} it.",
      "If {w} want to {v} the {n}, they have {t}."},
     {"For how long may {w} {v} the {n}?", "How long can {w} {v} the {n}?",
      "How much time do {w} have to {v} the {n}?"}},
    {ValueKind::price,
     {"{w} pay {t} to {v} the {n}.", "To {v} the {n} costs {w} {t}.",
      "A charge of {t} applies when {w} {v} the {n}."},
     {"What do {w} pay to {v} the {n}?", "How much does it cost {w} to {v} the {n}?",
      "What is the charge when {w} {v} the {n}?"}},
    {ValueKind::person,
     {"{w} must ask {t} before they {v} the {n}.", "Only {t} can allow {w} to {v} the {n}.",
      "{t} decides whether {w} may {v} the {n}."},
     {"Whom must {w} ask before they {v} the {n}?", "Who can allow {w} to {v} the {n}?",
      "Who decides whether {w} may {v} the {n}?"}},
    {ValueKind::time,
     {"{w} can {v} the {n} until {t}.", "After {t} {w} may no longer {v} the {n}.",
      "{w} should {v} the {n} before {t}."},
     {"Until when can {w} {v} the {n}?", "By what time should {w} {v} the {n}?",
      "What is the latest time for {w} to {v} the {n}?"}},
    {ValueKind::weekday,
     {"{w} {v} the {n} every {t}.", "On {t} {w} {v} the {n}.", "{t} is the day on which {w} {v} the {n}."},
     {"On which day do {w} {v} the {n}?", "When do {w} {v} the {n}?",
      "Which day is it that {w} {v} the {n}?"}},
    {ValueKind::number,
     {"{w} may {v} at most {t} of the {n}.",
      "No more than {t} pieces of the {n} may be taken when {w} {v} it.",
      "{w} {v} the {n} {t} times a year."},
     {"How many of the {n} may {w} {v}?", "How many times may {w} {v} the {n}?",
      "What number holds when {w} {v} the {n}?"}},
    {ValueKind::place,
     {"{w} {v} the {n} in {t}.", "The place where {w} {v} the {n} is {t}.", "To {v} the {n}, {w} go to {t}."},
     {"Where do {w} {v} the {n}?", "Where do {w} go to {v} the {n}?", "In which place do {w} {v} the {n}?"}},
    {ValueKind::noun,
     {"{w} need a {t} to {v} the {n}.", "Without a {t} {w} cannot {v} the {n}.",
      "A {t} is used when {w} {v} the {n}."},
     {"What do {w} need to {v} the {n}?", "What is used when {w} {v} the {n}?",
      "Without what can {w} not {v} the {n}?"}},
    {ValueKind::phrase,
     {"{w} must show {t} to {v} the {n}.", "To {v} the {n}, {w} bring {t}.",
      "{w} can {v} the {n} if they have {t}."},
     {"What must {w} show to {v} the {n}?", "What do {w} bring to {v} the {n}?",
      "What must {w} have to {v} the {n}?"}},
    {ValueKind::phrase,
     {"When {w} {v} the {n}, they get {t}.", "{t} is given to {w} who {v} the {n}.",
      "For those {w} who {v} the {n} there is {t}."},
     {"What do {w} get when they {v} the {n}?", "What is given to {w} who {v} the {n}?",
      "What is there for {w} who {v} the {n}?"}},
    {ValueKind::code,
     {"{w} use the code {t} to {v} the {n}.", "The form for {w} who {v} the {n} is {t}.",
      "When {w} {v} the {n}, they enter {t}."},
     {"Which code do {w} use to {v} the {n}?", "Which form is for {w} who {v} the {n}?",
      "What do {w} enter when they {v} the {n}?"}},
};
constexpr const char* kWho[] = {"members", "guests",     "children", "visitors", "students",
                                "drivers", "neighbours", "workers",  "players",  "sailors",
                                "readers", "farmers",    "teachers", "artists",  "owners"};

bool shares_a_name(const Attribute& one, const Attribute& other) {
  const auto called = [](const Attribute& attribute, const std::string& name) {
    return attribute.name == name ||
           std::ranges::find(attribute.other_names, name) != attribute.other_names.end();
  };
  return called(other, one.name) ||
         std::ranges::any_of(one.other_names, [&](const std::string& name) { return called(other, name); });
}

std::string sentence_case(std::string text) {
  return capitalised(std::move(text));
}

class Shelf {
 public:
  Shelf(Words& words, Difficulty difficulty)
      : words_(words), random_(words.random()), difficulty_(difficulty) {}

  Fact attribute_fact(const std::string& subject, const Attribute& attribute) {
    Fact fact;
    fact.subject = subject;
    fact.key = subject + "|" + attribute.name;
    fact.value = words_.value(attribute.kind);
    const std::string told = attribute.any_name(random_);
    const Slots slots[] = {{"e", subject}, {"a", told}, {"v", fact.value}};
    const bool training = words_.pool() == Pool::training;
    const std::size_t forms = difficulty_.scaled(4, kStatements.size());
    do {
      const bool own = !attribute.statements.empty() && random_.chance(0.5);
      const bool further = !own && training && random_.chance(0.5 * difficulty_.level);
      const std::string form = own       ? random_.choose(attribute.statements)
                               : further ? kMoreStatements[random_.below(kMoreStatements.size())]
                                         : kStatements[random_.below(forms)];
      fact.statement = sentence_case(fill(form, slots));
    } while (fact.statement.find(fact.value) == std::string::npos);  // capitalised at the sentence's start
    const auto ask = [&](const char* form) {
      const std::string asked = attribute.any_name(random_);
      const Slots question[] = {{"e", subject}, {"a", asked}};
      fact.questions.push_back(sentence_case(fill(form, question)));
    };
    std::ranges::for_each(kQuestions, ask);
    if (training && difficulty_.level > 0.3) std::ranges::for_each(kMoreQuestions, ask);
    if (!training) std::ranges::for_each(kHeldOutQuestions, ask);
    // A form of its own is tied to its attribute and not to a shared word, so it is worth as much as the
    // shared ones.
    for (int copies = 0; copies < (training ? 8 : 4); ++copies) {
      for (const std::string& form : attribute.questions)
        fact.questions.push_back(sentence_case(fill(form, slots)));
    }
    return fact;
  }

  Attribute attribute() {
    if (words_.pool() == Pool::held_out || !random_.chance(0.4)) return words_.attribute();
    // Several roles of one verb stand side by side, so that the verb alone does not tell which is asked for.
    if (deed_.empty() || random_.chance(0.4)) deed_ = draw_deed(words_);
    return deed_attribute(words_, deed_);
  }

  Fact rule_fact(const Topic& topic) {
    const Rule& rule = kRules[random_.below(std::size(kRules))];
    Fact fact;
    std::string who = kWho[random_.below(std::size(kWho))], verb = random_.choose(topic.verbs),
                noun = random_.choose(topic.nouns);
    if (random_.chance(0.3)) who = words_.noun();
    if (random_.chance(0.4)) verb = words_.verb();
    if (random_.chance(0.4)) noun = words_.noun();
    // The question may use other words for what is done, and for what it is done to.
    std::vector<std::string> verbs = {verb}, nouns = {noun};
    if (words_.thesaurus() != nullptr && random_.chance(0.5)) {
      verbs.clear();
      for (const ActionWord& word : words_.common(words_.thesaurus()->actions())) verbs.push_back(word.base);
      if (random_.chance(0.6)) nouns = words_.common(words_.thesaurus()->concepts()).names;
      verb = random_.choose(verbs);
      noun = random_.choose(nouns);
    }
    fact.subject = who + "|" + verbs.front() + "|" + nouns.front() + "|" + std::to_string(&rule - kRules);
    fact.key = fact.subject;
    fact.value = words_.value(rule.kind);
    const Slots slots[] = {{"w", who}, {"v", verb}, {"n", noun}, {"t", fact.value}};
    do {
      fact.statement = sentence_case(fill(rule.statements[random_.below(3)], slots));
    } while (fact.statement.find(fact.value) == std::string::npos);
    for (const char* form : rule.questions) {
      for (const std::string& asked_verb : verbs) {
        const Slots question[] = {
            {"w", who}, {"v", asked_verb}, {"n", nouns.size() > 1 ? random_.choose(nouns) : noun}};
        fact.questions.push_back(sentence_case(fill(form, question)));
      }
    }
    return fact;
  }

  // Facts that share subjects and attributes, so that a question needs both.
  std::vector<Fact> records(std::size_t count) {
    std::vector<std::string> subjects;
    const std::size_t wanted = std::max<std::size_t>(1, random_.below(count) + 1);
    for (std::size_t i = 0; i < wanted; ++i) {
      std::string subject = random_.chance(0.5) ? words_.name() : words_.thing();
      if (std::find(subjects.begin(), subjects.end(), subject) == subjects.end())
        subjects.push_back(std::move(subject));
    }
    std::vector<Attribute> kinds;
    // The held-out table is short; a draw that only repeats gives up.
    for (int tries = 0; tries < 100 && kinds.size() * subjects.size() < count; ++tries) {
      Attribute attribute = this->attribute();
      const bool known = std::any_of(kinds.begin(), kinds.end(),
                                     [&](const Attribute& other) { return shares_a_name(other, attribute); });
      if (!known) kinds.push_back(std::move(attribute));
    }
    std::vector<Fact> facts;
    for (const std::string& subject : subjects) {
      for (const Attribute& attribute : kinds) facts.push_back(attribute_fact(subject, attribute));
    }
    random_.shuffle(facts);
    if (facts.size() > count) facts.resize(count);
    // Facts about one subject usually stand together.
    if (random_.chance(0.7))
      std::stable_sort(facts.begin(), facts.end(),
                       [](const Fact& a, const Fact& b) { return a.subject < b.subject; });
    return facts;
  }

  std::vector<Fact> rules(std::size_t count) {
    std::vector<Fact> facts;
    const Topic& shared = words_.topic();
    while (facts.size() < count) {
      Fact fact = rule_fact(random_.chance(0.6) ? shared : words_.topic());
      if (std::none_of(facts.begin(), facts.end(),
                       [&](const Fact& other) { return other.subject == fact.subject; }))
        facts.push_back(std::move(fact));
    }
    return facts;
  }

  std::string page(std::span<const Fact> facts) {
    std::vector<std::string> lines;
    for (const Fact& fact : facts) {
      if (difficulty_.level > 0.25 && random_.chance(0.3 * difficulty_.level)) {
        lines.push_back(random_.chance(0.5) ? words_.filler() : words_.sentence(words_.topic()));
      }
      lines.push_back(fact.statement);
    }
    if (random_.chance(0.3 * difficulty_.level)) lines.push_back(words_.filler());
    std::string text;
    if (random_.chance(0.3 * difficulty_.level)) {
      const std::string first = words_.noun(), second = words_.noun();
      const std::string& subject = facts.front().subject;
      const std::string title =
          random_.chance(0.5) ? first + " " + second : "about " + subject.substr(0, subject.find('|'));
      text = random_.chance(0.5) ? "# " + sentence_case(title) + "\n" : sentence_case(title) + ": ";
    }
    return text + join(lines, random_.chance(0.15) ? "\n" : random_.chance(0.1) ? " - " : " ");
  }

  // "Correction: ..." appended to a random page; the fact's value becomes the new one.
  void correct(std::vector<Fact>& facts, std::vector<std::string>& pages) {
    Fact& fact = facts[random_.below(facts.size())];
    const std::size_t at = fact.statement.find(fact.value);
    if (at == std::string::npos) return;
    std::string fresh = fact.value;
    // A value of the same look: letters and digits redrawn would be unreadable, so take another fact's kind
    // by retrying.
    for (int tries = 0; tries < 8 && fresh == fact.value; ++tries)
      fresh = words_.value(random_.chance(0.5) ? ValueKind::number : ValueKind::person);
    std::string statement = fact.statement;
    statement.replace(at, fact.value.size(), fresh);
    static constexpr const char* kOpenings[] = {
        "Correction: ", "Update: ", "This has changed: ", "From now on: ", "News: "};
    pages.back() += " " + (kOpenings[random_.below(std::size(kOpenings))] + statement);
    fact.value = fresh;
  }

 private:
  Words& words_;
  Random& random_;
  Difficulty difficulty_;
  DeedWords deed_;
};

bool ambiguous(const std::vector<Fact>& facts, const Fact& fact) {
  return std::any_of(facts.begin(), facts.end(), [&](const Fact& other) {
    return &other != &fact && other.key == fact.key && other.value != fact.value;
  });
}

// Cuts facts into `count` runs of nearly equal length.
std::vector<std::span<const Fact>> runs(const std::vector<Fact>& facts, std::size_t count) {
  std::vector<std::span<const Fact>> result;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t begin = i * facts.size() / count, end = (i + 1) * facts.size() / count;
    if (end > begin) result.push_back(std::span(facts).subspan(begin, end - begin));
  }
  return result;
}

constexpr const char* kSystems[] = {
    "Answer from the documents.",
    "Use the documents to answer the question. If they do not say, answer: not in the documents.",
    "Read the documents and give a short answer.",
    "You answer questions about the documents. Say \"not in the documents\" when the answer is missing."};

}  // namespace

Dialogue reading_dialogue(Words& words, Difficulty difficulty) {
  Random& random = words.random();
  Shelf shelf(words, difficulty);
  // A few episodes are as long as a prompt with several retrieved pages.
  const bool is_long = difficulty.level > 0.5 && random.chance(0.3);
  const std::size_t count = is_long ? 12 + random.below(10) : 1 + random.below(difficulty.scaled(2, 12));
  const std::size_t spare =
      difficulty.level > 0.15 ? 1 + random.below(2) : 0;  // facts that stay out of the documents
  std::vector<Fact> facts = random.chance(0.3) ? shelf.rules(count + spare) : shelf.records(count + spare);
  std::vector<Fact> absent;
  if (spare > 0 && facts.size() > spare) {
    std::vector<Fact> drawn = facts;
    random.shuffle(drawn);
    for (std::size_t i = 0; i < spare; ++i) {
      absent.push_back(drawn[i]);
      std::erase_if(facts, [&](const Fact& fact) { return fact.key == drawn[i].key; });
    }
  }
  if (facts.empty()) return closed_book_dialogue(words);
  const std::size_t documents =
      1 + random.below(std::min<std::size_t>(facts.size(), difficulty.scaled(1, 8)));
  std::vector<std::string> pages;
  for (const auto& run : runs(facts, documents)) pages.push_back(shelf.page(run));
  if (difficulty.level > 0.4 && random.chance(0.1)) shelf.correct(facts, pages);

  Dialogue dialogue;
  dialogue.family = "reading";
  if (random.chance(0.5)) dialogue.system(kSystems[random.below(std::size(kSystems))]);
  std::vector<const Fact*> asked;
  for (const Fact& fact : facts) {
    if (!ambiguous(facts, fact)) asked.push_back(&fact);
  }
  random.shuffle(asked);
  if (asked.size() > (is_long ? 8 : 5)) asked.resize(is_long ? 8 : 5);
  const std::size_t present = asked.size();
  for (const Fact& fact : absent) asked.push_back(&fact);
  std::vector<std::size_t> order(asked.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  random.shuffle(order);
  // Documents come first in the first user turn. A few dialogues ask everything in the first form of the
  // question.
  bool first = true;
  for (const std::size_t i : order) {
    const std::string& question =
        difficulty.level < 0.1 ? asked[i]->questions.front() : random.choose(asked[i]->questions);
    const bool around = difficulty.level > 0.3 && random.chance(0.25);
    const std::string asked_as =
        around ? fmt::format(fmt::runtime(kAround[random.below(kAround.size())]), question) : question;
    dialogue.user((first ? with_documents(pages) : std::string()) + asked_as);
    dialogue.answer(i < present ? asked[i]->value : std::string(kAbsentAnswer));
    first = false;
  }
  if (first) return closed_book_dialogue(words);
  return dialogue;
}

Dialogue closed_book_dialogue(Words& words) {
  Random& random = words.random();
  Shelf shelf(words, {0.5});
  Dialogue dialogue;
  dialogue.family = "closed_book";
  const std::size_t count = 1 + random.below(3);
  for (std::size_t i = 0; i < count; ++i) {
    const Fact fact =
        shelf.attribute_fact(random.chance(0.5) ? words.name() : words.thing(), words.attribute());
    dialogue.user(random.choose(fact.questions));
    dialogue.answer(std::string(kUnknownAnswer));
  }
  return dialogue;
}

Dialogue reading_item(Words& words, std::uint64_t documents, Reading reading) {
  Random& random = words.random();
  Shelf shelf(words, {0.6});
  for (;;) {
    std::vector<Fact> facts =
        random.chance(0.2) ? shelf.rules(documents * 2 + 1) : shelf.records(documents * 2 + 1);
    if (facts.size() <= documents) continue;
    const std::size_t at = random.below(facts.size());
    const Fact target = facts[at];
    if (ambiguous(facts, facts[at])) continue;
    if (reading == Reading::absent) facts.erase(facts.begin() + static_cast<std::ptrdiff_t>(at));
    Dialogue dialogue;
    dialogue.family = "reading";
    std::vector<std::string> pages;
    for (const auto& run : runs(facts, documents)) pages.push_back(shelf.page(run));
    if (pages.size() != documents) continue;
    dialogue.system(kSystems[1]);
    dialogue.user(with_documents(pages) + random.choose(target.questions));
    dialogue.answer(reading == Reading::absent ? std::string(kAbsentAnswer) : target.value);
    return dialogue;
  }
}

Dialogue without_documents(Dialogue dialogue) {
  for (Turn& turn : dialogue.turns) {
    const std::size_t end = turn.text.rfind("</doc>");
    if (turn.speaker == Speaker::user && end != std::string::npos)
      turn.text.erase(0, end + std::string_view("</doc>").size());
  }
  return dialogue;
}

}  // namespace fulcrum
