// Holds an answer to a JSON Schema while it is written: which tokens may come next, and when it is whole.
//
// An end of the answer is allowed exactly where the document is one; a document that nothing can follow ends
// the answer by itself. As max_tokens comes near, only what leaves room for the shortest end is allowed, so
// that the document is whole if the vocabulary has a token for every byte of it. A function of the schema and
// the tokens so far alone: what else runs makes no difference.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "text/token_masks.h"
#include "text/tokenizer.h"

namespace fulcrum {

// One schema for one vocabulary, shared by all answers that are held to it. mutex: around every use of masks.
struct SchemaMasks {
  explicit SchemaMasks(TokenMasks made) : masks(std::move(made)) {}
  std::mutex mutex;
  TokenMasks masks;
};

// The compiled schemas of one engine, the last few kept. Thread-safe.
class SchemaShelf {
 public:
  // `tokenizer` must outlive this.
  explicit SchemaShelf(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {}

  // Errors: those of json_automaton (text/json_automaton.h) and parse_json.
  std::shared_ptr<SchemaMasks> masks_of(const std::string& json_schema);
  // The pieces of a first token behind `previous`.
  std::shared_ptr<const SortedPieces> first_pieces(std::optional<TokenId> previous);

 private:
  static constexpr std::size_t kMostSchemas = 16, kMostFirst = 4;
  static constexpr std::size_t kMostStates = std::size_t{1} << 14;  // of one schema that is kept

  const Tokenizer& tokenizer_;
  std::mutex mutex_;
  std::shared_ptr<const SortedPieces> middle_;
  std::map<std::optional<TokenId>, std::shared_ptr<const SortedPieces>> first_;
  std::map<std::string, std::shared_ptr<SchemaMasks>> schemas_;
};

// Of one answer.
class AnswerConstraint {
 public:
  // `first`: the pieces of the first token. `ends`: the tokens that end an answer, ascending.
  AnswerConstraint(std::shared_ptr<SchemaMasks> schema, std::shared_ptr<const SortedPieces> first,
                   std::vector<TokenId> ends, std::int64_t max_tokens);

  // Ascending; good until the next call. Error(unsupported) if the vocabulary has no token that could go on.
  std::span<const TokenId> allowed();
  // `token` is one of allowed().
  void push(TokenId token);
  // Whether the document is whole and nothing can follow.
  bool is_complete();
  // Whether the document is whole.
  bool accepts();

 private:
  std::shared_ptr<SchemaMasks> schema_;
  std::shared_ptr<const SortedPieces> first_;
  std::vector<TokenId> ends_;
  std::int64_t tokens_left_;
  ByteAutomaton::State state_;
  std::vector<AllowedToken> candidates_;
  std::vector<TokenId> ids_;
  bool begun_ = false;
};

}  // namespace fulcrum
