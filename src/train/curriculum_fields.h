// Fields: a text and named keys in the system message, a JSON object with the values copied as the answer.
//
// Several texts an episode with the same keys. Keys, their order and their descriptions change; values are
// strings as they stand in the text, numbers, one word of a list, true or false, or null when the text does
// not hold them. Most training episodes are of curriculum_extraction.h: schemas in other wordings, messages
// as people write them.
#pragma once

#include "base/json.h"
#include "train/curriculum_dialogue.h"

namespace fulcrum {

// Training: one of the two kinds.
Dialogue fields_dialogue(Words& words, Difficulty difficulty);
// One fact a sentence, one wording of the schema.
Dialogue plain_fields_dialogue(Words& words, Difficulty difficulty);
// One text with `keys` keys of which none was shown before; for gates.
Dialogue fields_item(Words& words, std::uint64_t keys);

struct SpacedJson {
  std::string text;
  std::vector<std::uint32_t> decisions;  // where a key, a value and the inside of a quoted value begin
};
// {"key": value, ...} as people write it by hand.
SpacedJson spaced_json(const std::vector<std::pair<std::string, Json>>& members);

// Keys that only gates ask for, in any case.
bool is_held_out_key(std::string_view key);

}  // namespace fulcrum
