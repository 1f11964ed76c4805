#include "train/thesaurus.h"

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <set>

#include "train/wordnet.h"

namespace fulcrum {
namespace {

// Lexicographer's files of nouns: lexnames(5WN).
enum NounFile {
  kAct = 4,
  kAttribute = 7,
  kCognition = 9,
  kCommunication = 10,
  kEvent = 11,
  kGroup = 14,
  kLocation = 15,
  kObject = 17,
  kPerson = 18,
  kPossession = 21,
  kProcess = 22,
  kQuantity = 23,
  kTime = 28
};

// Too common to mean one thing.
constexpr std::array kWorn = {"be",  "have", "do",  "make", "get", "go",    "take",   "give", "come", "put",
                              "say", "know", "see", "use",  "let", "thing", "person", "one",  "way"};
// All forms are alike, which the list of irregular forms does not say.
constexpr std::array kUnchanging = {"cut",  "hit",   "set",   "shut", "cost", "hurt", "spread", "cast",
                                    "quit", "burst", "split", "bet",  "rid",  "shed", "read"};

bool usable(const std::string& word) {
  return word.size() >= 3 && word.size() <= 12 && pool_of(word) == Pool::training &&
         !in_held_out_tables(word) && std::ranges::find(kWorn, word) == kWorn.end();
}

// Words that mean this and hardly anything more often: the commonest first.
std::vector<const Synset::Word*> common_words(const Synset& synset) {
  std::vector<const Synset::Word*> words;
  for (const Synset::Word& word : synset.words) {
    if (word.sense >= 1 && word.sense <= 2 && word.count >= 1 && usable(word.text)) words.push_back(&word);
  }
  std::ranges::stable_sort(words, {},
                           [](const Synset::Word* word) { return -static_cast<int>(word->count); });
  if (words.size() > 4) words.resize(4);
  return words;
}

// Whether it is worth an entry: some word means this before anything else, and texts use it.
bool is_common(const Synset& synset, std::uint32_t least) {
  return std::ranges::any_of(synset.words, [&](const Synset::Word& word) {
    return word.sense == 1 && word.count >= least && usable(word.text);
  });
}

bool any_held_out(const Synset& synset) {
  return std::ranges::any_of(synset.words, [](const auto& word) { return in_held_out_tables(word.text); });
}

bool vowel(char c) {
  return std::string_view("aeiou").find(c) != std::string_view::npos;
}

// nullopt where the list of irregular forms leaves open which is which.
std::optional<ActionWord> inflected(const std::string& base, const WordNet& wordnet) {
  ActionWord word;
  word.base = base;
  const bool ends_in_e = base.ends_with('e');
  const bool consonant_y = base.size() > 1 && base.ends_with('y') && !vowel(base[base.size() - 2]);
  word.past = ends_in_e ? base + "d" : consonant_y ? base.substr(0, base.size() - 1) + "ied" : base + "ed";
  word.gerund = base.ends_with("ie")                        ? base.substr(0, base.size() - 2) + "ying"
                : ends_in_e && base[base.size() - 2] != 'e' ? base.substr(0, base.size() - 1) + "ing"
                                                            : base + "ing";
  word.participle = word.past;
  if (std::ranges::find(kUnchanging, base) != kUnchanging.end()) word.past = word.participle = base;
  const auto irregular = wordnet.irregular_verbs.find(base);
  if (irregular == wordnet.irregular_verbs.end()) return word;
  std::vector<std::string> past;
  for (const std::string& form : irregular->second) {
    if (form.ends_with("ing")) {
      word.gerund = form;
    } else if (!form.ends_with("s")) {
      past.push_back(form);
    }
  }
  if (past.empty()) return word;
  if (past.size() > 2) return std::nullopt;
  word.past = word.participle = past.front();
  if (past.size() == 2) {
    const bool first = past[0].ends_with("n") || past[0].ends_with("ne");
    const bool second = past[1].ends_with("n") || past[1].ends_with("ne");
    if (first == second) return std::nullopt;
    word.participle = past[first ? 0 : 1];
    word.past = past[first ? 1 : 0];
  }
  return word;
}

bool same_root(std::string_view one, std::string_view other) {
  return one.substr(0, 3) == other.substr(0, 3);
}

// The commonest noun of the same root in one of the files, or "".
std::string derived(const Synset& synset, const Synset::Word& word, const WordNet& wordnet,
                    std::initializer_list<int> files) {
  const Synset::Word* best = nullptr;
  for (const Synset::Relation& relation : synset.relations) {
    if (relation.symbol != "+" || relation.target_class != WordClass::noun ||
        relation.source_word != word.number)
      continue;
    const Synset& target = wordnet.nouns.at(relation.target_offset);
    if (std::ranges::find(files, target.file) == files.end()) continue;
    for (const Synset::Word& noun : target.words) {
      if (noun.number != relation.target_word || !usable(noun.text) || !same_root(noun.text, word.text))
        continue;
      if (best == nullptr || noun.count > best->count) best = &noun;
    }
  }
  return best == nullptr ? std::string() : best->text;
}

std::vector<ActionWord> action_of(const Synset& synset, const WordNet& wordnet) {
  std::vector<ActionWord> words;
  for (const Synset::Word* word : common_words(synset)) {
    std::optional<ActionWord> forms = inflected(word->text, wordnet);
    if (!forms) continue;
    if (in_held_out_tables(forms->past) || in_held_out_tables(forms->participle)) continue;
    forms->agent = derived(synset, *word, wordnet, {kPerson});
    forms->act = derived(synset, *word, wordnet, {kAct, kEvent, kProcess});
    words.push_back(std::move(*forms));
  }
  return words;
}

ValueKind value_kind(int file) {
  switch (file) {
    case kPerson:
    case kGroup:
      return ValueKind::person;
    case kLocation:
    case kObject:
      return ValueKind::place;
    case kPossession:
      return ValueKind::price;
    case kTime:
      return ValueKind::duration;
    case kQuantity:
      return ValueKind::number;
    case kAttribute:
      return ValueKind::measure;
    case kEvent:
      return ValueKind::date;
    case kCommunication:
      return ValueKind::code;
    case kAct:
    case kCognition:
    case kProcess:
      return ValueKind::phrase;
    default:
      return ValueKind::noun;
  }
}

const Synset* wider(const Synset& synset, const WordNet& wordnet) {
  for (const Synset::Relation& relation : synset.relations) {
    if (relation.symbol == "@" && relation.target_class == WordClass::noun)
      return &wordnet.nouns.at(relation.target_offset);
  }
  return nullptr;
}

std::string measure_of(const Synset& synset, const WordNet& wordnet) {
  for (const Synset::Word* word : common_words(synset)) {
    if (std::string noun = derived(synset, *word, wordnet, {kAttribute}); !noun.empty()) return noun;
  }
  return {};
}

// By word: the synsets of which it is a wider one (up to three steps up), or whose definition names it.
std::vector<Field> fields_of(const WordNet& wordnet) {
  std::map<std::string, std::vector<const Synset*>> about;
  std::set<std::string> heads;
  for (const auto& [offset, synset] : wordnet.nouns) {
    for (const Synset::Word& word : synset.words) {
      if (word.sense == 1 && word.count >= 6 && usable(word.text)) heads.insert(word.text);
    }
  }
  for (const auto& [offset, synset] : wordnet.nouns) {
    if (!is_common(synset, 2) || any_held_out(synset)) continue;
    std::set<std::string> names = lower_words(synset.definition, 4);
    const Synset* up = wider(synset, wordnet);
    for (int step = 0; step < 3 && up != nullptr; ++step, up = wider(*up, wordnet)) {
      for (const Synset::Word& word : up->words)
        if (word.sense == 1) names.insert(word.text);
    }
    for (const std::string& name : names) {
      if (heads.contains(name)) about[name].push_back(&synset);
    }
  }
  std::vector<Field> fields;
  for (const auto& [name, synsets] : about) {
    // What half of the dictionary speaks of is about nothing.
    if (synsets.size() < 5 || synsets.size() > 120) continue;
    Field field;
    field.name = name;
    for (const Synset* synset : synsets) {
      const std::string& noun = common_words(*synset).front()->text;
      if (noun == name || std::ranges::find(field.nouns, noun) != field.nouns.end()) continue;
      field.nouns.push_back(noun);
      field.definitions.push_back(synset->definition);
    }
    if (field.nouns.size() >= 5) fields.push_back(std::move(field));
  }
  return fields;
}

std::string entry_of(const Synset& synset) {
  const std::string& word = common_words(synset).front()->text;
  std::string text = word + ": " + synset.definition + ".";
  for (const std::string& example : synset.examples) text += " " + capitalised(example) + ".";
  return text;
}

// Those worth an entry, the commonest first.
std::vector<const Synset*> common_synsets(const std::map<std::uint32_t, Synset>& synsets) {
  std::vector<const Synset*> result;
  for (const auto& [offset, synset] : synsets) {
    if (is_common(synset, 3) && !any_held_out(synset)) result.push_back(&synset);
  }
  std::ranges::stable_sort(result, std::greater<>(), &Synset::count);
  return result;
}

}  // namespace

Thesaurus Thesaurus::read(const Path& folder) {
  const WordNet wordnet = WordNet::read(folder);
  Thesaurus thesaurus;
  for (const Synset* found : common_synsets(wordnet.verbs)) {
    const Synset& synset = *found;
    thesaurus.entries_.push_back(entry_of(synset));
    if (std::ranges::find(synset.frames, 8) == synset.frames.end()) continue;
    std::vector<ActionWord> words = action_of(synset, wordnet);
    if (!words.empty()) thesaurus.actions_.push_back(std::move(words));
  }
  for (const Synset* found : common_synsets(wordnet.nouns)) {
    const Synset& synset = *found;
    thesaurus.entries_.push_back(entry_of(synset));
    Concept entry;
    for (const Synset::Word* word : common_words(synset)) entry.names.push_back(word->text);
    entry.definition = synset.definition;
    entry.value = value_kind(synset.file);
    thesaurus.concepts_.push_back(std::move(entry));
  }
  for (const Synset* found : common_synsets(wordnet.adjectives)) {
    const Synset& synset = *found;
    thesaurus.entries_.push_back(entry_of(synset));
    Quality quality;
    for (const Synset::Word* word : common_words(synset)) quality.names.push_back(word->text);
    quality.measure = measure_of(synset, wordnet);
    thesaurus.qualities_.push_back(std::move(quality));
  }
  thesaurus.fields_ = fields_of(wordnet);
  return thesaurus;
}

}  // namespace fulcrum
