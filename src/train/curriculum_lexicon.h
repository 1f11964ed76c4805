// Words, made-up names and values that the episodes of the curriculum are written with.
//
// Two pools never meet: what is drawn from Pool::training is never drawn from Pool::held_out, so that a gate
// asks about names, label words, topics and attributes that no training episode can have shown. Made-up words
// belong to the pool that their hash says; topics and attributes are divided by hand in the tables of
// curriculum_lexicon.cpp. No word here names a company's support desk, its labels or its documents.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"

namespace fulcrum {

enum class Pool { training, held_out };

// An everyday subject with the words that give it away.
struct Topic {
  std::string name;
  std::vector<std::string> nouns, verbs, adjectives;
  std::vector<std::string> definitions = {};  // of some of the nouns
};
std::span<const Topic> topics(Pool pool);

enum class ValueKind {
  person,
  place,
  colour,
  number,
  price,
  date,
  time,
  code,
  duration,
  measure,
  noun,
  phone,
  percent,
  weekday,
  phrase
};

// Something that can be said of a thing or a person: "price".
struct Attribute {
  std::string name;  // "opening time"
  std::string key;   // as a JSON key: "opening_time"
  ValueKind kind;
  // Statements and questions beside the ones that fit every attribute; {e} the subject, {v} the value.
  std::vector<std::string> statements, questions;
  std::vector<std::string> other_names = {};  // that mean the same: "wage" of "salary"
  // Its name or one of the others.
  const std::string& any_name(Random& random) const;
};
std::span<const Attribute> attributes(Pool pool);

// A real word with real sentences that use it.
struct Keyword {
  std::string word;
  std::vector<std::string> sentences;
};

class Thesaurus;

// English to draw from beside the tables; what it refers to must outlive whoever draws. A mechanism learnt on
// a thousand words stays with those words; on ten thousand it carries over to any.
struct RealWords {
  std::span<const std::string> common = {};  // Prose::words; empty: made-up ones stand in for them
  std::span<const Keyword> keywords = {};    // Prose::keywords
  const Thesaurus* thesaurus = nullptr;      // nullptr: no word has another one that means the same
};

class Words {
 public:
  Words(Random& random, Pool pool, const RealWords& real = {}) : random_(random), pool_(pool), real_(real) {}

  std::string made_up();              // "torvalin": pronounceable, 2-4 syllables, lower case
  std::string name();                 // "Torvalin"
  std::string full_name();            // "Mira Torvalin"
  std::string code();                 // "KX-4071"
  std::string value(ValueKind kind);  // "14:30", "$12.50", "7 March", ...
  std::string thing();                // "the Torvalin lamp", "the red ladder": a subject that is not a person
  std::string label();                // an arbitrary class label: made-up word, letter, number or code
  std::string sentence(const Topic& topic);  // about 6-14 words that give the topic away
  std::string filler();                      // a sentence that says nothing about anything asked
  const Topic& topic();                      // of the table
  Topic invented_topic();                    // words that have nothing in common but the topic
  Attribute attribute();                     // of the table, or any word with any kind of value
  std::string noun();                        // of a topic of the table, a further real word, or made up
  std::string verb();
  std::string adjective();
  Topic real_topic();  // a field of the thesaurus, else of the table
  std::span<const Keyword> keywords() const { return real_.keywords; }
  const Thesaurus* thesaurus() const { return real_.thesaurus; }
  // A place in a list that is sorted by how common its items are: the first tenth is drawn in a third of the
  // cases.
  template <typename T>
  const T& common(const std::vector<T>& items) {
    const double u = random_.uniform();
    return items[static_cast<std::size_t>(u * u * static_cast<double>(items.size()))];
  }
  Pool pool() const { return pool_; }
  Random& random() { return random_; }

 private:
  std::string other_word();       // real or made up, of no topic
  Attribute concept_attribute();  // of the thesaurus

  Random& random_;
  Pool pool_;
  RealWords real_;
};

// "a, b and c" / "a, b, c"
std::string join(std::span<const std::string> parts, std::string_view separator);
// Replaces every "{key}" of the pattern; pairs of key and replacement.
std::string fill(std::string_view pattern,
                 std::span<const std::pair<std::string_view, std::string_view>> values);
std::string capitalised(std::string text);
// "opening time" as a key: "opening_time".
std::string json_key(std::string name);
// The parts between separators; of an empty text none.
std::vector<std::string> split(std::string_view text, char separator);
// The runs of lower-case letters, of `least` letters and more.
std::set<std::string> lower_words(std::string_view text, std::size_t least);
// Words separated by single spaces.
std::vector<std::string> split_words(std::string_view text);
// The pool a made-up word or a real one outside the tables belongs to.
Pool pool_of(std::string_view word);
// Whether a held-out topic or attribute uses this word, in its name or in a sentence of its own that no
// training attribute shares: then it may stand in no other table of training.
bool in_held_out_tables(std::string_view word);

}  // namespace fulcrum
