#include "vocabulary/vocabulary_data.h"

#include "base/error.h"
#include "text/tokenizer_folder.h"

namespace fulcrum {

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

std::unique_ptr<Tokenizer> make_tokenizer_of(const ModelFile& model) {
  if (!model.vocabulary.tokens.empty()) return make_tokenizer(to_vocabulary(model.vocabulary));
  if (std::filesystem::is_directory(model.path) && has_tokenizer(model.path))
    return load_tokenizer(model.path);
  throw_error(ErrorCode::invalid_argument,
              "using {}: the model has no vocabulary, and there is no tokenizer beside it", model.name);
}

}  // namespace fulcrum
