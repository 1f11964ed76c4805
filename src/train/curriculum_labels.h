// Labels: texts to be sorted into classes, by a rule that changes from episode to episode.
//
// The rule is shown by demonstrations (earlier turns), by the label words themselves, by their descriptions
// in the system message, or by several of these. Labels are natural (they name what decides), arbitrary
// (drawn for the episode) or flipped (they name another class of the episode). An answer that nothing could
// have told is context, not lesson.
#pragma once

#include "train/curriculum_dialogue.h"

namespace fulcrum {

enum class Naming { natural, arbitrary, flipped };

Dialogue labels_dialogue(Words& words, Difficulty difficulty);
// `classes` classes, `shots` demonstrations (every class at least once if there are enough), then one
// question; for gates.
Dialogue labels_item(Words& words, std::uint64_t classes, std::uint64_t shots, Naming naming);

}  // namespace fulcrum
