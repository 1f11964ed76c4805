// Reading: documents of made-up facts, then short questions, one after another, whose answers stand in them
// or do not.
//
// Every name and value is drawn for the episode, so nothing can be answered from memory. Harder levels have
// more documents, more facts about the same subject and the same attribute of other subjects (distractors),
// sentences that answer nothing, corrections ("latest wins") and questions whose answer is absent.
#pragma once

#include "train/curriculum_dialogue.h"

namespace fulcrum {

enum class Reading { present, absent };

Dialogue reading_dialogue(Words& words, Difficulty difficulty);
// A question about made-up facts without any document: nothing can be known.
Dialogue closed_book_dialogue(Words& words);
// One question over exactly `documents` documents; for gates.
Dialogue reading_item(Words& words, std::uint64_t documents, Reading reading);
// The same question with its documents taken away.
Dialogue without_documents(Dialogue dialogue);

}  // namespace fulcrum
