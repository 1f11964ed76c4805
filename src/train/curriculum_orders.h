// Orders: what the user says, given back in the form that the system message asks for, turn after turn.
#pragma once

#include "train/curriculum_dialogue.h"

namespace fulcrum {

Dialogue orders_dialogue(Words& words, Difficulty difficulty);
// A format that no training episode asks for; for gates.
Dialogue format_item(Words& words);

}  // namespace fulcrum
