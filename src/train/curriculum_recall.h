// Copying and recall: the two mechanisms that everything else needs, in their barest form.
//
// A list to repeat, and pairs of key and value to look up, many look-ups an episode. The staircase of
// docs/LOG.md: the value right after its key, then a separator between them, then keys of two words, then
// words between.
#pragma once

#include "train/curriculum_dialogue.h"

namespace fulcrum {

Dialogue copy_dialogue(Words& words, Difficulty difficulty);
Dialogue recall_dialogue(Words& words, Difficulty difficulty);

}  // namespace fulcrum
