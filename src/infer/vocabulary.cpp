#include "infer/vocabulary.h"

#include <algorithm>

namespace fulcrum {

std::optional<TokenId> end_of_answer(const Vocabulary& vocabulary) {
  if (!vocabulary.end_of_turn.empty()) return vocabulary.end_of_turn.front();
  return vocabulary.eos;
}

bool ends_answer(const Vocabulary& vocabulary, TokenId token) {
  return token == vocabulary.eos ||
         std::ranges::find(vocabulary.end_of_turn, token) != vocabulary.end_of_turn.end();
}

}  // namespace fulcrum
