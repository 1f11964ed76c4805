// What is done to things, as attributes: "{v} painted {e}", "Who painted {e}?", "the painter of {e}".
//
// The table of curriculum_attributes.cpp ties one noun to a few sentences of its own. Here verbs of English and
// made-up ones meet a dozen roles (who, when, where, how long, for how much, ...), so that a question and a
// statement are tied by what holds for every verb: its forms, and the kind of value that a question word asks
// for. With a thesaurus the question may use another verb than the statement, or a noun of its root. Training
// pool only; no verb of the lexicon's held-out attributes is here.
#pragma once

#include "train/curriculum_lexicon.h"

namespace fulcrum {

struct Deed {
  std::string base, past, gerund, agent, participle;  // "draw", "drew", "drawing", "drawer", "drawn"
  std::string act = gerund;                           // the doing as a noun: "destruction" of "destroy"
};
// The same deed in the words that there are for it, at least one. An agent may be missing.
using DeedWords = std::vector<Deed>;

// Of the table, of the thesaurus, or of a made-up root.
DeedWords draw_deed(Words& words);
// The verb in one of its roles. A role may be told by a noun that has nothing to do with the verb: then only
// what else is said of the subject tells which statement answers the question.
Attribute deed_attribute(Words& words, const DeedWords& deed);

}  // namespace fulcrum
