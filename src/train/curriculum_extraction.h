// Extraction: messages as people write them and a schema in any of its wordings; what is not said is null.
//
// The part of the family `fields` that asks as programs and people do; curriculum_fields.h has the plain one.
// Training pool only.
#pragma once

#include "train/curriculum_dialogue.h"

namespace fulcrum {

// One to five messages with one schema; the first answer has no example before it.
Dialogue extraction_dialogue(Words& words, Difficulty difficulty);

}  // namespace fulcrum
