// Steps: sums with and without a scratchpad, questions over two hops, and small instructions and formats to
// follow.
#pragma once

#include "train/curriculum_dialogue.h"

namespace fulcrum {

enum class Scratchpad { used, unused };

Dialogue sums_dialogue(Words& words, Difficulty difficulty);
Dialogue hops_dialogue(Words& words, Difficulty difficulty);
Dialogue orders_dialogue(Words& words, Difficulty difficulty);
// One addition of two numbers with `digits` digits; for gates.
Dialogue addition_item(Words& words, std::uint64_t digits, Scratchpad scratchpad);
// A format that no training episode asks for; for gates.
Dialogue format_item(Words& words);

}  // namespace fulcrum
