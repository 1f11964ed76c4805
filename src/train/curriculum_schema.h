// A schema of the curriculum: keys with what is wanted for each, and the ways in which people and programs
// put that into words.
//
// The same slot may be asked for as `"price": "the price, or null"`, as a line "- price: the price (a
// number)", as a JSON Schema or by its type alone. What the answer looks like follows from the words: "(yes
// or no)" is a string, "(true or false)" is not; "(a number)" is one without its unit.
#pragma once

#include <string>
#include <vector>

#include "train/curriculum_schema_words.h"

namespace fulcrum {

enum class SlotForm { text, integer, number, choice, yes_or_no, true_or_false, list };
// Whether the schema says that a value may be missing.
enum class Missing { unsaid, told };

struct SchemaSlot {
  std::string key;
  std::string meaning;  // "the price"
  SlotForm form = SlotForm::text;
  Missing missing = Missing::unsaid;
  std::vector<std::string> options;      // of a choice
  Role role;                             // of a text, an integer, a number, a list and a choice told outright
  std::vector<Implied::Option> implied;  // of a choice and a truth that sentences imply; as `options`
  std::string group;                     // of Implied
  bool by_topic = false;                 // a choice of topics; as `options`
  bool telling_key = false;              // the key alone says what is meant
};

// The sentences about the answer's form, with every key in the order of the slots.
std::string schema_text(Words& words, const std::vector<SchemaSlot>& slots);

}  // namespace fulcrum
