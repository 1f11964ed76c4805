// A vocabulary as the text tower has it, and as a model file holds it: the same fields under two roofs.
#pragma once

#include "model/model_file.h"
#include "text/tokenizer.h"

namespace fulcrum {

VocabularyData to_vocabulary_data(const Vocabulary& vocabulary);
Vocabulary to_vocabulary(const VocabularyData& data);

}  // namespace fulcrum
