#include "train/wordnet.h"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <optional>

#include "base/error.h"

namespace fulcrum {
namespace {

// The fields of a line, one after the other.
class Line {
 public:
  Line(std::string_view text, const Path& file, std::size_t number)
      : text_(text), file_(file), number_(number) {}

  std::string_view word() {
    while (text_.starts_with(' ')) text_.remove_prefix(1);
    const std::string_view word = text_.substr(0, text_.find(' '));
    if (word.empty()) refuse("ends too early");
    text_.remove_prefix(word.size());
    return word;
  }
  std::uint32_t integer(int base = 10) {
    const std::string_view field = word();
    std::uint32_t value = 0;
    const auto [end, failed] = std::from_chars(field.data(), field.data() + field.size(), value, base);
    if (failed != std::errc() || end != field.data() + field.size()) refuse("has a number that is none");
    return value;
  }
  std::string_view rest() const { return text_; }
  [[noreturn]] void refuse(std::string_view why) const {
    throw_error(ErrorCode::corrupt, "reading {}: line {} {}; it is not a data file of WordNet 3.0",
                file_.string(), number_, why);
  }

 private:
  std::string_view text_;
  const Path& file_;
  std::size_t number_;
};

// Calls `found` with every line that is not part of the licence at the file's head.
template <typename Found>
void for_each_line(const Path& path, const Found& found) {
  const std::string text = read_file(path);
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    begin = end + 1;
    ++number;
    if (!line.empty() && !line.starts_with("  ")) found(Line(line, path, number));
  }
}

std::optional<WordClass> word_class(char letter) {
  switch (letter) {
    case 'n':
      return WordClass::noun;
    case 'v':
      return WordClass::verb;
    case 'a':
    case 's':
      return WordClass::adjective;
    default:
      return std::nullopt;
  }
}

bool plain(std::string_view word) {
  return word.size() >= 2 && std::ranges::all_of(word, [](char c) { return c >= 'a' && c <= 'z'; });
}

void read_gloss(std::string_view gloss, Synset& synset) {
  while (!gloss.empty()) {
    const std::size_t quote = gloss.find('"');
    std::string_view part = gloss.substr(0, quote);
    while (!part.empty() && (part.back() == ' ' || part.back() == ';')) part.remove_suffix(1);
    while (part.starts_with(' ')) part.remove_prefix(1);
    if (synset.definition.empty()) synset.definition = part;
    if (quote == std::string_view::npos) return;
    const std::size_t close = gloss.find('"', quote + 1);
    if (close == std::string_view::npos) return;
    synset.examples.emplace_back(gloss.substr(quote + 1, close - quote - 1));
    gloss.remove_prefix(close + 1);
  }
}

Synset read_synset(Line line) {
  Synset synset;
  synset.offset = line.integer();
  synset.file = static_cast<int>(line.integer());
  const std::string_view kind = line.word();
  const std::uint32_t words = line.integer(16);
  for (std::uint32_t i = 1; i <= words; ++i) {
    std::string text(line.word());
    if (const std::size_t marker = text.find('('); marker != std::string::npos) text.resize(marker);
    line.word();  // which of the file's meanings it is
    if (plain(text)) synset.words.push_back({std::move(text), i, 0, 0});
  }
  const std::uint32_t relations = line.integer();
  for (std::uint32_t i = 0; i < relations; ++i) {
    Synset::Relation relation;
    relation.symbol = line.word();
    relation.target_offset = line.integer();
    const std::optional<WordClass> target = word_class(line.word().front());
    const std::uint32_t ends = line.integer(16);
    if (!target) continue;  // adverbs
    relation.target_class = *target;
    relation.source_word = ends >> 8;
    relation.target_word = ends & 0xff;
    synset.relations.push_back(std::move(relation));
  }
  if (kind == "v") {
    const std::uint32_t frames = line.integer();
    for (std::uint32_t i = 0; i < frames; ++i) {
      line.word();  // "+"
      synset.frames.push_back(static_cast<int>(line.integer()));
      line.word();  // the word it holds for
    }
  }
  const std::size_t bar = line.rest().find('|');
  if (bar == std::string_view::npos) line.refuse("has no gloss");
  read_gloss(line.rest().substr(bar + 1), synset);
  return synset;
}

// "lemma pos synset_cnt p_cnt [symbol...] sense_cnt tagsense_cnt offset...": the commonest meaning first.
void number_senses(const Path& index, std::map<std::uint32_t, Synset>& synsets) {
  for_each_line(index, [&](Line line) {
    const std::string_view lemma = line.word();
    line.word();
    const std::uint32_t senses = line.integer(), symbols = line.integer();
    for (std::uint32_t i = 0; i < symbols + 2; ++i) line.word();
    for (std::uint32_t sense = 1; sense <= senses; ++sense) {
      const auto synset = synsets.find(line.integer());
      if (synset == synsets.end()) line.refuse("names a synset that is not there");
      for (Synset::Word& word : synset->second.words)
        if (word.text == lemma) word.sense = sense;
    }
  });
}

// "lemma%type:file:id:head:id sense_number count".
using Counts = std::map<std::pair<std::string, char>, std::map<std::uint32_t, std::uint32_t>>;
Counts read_counts(const Path& path) {
  Counts counts;
  for_each_line(path, [&](Line line) {
    const std::string_view key = line.word();
    const std::size_t percent = key.find('%');
    if (percent == std::string_view::npos || percent + 1 == key.size()) line.refuse("has no sense key");
    char kind = key[percent + 1];
    if (kind == '5') kind = '3';  // adjectives around another one
    const std::uint32_t sense = line.integer(), count = line.integer();
    counts[{std::string(key.substr(0, percent)), kind}][sense] = count;
  });
  return counts;
}

void count_words(const Counts& counts, char kind, std::map<std::uint32_t, Synset>& synsets) {
  for (auto& [offset, synset] : synsets) {
    for (Synset::Word& word : synset.words) {
      const auto senses = counts.find({word.text, kind});
      if (senses == counts.end()) continue;
      const auto count = senses->second.find(word.sense);
      if (count != senses->second.end()) word.count = count->second;
    }
  }
}

}  // namespace

std::uint32_t Synset::count() const {
  return std::accumulate(words.begin(), words.end(), 0u,
                         [](std::uint32_t sum, const Word& word) { return sum + word.count; });
}

const std::map<std::uint32_t, Synset>& WordNet::of(WordClass word_class) const {
  return word_class == WordClass::noun ? nouns : word_class == WordClass::verb ? verbs : adjectives;
}

WordNet WordNet::read(const Path& folder) {
  static constexpr const char* kFiles[] = {"data.noun",  "data.verb", "data.adj",    "index.noun",
                                           "index.verb", "index.adj", "cntlist.rev", "verb.exc"};
  WordNet wordnet;
  std::error_code failed;
  for (const char* file : kFiles) {
    if (folder.empty() || !std::filesystem::is_regular_file(folder / file, failed)) return wordnet;
  }
  const Counts counts = read_counts(folder / "cntlist.rev");
  const auto load = [&](std::string_view name, char kind, std::map<std::uint32_t, Synset>& synsets) {
    for_each_line(folder / fmt::format("data.{}", name), [&](Line line) {
      Synset synset = read_synset(line);
      const std::uint32_t offset = synset.offset;
      synsets.emplace(offset, std::move(synset));
    });
    number_senses(folder / fmt::format("index.{}", name), synsets);
    count_words(counts, kind, synsets);
  };
  load("noun", '1', wordnet.nouns);
  load("verb", '2', wordnet.verbs);
  load("adj", '3', wordnet.adjectives);
  for_each_line(folder / "verb.exc", [&](Line line) {
    const std::string form(line.word());
    wordnet.irregular_verbs[std::string(line.word())].push_back(form);
  });
  return wordnet;
}

}  // namespace fulcrum
