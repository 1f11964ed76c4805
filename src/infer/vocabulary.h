// Which tokens of a vocabulary end an answer.
#pragma once

#include <optional>

#include "text/tokenizer.h"

namespace fulcrum {

// The token that ends an answer in a conversation: what scoring puts behind a continuation. Absent if the
// vocabulary names neither an end of turn nor an end of text.
std::optional<TokenId> end_of_answer(const Vocabulary& vocabulary);
// Whether generation ends at this token.
bool ends_answer(const Vocabulary& vocabulary, TokenId token);

}  // namespace fulcrum
