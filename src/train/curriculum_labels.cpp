#include "train/curriculum_labels.h"

#include <algorithm>
#include <array>
#include <functional>

#include "train/thesaurus.h"

namespace fulcrum {
namespace {

using Slots = std::pair<std::string_view, std::string_view>;

// A latent rule with its classes.
struct Sorting {
  std::vector<std::string> natural;       // a label for each class that names what decides
  std::vector<std::string> descriptions;  // "about cooking"
  std::function<std::string(std::size_t)> text;
  std::string subject;  // "topic", for the instruction
};

constexpr std::array<const char*, 8> kCarriers = {"{c}",
                                                  "the {c}",
                                                  "{x} {c}",
                                                  "{c} {y}",
                                                  "{x} {c} {y}",
                                                  "I saw a {c} and a {x}.",
                                                  "Where is the {c} with the {x}?",
                                                  "We spoke of {x}, then of {c}, then of {y}."};

template <typename T>
std::vector<T> some(Random& random, std::vector<T> from, std::size_t count) {
  random.shuffle(from);
  if (from.size() > count) from.resize(count);
  return from;
}

// Invented topics can only be learnt from demonstrations; real ones also by their names.
std::vector<Topic> some_topics(Words& words, std::size_t count, bool invented) {
  if (!invented)
    return some(words.random(), std::vector<Topic>(topics(words.pool()).begin(), topics(words.pool()).end()),
                count);
  std::vector<Topic> result;
  while (result.size() < count) result.push_back(words.invented_topic());
  return result;
}

// Fields of the thesaurus of which none has a word of another.
std::vector<Topic> some_fields(Words& words, std::size_t count) {
  std::vector<Topic> result;
  for (int tries = 0; tries < 200 && result.size() < count; ++tries) {
    Topic topic = words.real_topic();
    const auto speaks_of = [](const Topic& one, const std::string& word) {
      return one.name == word || std::ranges::find(one.nouns, word) != one.nouns.end();
    };
    const bool clear = std::ranges::none_of(result, [&](const Topic& other) {
      return speaks_of(other, topic.name) ||
             std::ranges::any_of(other.nouns, [&](const auto& noun) { return speaks_of(topic, noun); }) ||
             speaks_of(topic, other.name);
    });
    if (clear) result.push_back(std::move(topic));
  }
  return result;
}

std::string message(Words& words, const Topic& topic, double level) {
  if (!topic.definitions.empty() && words.random().chance(0.25)) {
    return capitalised(words.random().choose(topic.definitions)) + ".";
  }
  std::string text = words.sentence(topic);
  if (words.random().chance(0.4 * level)) text += " " + words.sentence(topic);
  if (words.random().chance(0.2 * level)) text += " " + words.filler();
  return text;
}

// Loud: each class has a few cue words, one of them stands in every text among words that say nothing.
Sorting by_cue(Words& words, std::size_t classes, double level) {
  Random& random = words.random();
  Sorting sorting;
  sorting.subject = "word";
  const bool training = words.pool() == Pool::training;  // the gates stay as they were drawn
  auto cues = std::make_shared<std::vector<std::vector<std::string>>>();
  for (std::size_t c = 0; c < classes; ++c) {
    std::vector<std::string> set;
    const std::size_t count = 1 + random.below(1 + static_cast<std::uint64_t>(level * 2.5));
    const std::uint64_t kind = random.below(training ? 4 : 3);
    while (set.size() < count)
      set.push_back(kind == 0   ? words.noun()
                    : kind == 1 ? words.made_up()
                    : kind == 2 ? words.adjective()
                                : words.name());
    sorting.natural.push_back(set.front());
    sorting.descriptions.push_back("has " + join(set, " or "));
    cues->push_back(std::move(set));
  }
  const std::size_t forms = level < 0.2 ? 3 : kCarriers.size();
  // Half of the time what says nothing comes back in texts of every class, so that having a word in common is
  // not enough.
  auto noise = std::make_shared<std::vector<std::string>>();
  if (training && random.chance(0.5)) {
    const std::size_t count = 2 + random.below(10);
    while (noise->size() < count) noise->push_back(words.noun());
  }
  sorting.text = [&words, cues, noise, forms](std::size_t c) {
    const auto other = [&] { return noise->empty() ? words.noun() : words.random().choose(*noise); };
    const std::string cue = words.random().choose((*cues)[c]), x = other(),
                      y = words.random().chance(0.5) ? words.name() : other();
    const Slots slots[] = {{"c", cue}, {"x", x}, {"y", y}};
    return fill(kCarriers[words.random().below(forms)], slots);
  };
  return sorting;
}

Sorting by_topic(Words& words, std::size_t classes, double level, Naming naming) {
  Sorting sorting;
  sorting.subject = "topic";
  const bool invented = naming == Naming::arbitrary && words.random().chance(0.5);
  const bool real = !invented && words.thesaurus() != nullptr && words.random().chance(0.7);
  auto chosen = std::make_shared<std::vector<Topic>>(real ? some_fields(words, classes)
                                                          : some_topics(words, classes, invented));
  for (const Topic& topic : *chosen) {
    sorting.natural.push_back(topic.name);
    sorting.descriptions.push_back(invented ? "about " + join(topic.nouns, " or ") : "about " + topic.name);
  }
  sorting.text = [&words, chosen, level](std::size_t c) { return message(words, (*chosen)[c], level); };
  return sorting;
}

// Labels made of words that stand in the text: "lost_ticket", "buy lamp". Classes may share one of the words.
Sorting by_phrase(Words& words, std::size_t classes, double level) {
  Random& random = words.random();
  Sorting sorting;
  sorting.subject = "subject";
  struct Pair {
    std::string noun, other;
    bool verb;
  };
  auto pairs = std::make_shared<std::vector<Pair>>();
  const Topic& shared = words.topic();
  static constexpr std::array<const char*, 5> kSeparators = {" ", "_", "-", "_", " "};
  const std::string separator = kSeparators[random.below(kSeparators.size())];
  const bool related = random.chance(0.4 * level);
  while (pairs->size() < classes) {
    Pair pair;
    pair.verb = random.chance(0.5);
    pair.noun = related ? random.choose(shared.nouns) : words.noun();
    pair.other = related     ? random.choose(pair.verb ? shared.verbs : shared.adjectives)
                 : pair.verb ? words.verb()
                             : words.adjective();
    const std::string label = pair.other + separator + pair.noun;
    if (std::find(sorting.natural.begin(), sorting.natural.end(), label) != sorting.natural.end()) continue;
    sorting.natural.push_back(label);
    sorting.descriptions.push_back((pair.verb ? "to " : "a ") + pair.other + (pair.verb ? " the " : " ") +
                                   pair.noun);
    pairs->push_back(std::move(pair));
  }
  sorting.text = [&words, pairs](std::size_t c) {
    static constexpr std::array<const char*, 10> kVerb = {"How do I {o} the {n}?",
                                                          "I want to {o} my {n}.",
                                                          "Could you {o} the {n} for {p}?",
                                                          "Why can {p} not {o} a {n}?",
                                                          "The {n}: when may I {o} it?",
                                                          "{p} had to {o} the {n} twice.",
                                                          "I need to {o} something, I think it is the {n}.",
                                                          "Yesterday I tried to {o} a {n} but it went wrong.",
                                                          "Is there any way to {o} this {n} today?",
                                                          "Please {o} the {n}, {p} asked for it."};
    static constexpr std::array<const char*, 10> kAdjective = {"My {n} is {o}.",
                                                               "There is a {o} {n} here.",
                                                               "Why is this {n} so {o}?",
                                                               "{p} has got a {o} {n}.",
                                                               "I am afraid that the {n} looks {o}.",
                                                               "What should I do with a {o} {n}?",
                                                               "{o} was the only word for that {n}.",
                                                               "Since Monday the {n} of {p} is {o}.",
                                                               "Help, the {n} turned out {o}!",
                                                               "Do you like the {n}? It is {o}."};
    const Pair& pair = (*pairs)[c];
    const std::string p = words.name();
    const Slots slots[] = {{"o", pair.other}, {"n", pair.noun}, {"p", p}};
    std::string text = capitalised(fill(pair.verb ? kVerb[words.random().below(kVerb.size())]
                                                  : kAdjective[words.random().below(kAdjective.size())],
                                        slots));
    if (words.random().chance(0.2)) text += " " + words.filler();
    return text;
  };
  return sorting;
}

// Real sentences that have one of a class's words in common: few demonstrations have the same one, and what
// they share by chance is more than what decides.
Sorting by_keyword(Words& words, std::size_t classes, double level) {
  Sorting sorting;
  sorting.subject = "word";
  auto sets = std::make_shared<std::vector<std::vector<const Keyword*>>>(classes);
  for (auto& set : *sets) {
    const std::size_t count = 1 + words.random().below(1 + static_cast<std::uint64_t>(level * 2));
    std::vector<std::string> names;
    for (std::size_t i = 0; i < count; ++i) {
      const Keyword* drawn = &words.random().choose(words.keywords());
      const auto has_it = [&](const auto& other) { return std::ranges::find(other, drawn) != other.end(); };
      while (std::ranges::any_of(*sets, has_it)) drawn = &words.random().choose(words.keywords());
      set.push_back(drawn);
      names.push_back(drawn->word);
    }
    sorting.natural.push_back(names.front());
    sorting.descriptions.push_back("has " + join(names, " or "));
  }
  sorting.text = [&words, sets](std::size_t c) {
    const auto speaks_of_another = [&](const std::string& text) {
      for (std::size_t other = 0; other < sets->size(); ++other) {
        for (const Keyword* keyword : (*sets)[other])
          if (other != c && text.find(keyword->word) != std::string::npos) return true;
      }
      return false;
    };
    std::string text;
    for (int tries = 0; tries < 8; ++tries) {
      text = words.random().choose(words.random().choose((*sets)[c])->sentences);
      if (!speaks_of_another(text)) break;
    }
    return text;
  };
  return sorting;
}

// Words by what they mean: a class is a concept, its texts are the definition and other words for it.
Sorting by_meaning(Words& words, std::size_t classes) {
  Sorting sorting;
  sorting.subject = "meaning";
  auto concepts = std::make_shared<std::vector<const Concept*>>();
  while (concepts->size() < classes) {
    const Concept* drawn = &words.common(words.thesaurus()->concepts());
    const bool known = std::ranges::any_of(*concepts, [&](const Concept* other) {
      return std::ranges::find_first_of(other->names, drawn->names) != other->names.end();
    });
    if (known) continue;
    concepts->push_back(drawn);
    sorting.natural.push_back(drawn->names.front());
    sorting.descriptions.push_back(drawn->definition);
  }
  sorting.text = [&words, concepts](std::size_t c) {
    const Concept& entry = *(*concepts)[c];
    Random& random = words.random();
    const std::string other = random.choose(entry.names);
    if (entry.names.size() < 2 || random.chance(0.5)) {
      static constexpr std::array<const char*, 4> kAsked = {"{d}", "What do you call {d}?", "I mean {d}.",
                                                            "Think of {d}."};
      const Slots slots[] = {{"d", entry.definition}};
      return capitalised(fill(kAsked[random.below(kAsked.size())], slots));
    }
    const std::string p = words.name(), v = words.verb();
    static constexpr std::array<const char*, 6> kTold = {"{n}",
                                                         "It is about the {n}.",
                                                         "My {n}, please.",
                                                         "{p} has a question about a {n}.",
                                                         "Where do I {v} the {n}?",
                                                         "The {n} is not what I wanted."};
    const Slots slots[] = {{"n", other}, {"p", p}, {"v", v}};
    return capitalised(fill(kTold[random.below(kTold.size())], slots));
  };
  return sorting;
}

// Two classes by form rather than by words.
Sorting by_form(Words& words) {
  Random& random = words.random();
  Sorting sorting;
  sorting.subject = "form";
  static constexpr std::array<const char*, 4> kYes = {"question", "number", "thanks", "quoted"},
                                              kNo = {"statement", "plain", "none", "normal"};
  // Held out: rules that no training episode uses.
  const std::uint64_t rule = words.pool() == Pool::training ? random.below(2) : 2 + random.below(2);
  sorting.natural = {kYes[rule], kNo[rule]};
  sorting.descriptions = {std::string("is a ") + kYes[rule], std::string("is ") + kNo[rule]};
  sorting.text = [&words, rule](std::size_t c) {
    Random& r = words.random();
    std::string text = message(words, words.topic(), 0);
    std::erase(text, '?');
    if (text.back() == '.' || text.back() == '!') text.pop_back();
    switch (rule) {
      case 0:
        return text + (c == 0 ? "?" : ".");
      case 1:
        return text + (c == 0 ? " " + std::to_string(r.between(2, 999)) : std::string()) + ".";
      case 2:
        return c == 0 ? (r.chance(0.5) ? "Thank you, " + text + "." : text + ", thanks!") : text + ".";
      default:
        return c == 0 ? "\"" + text + ".\"" : text + ".";
    }
  };
  return sorting;
}

Sorting draw_sorting(Words& words, std::size_t classes, double level, Naming naming) {
  Random& random = words.random();
  if (level < 0.12) return by_cue(words, classes, level);
  // Ten classes of three words each need that many.
  if (words.keywords().size() >= 40 && random.chance(0.25)) return by_keyword(words, classes, level);
  if (words.thesaurus() != nullptr && naming == Naming::natural && random.chance(0.25))
    return by_meaning(words, classes);
  const double u = random.uniform();
  if (u < 0.4) return by_cue(words, classes, level);
  if (u < 0.65) return by_topic(words, classes, level, naming);
  if (u < 0.92 || classes != 2) return by_phrase(words, classes, level);
  return by_form(words);
}

std::vector<std::string> arbitrary_labels(Words& words, std::size_t classes) {
  std::vector<std::string> labels;
  const bool uniform = words.random().chance(0.6);
  const std::uint64_t kind = words.random().below(4);
  while (labels.size() < classes) {
    std::string label = !uniform    ? words.label()
                        : kind == 0 ? std::string(1, static_cast<char>('A' + words.random().below(26)))
                        : kind == 1 ? words.made_up()
                        : kind == 2 ? words.noun()
                                    : words.code();
    if (std::find(labels.begin(), labels.end(), label) == labels.end()) labels.push_back(std::move(label));
  }
  return labels;
}

std::vector<std::string> rename(Words& words, const Sorting& sorting, Naming naming) {
  if (naming == Naming::natural) return sorting.natural;
  if (naming == Naming::arbitrary) return arbitrary_labels(words, sorting.natural.size());
  std::vector<std::string> labels = sorting.natural;
  std::rotate(labels.begin(), labels.begin() + 1, labels.end());
  return labels;
}

std::string instruction(Words& words, const Sorting& sorting, const std::vector<std::string>& labels,
                        bool described) {
  Random& random = words.random();
  static constexpr std::array<const char*, 8> kOpenings = {"Sort each text by {s}.",
                                                           "Which class does the text belong to?",
                                                           "Give the label of the text.",
                                                           "Classify the message.",
                                                           "Read the message and choose the right label.",
                                                           "Decide what the text is about.",
                                                           "Put the text into a class.",
                                                           ""};
  const Slots slots[] = {{"s", sorting.subject}};
  std::string text = fill(kOpenings[random.below(kOpenings.size())], slots);
  if (!text.empty()) text += " ";
  std::vector<std::size_t> order(labels.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  random.shuffle(order);
  std::vector<std::string> parts;
  if (described) {
    for (const std::size_t i : order) parts.push_back(labels[i] + ": " + sorting.descriptions[i]);
    const bool lines = random.chance(0.5);
    text += join(parts, lines ? "\n" : "; ") + (lines ? "\n" : ". ");
    parts.clear();
  }
  for (const std::size_t i : order) parts.push_back(labels[i]);
  return text + "Answer with one of: " + join(parts, ", ") + ".";
}

}  // namespace

Dialogue labels_dialogue(Words& words, Difficulty difficulty) {
  Random& random = words.random();
  const std::size_t classes = difficulty.level < 0.15 || random.chance(0.45)
                                  ? 2
                                  : 2 + random.below(difficulty.scaled(1, random.chance(0.25) ? 9 : 5));
  const double u = random.uniform();
  const double natural = words.thesaurus() != nullptr ? 0.3 : 0.2;
  const Naming naming = u < natural ? Naming::natural : u < 0.72 ? Naming::arbitrary : Naming::flipped;
  const Sorting sorting = draw_sorting(words, classes, difficulty.level, naming);
  const std::vector<std::string> labels = rename(words, sorting, naming);
  const bool described = naming != Naming::flipped && random.chance(naming == Naming::natural ? 0.1 : 0.3);
  // Without a list the labels can only come from the demonstrations.
  const bool listed = described || naming == Naming::natural || random.chance(0.6);
  Dialogue dialogue;
  dialogue.family = naming == Naming::natural     ? "labels_natural"
                    : described                   ? "labels_described"
                    : naming == Naming::arbitrary ? "labels_arbitrary"
                                                  : "labels_flipped";
  if (listed) dialogue.system(instruction(words, sorting, labels, described));
  const std::size_t turns = std::min<std::size_t>(2 + classes + random.below(difficulty.scaled(8, 14)), 20);
  const bool told = listed && (described || naming == Naming::natural);
  static constexpr std::array<const char*, 3> kPrefixes = {"Text: ", "Message: ", "Input: "};
  const std::string prefix = random.chance(0.2) ? kPrefixes[random.below(kPrefixes.size())] : "";
  std::vector<bool> shown(classes, false);
  for (std::size_t turn = 0; turn < turns; ++turn) {
    const std::size_t c = random.below(classes);
    dialogue.user(prefix + sorting.text(c));
    if (told || shown[c]) {
      dialogue.answer(labels[c]);
    } else {
      dialogue.show_answer(labels[c]);
    }
    shown[c] = true;
  }
  return dialogue;
}

Dialogue labels_item(Words& words, std::uint64_t classes, std::uint64_t shots, Naming naming) {
  Random& random = words.random();
  const double u = random.uniform();
  // Without demonstrations only words that the label and the text share can decide; a topic never seen has no
  // words yet.
  const bool topical = shots > 0 && classes <= topics(words.pool()).size();
  const Sorting sorting = classes == 2 && shots > 0 && u < 0.15 ? by_form(words)
                          : topical && u < 0.5                  ? by_topic(words, classes, 0.5, naming)
                          : u < 0.8                             ? by_phrase(words, classes, 0.5)
                                                                : by_cue(words, classes, 0.5);
  const std::vector<std::string> labels = rename(words, sorting, naming);
  Dialogue dialogue;
  dialogue.family = "labels";
  dialogue.choices = labels;
  dialogue.system(instruction(words, sorting, labels, false));
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < shots; ++i) order.push_back(i % classes);
  random.shuffle(order);
  order.push_back(random.below(classes));
  for (const std::size_t c : order) {
    dialogue.user(sorting.text(c));
    dialogue.answer(labels[c]);
  }
  return dialogue;
}

}  // namespace fulcrum
