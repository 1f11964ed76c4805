// From the vocabulary of a model file, which is plain data, to the one a tokenizer is made of.
#pragma once

#include "model/model_file.h"
#include "text/tokenizer.h"

namespace fulcrum {

Vocabulary to_vocabulary(const VocabularyData& data);
VocabularyData to_vocabulary_data(const Vocabulary& vocabulary);

// The token that ends an answer in a conversation: what scoring puts behind a continuation. Absent if the
// vocabulary names neither an end of turn nor an end of text.
std::optional<TokenId> end_of_answer(const Vocabulary& vocabulary);
// Whether generation ends at this token.
bool ends_answer(const Vocabulary& vocabulary, TokenId token);

}  // namespace fulcrum
