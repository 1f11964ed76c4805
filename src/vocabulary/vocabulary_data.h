// A vocabulary as the text tower has it, and as a model file holds it: the same fields under two roofs.
#pragma once

#include <memory>

#include "model/model_file.h"
#include "text/tokenizer.h"

namespace fulcrum {

VocabularyData to_vocabulary_data(const Vocabulary& vocabulary);
Vocabulary to_vocabulary(const VocabularyData& data);

// Of the model's own vocabulary, or of the tokenizer's files in the folder it was read from.
// Error(invalid_argument) if there is neither.
std::unique_ptr<Tokenizer> make_tokenizer_of(const ModelFile& model);

}  // namespace fulcrum
