// The data files of WordNet 3.0 as they are: synsets with their words, relations and glosses.
//
// Source of the format: the manual pages wndb(5WN) and cntlist(5WN); how often a meaning occurs is counted in
// texts that were tagged by hand.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"

namespace fulcrum {

enum class WordClass { noun, verb, adjective };

struct Synset {
  struct Word {
    std::string text;      // lower case, of the letters a to z only
    std::uint32_t number;  // from 1: its place among the synset's words in the file
    std::uint32_t sense;   // from 1: the commonest meaning of the word
    std::uint32_t count;   // of this word in this meaning
  };
  struct Relation {
    std::string symbol;  // "@" a wider one, "+" of the same root, ...
    WordClass target_class;
    std::uint32_t target_offset;
    std::uint32_t source_word, target_word;  // Word::number, 0: the whole synset
  };
  std::uint32_t offset = 0;
  int file = 0;  // lexicographer's file: 4 acts, 18 persons, 21 possessions, ...
  std::vector<Word> words;
  std::vector<Relation> relations;
  std::vector<int> frames;  // of a verb: 8 "Somebody ----s something"
  std::string definition;
  std::vector<std::string> examples;
  std::uint32_t count() const;  // of all its words
};

struct WordNet {
  std::map<std::uint32_t, Synset> nouns, verbs, adjectives;         // by offset
  std::map<std::string, std::vector<std::string>> irregular_verbs;  // base: its forms
  // Empty if a file is missing. Error(corrupt) naming file and line.
  static WordNet read(const Path& folder);
  const std::map<std::uint32_t, Synset>& of(WordClass word_class) const;
};

}  // namespace fulcrum
