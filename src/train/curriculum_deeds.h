// What is done to things, as attributes: "{v} painted {e}", "Who painted {e}?", "the painter of {e}".
//
// The table of curriculum_lexicon.cpp ties one noun to a few sentences of its own. Here verbs of English and
// made-up ones meet a dozen roles (who, when, where, how long, for how much, ...), so that a question and a
// statement are tied by what holds for every verb: its forms, and the kind of value that a question word asks
// for. Training pool only; no verb of the lexicon's held-out attributes is here.
#pragma once

#include "train/curriculum_lexicon.h"

namespace fulcrum {

struct Deed {
  std::string base, past, gerund, agent, participle;  // "draw", "drew", "drawing", "drawer", "drawn"
};

// Of the table, or of a made-up root.
Deed draw_deed(Words& words);
// The verb in one of its roles. A role may be told by a noun that has nothing to do with the verb: then only
// what else is said of the subject tells which statement answers the question.
Attribute deed_attribute(Words& words, const Deed& deed);

}  // namespace fulcrum
