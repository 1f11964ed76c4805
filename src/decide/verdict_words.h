// The verdict in plain sentences, each with the keys of the figures it rests on (decide/sentence.h). Every
// number in them stands in result.json under one of its keys, rounded; a difference that is not proven is
// called a tie.
#pragma once

#include <vector>

#include "decide/citations.h"

namespace fulcrum {

Sentence summary_sentence(const VerdictFacts& facts);
std::vector<Sentence> reason_sentences(const VerdictFacts& facts);
// Why option `index` was not chosen.
Sentence rejection_sentence(const VerdictFacts& facts, std::size_t index);
// verdict.flips[index]
Sentence flip_sentence(const VerdictFacts& facts, std::size_t index);

}  // namespace fulcrum
