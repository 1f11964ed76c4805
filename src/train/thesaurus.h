// English words that mean the same, from the data files of WordNet 3.0 (Debian: wordnet-base).
//
// A question seldom uses the document's words. What may stand for what (buy, purchase; destroy, destruction;
// long, length) is knowledge of the language and not of a document, so the curriculum takes it
// from a dictionary of the language. Only a word's commonest meaning counts, and only words that WordNet's
// tagged texts contain. Words of the held-out pool and of its tables are left out with all that they mean.
// Source of the format: the manual pages wndb(5WN), senseidx(5WN), cntlist(5WN).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/file.h"
#include "train/curriculum_lexicon.h"

namespace fulcrum {

// A verb that takes an object, in its forms.
struct ActionWord {
  std::string base, past, gerund, participle;
  std::string agent;  // who does it, "restorer"; empty if there is no noun of the same root
  std::string act;    // the doing, "restoration"; empty likewise
};

// A thing, a role or a measure by all its names, the commonest first.
struct Concept {
  std::vector<std::string> names;
  std::string definition;  // without examples
  ValueKind value;         // what could be said of it: a price of "wage", a person of "captain"
};

// An adjective with what it is called as a measure.
struct Quality {
  std::vector<std::string> names;  // "broad", "wide"
  std::string measure;             // "breadth", may be empty
};

// What a word is about: its kinds and the words whose definitions name it.
struct Field {
  std::string name;                      // "music"
  std::vector<std::string> nouns;        // at least 5
  std::vector<std::string> definitions;  // of these nouns
};

// Lists are sorted by how common what they hold is, the commonest first, but for fields and entries.
class Thesaurus {
 public:
  // Empty if the folder does not hold the files. Error(corrupt) for a line that is not as described.
  static Thesaurus read(const Path& folder);
  bool empty() const { return actions_.empty(); }
  // Verbs of one meaning each, at least one; those with one word only too.
  const std::vector<std::vector<ActionWord>>& actions() const { return actions_; }
  const std::vector<Concept>& concepts() const { return concepts_; }
  const std::vector<Quality>& qualities() const { return qualities_; }
  const std::vector<Field>& fields() const { return fields_; }
  // "word: definition" in plain text, with an example where there is one.
  const std::vector<std::string>& entries() const { return entries_; }

 private:
  std::vector<std::vector<ActionWord>> actions_;
  std::vector<Concept> concepts_;
  std::vector<Quality> qualities_;
  std::vector<Field> fields_;
  std::vector<std::string> entries_;
};

}  // namespace fulcrum
