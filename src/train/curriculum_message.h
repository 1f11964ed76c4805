// A message that tells some of a schema's slots and not the others, as people write: two or three facts in a
// sentence or one each, in any order, among sentences that tell something like it, with a greeting and a name
// below. Training pool only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "train/curriculum_schema.h"

namespace fulcrum {

struct SchemaMessage {
  std::string text;
  std::vector<Json> values;  // one a slot, null where the text does not say
};

struct MessageOptions {
  double level = 0;  // of Difficulty: distractors, noise, sentences that tell several facts
  double missing_told = 0, missing_unsaid = 0;  // chance that a slot is not told, by SchemaSlot::missing
  bool quotes_earlier = false;                  // the schema says that quoted lines do not count
};

// `deed`: the verb of the slots' roles.
SchemaMessage draw_schema_message(Words& words, const Deed& deed, const std::vector<SchemaSlot>& slots,
                                  const MessageOptions& options);

// Whether the text holds a word of a topic that is an option of the slot and not the one that is meant.
bool names_another_topic(std::string_view text, const SchemaSlot& slot, std::string_view meant);

}  // namespace fulcrum
