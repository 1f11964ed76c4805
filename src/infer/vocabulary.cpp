#include "infer/vocabulary.h"

#include <algorithm>

namespace fulcrum {

Vocabulary to_vocabulary(const VocabularyData& data) {
  Vocabulary vocabulary;
  vocabulary.family = data.family;
  vocabulary.pre = data.pre;
  vocabulary.tokens = data.tokens;
  vocabulary.scores = data.scores;
  for (const std::int32_t type : data.types) vocabulary.types.push_back(static_cast<TokenType>(type));
  vocabulary.merges = data.merges;
  vocabulary.bos = data.bos;
  vocabulary.eos = data.eos;
  vocabulary.unknown = data.unknown;
  vocabulary.padding = data.padding;
  vocabulary.end_of_turn = data.end_of_turn;
  vocabulary.add_bos = data.add_bos;
  vocabulary.add_eos = data.add_eos;
  vocabulary.add_space_prefix = data.add_space_prefix;
  vocabulary.precompiled_charsmap = data.precompiled_charsmap;
  vocabulary.remove_extra_whitespaces = data.remove_extra_whitespaces;
  vocabulary.chat_template = data.chat_template;
  return vocabulary;
}

VocabularyData to_vocabulary_data(const Vocabulary& vocabulary) {
  VocabularyData data;
  data.family = vocabulary.family;
  data.pre = vocabulary.pre;
  data.tokens = vocabulary.tokens;
  data.scores = vocabulary.scores;
  for (const TokenType type : vocabulary.types) data.types.push_back(static_cast<std::int32_t>(type));
  data.merges = vocabulary.merges;
  data.bos = vocabulary.bos;
  data.eos = vocabulary.eos;
  data.unknown = vocabulary.unknown;
  data.padding = vocabulary.padding;
  data.end_of_turn = vocabulary.end_of_turn;
  data.add_bos = vocabulary.add_bos;
  data.add_eos = vocabulary.add_eos;
  data.add_space_prefix = vocabulary.add_space_prefix;
  data.precompiled_charsmap = vocabulary.precompiled_charsmap;
  data.remove_extra_whitespaces = vocabulary.remove_extra_whitespaces;
  data.chat_template = vocabulary.chat_template;
  return data;
}

std::optional<TokenId> end_of_answer(const Vocabulary& vocabulary) {
  if (!vocabulary.end_of_turn.empty()) return vocabulary.end_of_turn.front();
  return vocabulary.eos;
}

bool ends_answer(const Vocabulary& vocabulary, TokenId token) {
  return token == vocabulary.eos ||
         std::ranges::find(vocabulary.end_of_turn, token) != vocabulary.end_of_turn.end();
}

}  // namespace fulcrum
