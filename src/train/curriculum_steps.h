// Steps: sums with and without a scratchpad, and questions over two hops.
#pragma once

#include "train/curriculum_dialogue.h"

namespace fulcrum {

enum class Scratchpad { used, unused };

Dialogue sums_dialogue(Words& words, Difficulty difficulty);
Dialogue hops_dialogue(Words& words, Difficulty difficulty);
// One addition of two numbers with `digits` digits; for gates.
Dialogue addition_item(Words& words, std::uint64_t digits, Scratchpad scratchpad);

}  // namespace fulcrum
