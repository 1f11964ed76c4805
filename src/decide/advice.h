// What to do next and when to decide anew, in plain sentences with the keys of their figures.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "decide/citations.h"

namespace fulcrum {

// Figures that only the sentences need, by name: items to tell two recipes apart, and the like.
std::map<std::string, double> computed_figures(const VerdictFacts& facts);

std::vector<Sentence> next_steps(const VerdictFacts& facts);
// When this verdict is to be made anew.
std::vector<Sentence> look_again_sentences(const VerdictFacts& facts);

}  // namespace fulcrum
