// Fields: a text and named keys in the system message, a JSON object with the values copied as the answer.
//
// Several texts an episode with the same keys. Keys, their order and their descriptions change; values are
// strings as they stand in the text, numbers, one word of a list, true or false, or null when the text does
// not hold them.
#pragma once

#include "train/curriculum_dialogue.h"

namespace fulcrum {

Dialogue fields_dialogue(Words& words, Difficulty difficulty);
// One text with `keys` keys of which none was shown before; for gates.
Dialogue fields_item(Words& words, std::uint64_t keys);

}  // namespace fulcrum
