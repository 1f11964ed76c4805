#include "text/tokenizer.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "text/byte_level_bpe.h"
#include "text/normalized_sentencepiece.h"
#include "text/sentencepiece.h"
#include "text/wordpiece.h"

namespace fulcrum {

std::vector<TokenId> Tokenizer::encode_parts(std::span<const Part> parts) const {
  std::vector<TokenId> ids;
  for (const Part& part : parts) {
    const std::vector<TokenId> more = encode(part.text, part.special);
    ids.insert(ids.end(), more.begin(), more.end());
  }
  return ids;
}

std::string Tokenizer::piece_after(std::optional<TokenId>, TokenId id) const {
  return piece(id);
}

std::optional<TokenId> Tokenizer::context_after(std::optional<TokenId>, TokenId id) const {
  return id;
}

std::vector<TokenType> infer_token_types(const Vocabulary& vocabulary) {
  std::vector<TokenType> types(vocabulary.tokens.size(), TokenType::normal);
  for (std::size_t id = 0; id < types.size(); ++id) {
    if (parse_byte_token(vocabulary.tokens[id])) types[id] = TokenType::byte;
  }
  const auto mark = [&](std::optional<TokenId> id, TokenType type) {
    if (id && *id >= 0 && static_cast<std::size_t>(*id) < types.size())
      types[static_cast<std::size_t>(*id)] = type;
  };
  mark(vocabulary.bos, TokenType::control);
  mark(vocabulary.eos, TokenType::control);
  mark(vocabulary.padding, TokenType::control);
  mark(vocabulary.unknown, TokenType::unknown);
  return types;
}

namespace {

// What every family needs: one entry an id, ids inside the vocabulary.
void check_vocabulary(const Vocabulary& vocabulary) {
  const std::size_t size = vocabulary.tokens.size();
  if (size == 0) throw_error(ErrorCode::corrupt, "making a tokenizer: the vocabulary has no tokens");
  if (size > (std::size_t{1} << 24)) {
    throw_error(ErrorCode::too_large, "making a tokenizer: {} tokens, at most {} are supported", size,
                1 << 24);
  }
  if (!vocabulary.types.empty() && vocabulary.types.size() != size) {
    throw_error(ErrorCode::corrupt, "making a tokenizer: {} token types for {} tokens",
                vocabulary.types.size(), size);
  }
  if (!vocabulary.scores.empty() && vocabulary.scores.size() != size) {
    throw_error(ErrorCode::corrupt, "making a tokenizer: {} scores for {} tokens", vocabulary.scores.size(),
                size);
  }
  const auto check_id = [&](std::optional<TokenId> id, const char* name) {
    if (id && (*id < 0 || static_cast<std::size_t>(*id) >= size)) {
      throw_error(ErrorCode::corrupt, "making a tokenizer: the {} token is id {}, the vocabulary ends at {}",
                  name, *id, size - 1);
    }
  };
  check_id(vocabulary.bos, "bos");
  check_id(vocabulary.eos, "eos");
  check_id(vocabulary.unknown, "unknown");
  check_id(vocabulary.padding, "padding");
  for (TokenId id : vocabulary.end_of_turn) check_id(id, "end-of-turn");
}

}  // namespace

std::unique_ptr<Tokenizer> make_tokenizer(Vocabulary vocabulary) {
  check_vocabulary(vocabulary);
  if (vocabulary.family == "llama") return std::make_unique<SentencePieceTokenizer>(std::move(vocabulary));
  if (vocabulary.family == "gpt2") return std::make_unique<ByteLevelBpeTokenizer>(std::move(vocabulary));
  if (vocabulary.family == "bert") return std::make_unique<WordPieceTokenizer>(std::move(vocabulary));
  if (vocabulary.family == "t5") {
    return std::make_unique<NormalizedSentencePieceTokenizer>(std::move(vocabulary),
                                                              UnigramModel::Sums::double_precision);
  }
  throw_error(ErrorCode::unsupported,
              "making a tokenizer: the family \"{}\" is not known; known are: llama, gpt2, bert, t5",
              vocabulary.family);
}

}  // namespace fulcrum
