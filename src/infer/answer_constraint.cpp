#include "infer/answer_constraint.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "text/json_automaton.h"

namespace fulcrum {

std::shared_ptr<SchemaMasks> SchemaShelf::masks_of(const std::string& json_schema) {
  const std::lock_guard lock(mutex_);
  if (!middle_) middle_ = std::make_shared<const SortedPieces>(tokenizer_);
  if (const auto known = schemas_.find(json_schema); known != schemas_.end()) {
    const std::lock_guard use(known->second->mutex);
    if (known->second->masks.automaton().size() < kMostStates) return known->second;
  }
  auto made = std::make_shared<SchemaMasks>(
      TokenMasks(json_automaton(parse_json(json_schema, "the JSON Schema of an answer")), middle_));
  if (schemas_.size() >= kMostSchemas) schemas_.clear();
  schemas_[json_schema] = made;
  return made;
}

std::shared_ptr<const SortedPieces> SchemaShelf::first_pieces(std::optional<TokenId> previous) {
  const std::lock_guard lock(mutex_);
  if (const auto known = first_.find(previous); known != first_.end()) return known->second;
  if (first_.size() >= kMostFirst) first_.clear();
  return first_[previous] = std::make_shared<const SortedPieces>(tokenizer_, previous);
}

AnswerConstraint::AnswerConstraint(std::shared_ptr<SchemaMasks> schema,
                                   std::shared_ptr<const SortedPieces> first, std::vector<TokenId> ends,
                                   std::int64_t max_tokens)
    : schema_(std::move(schema)), first_(std::move(first)), ends_(std::move(ends)), tokens_left_(max_tokens) {
  const std::lock_guard lock(schema_->mutex);
  state_ = schema_->masks.automaton().start();
}

std::span<const TokenId> AnswerConstraint::allowed() {
  const std::lock_guard lock(schema_->mutex);
  ByteAutomaton& automaton = schema_->masks.automaton();
  candidates_ = begun_ ? schema_->masks.allowed(state_) : schema_->masks.allowed_first(*first_, state_);
  ids_.clear();
  // Each byte that is still needed may cost a token.
  for (const AllowedToken& token : candidates_)
    if (automaton.bytes_to_end(token.next) < tokens_left_) ids_.push_back(token.id);
  const bool may_end = automaton.accepts(state_);
  // No room for any end, or no tokens for the bytes of the shortest one: then at least no wrong one.
  if (ids_.empty() && !may_end)
    for (const AllowedToken& token : candidates_) ids_.push_back(token.id);
  if (may_end) {
    std::vector<TokenId> both;
    std::ranges::set_union(ids_, ends_, std::back_inserter(both));
    ids_ = std::move(both);
  }
  if (ids_.empty()) {
    throw_error(ErrorCode::unsupported,
                "holding an answer to a JSON Schema: the model's vocabulary has no token that could go on; "
                "leave the schema out");
  }
  return ids_;
}

void AnswerConstraint::push(TokenId token) {
  begun_ = true;
  --tokens_left_;
  const auto found = std::ranges::lower_bound(candidates_, token, {}, &AllowedToken::id);
  if (found != candidates_.end() && found->id == token) state_ = found->next;
}

bool AnswerConstraint::is_complete() {
  const std::lock_guard lock(schema_->mutex);
  return schema_->masks.automaton().is_complete(state_);
}

bool AnswerConstraint::accepts() {
  const std::lock_guard lock(schema_->mutex);
  return schema_->masks.automaton().accepts(state_);
}

}  // namespace fulcrum
