// What a schema of the curriculum can ask for: roles of a small event ("who drew it", "what was paid"), what
// a message implies, and the sentences that tell it or something like it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "train/curriculum_deeds.h"
#include "train/curriculum_lexicon.h"

namespace fulcrum {

// Where a role stands in a sentence that tells several at once; none: only in a sentence of its own.
enum class Place { none, subject, origin, object, count, colour, adjunct, signature };

// A value that stands in the text as it is. {v}: the value; {d}: another one that is not asked for.
struct Role {
  ValueKind kind = ValueKind::noun;
  Place place = Place::none;
  std::vector<std::string> keys;      // the first one tells by itself what is meant
  std::vector<std::string> meanings;  // descriptions
  std::string fragment;               // " for {v}"
  std::vector<std::string> sentences, distractors;
};
// The roles of an event around one verb.
std::vector<Role> roles_of(const Deed& deed);

// A value that a sentence implies without saying it.
struct Implied {
  std::string key, meaning;
  struct Option {
    std::string name;
    std::vector<std::string> sentences;
  };
  std::vector<Option> options;
  // Implied by what others may say too: only one of a group stands in a schema.
  std::string group;
};
std::span<const Implied> implied_choices();
// Options are "true" and "false", in this order; the meaning is a question.
std::span<const Implied> implied_flags();

}  // namespace fulcrum
