#include "text/token_masks.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace fulcrum {

SortedPieces::SortedPieces(const Tokenizer& tokenizer) {
  collect(tokenizer, [&](TokenId id) { return tokenizer.piece(id); });
}

SortedPieces::SortedPieces(const Tokenizer& tokenizer, std::optional<TokenId> previous) {
  collect(tokenizer, [&](TokenId id) { return tokenizer.piece_after(previous, id); });
}

void SortedPieces::collect(const Tokenizer& tokenizer, const std::function<std::string(TokenId)>& piece_of) {
  const Vocabulary& vocabulary = tokenizer.vocabulary();
  const std::vector<TokenType> types =
      vocabulary.types.empty() ? infer_token_types(vocabulary) : vocabulary.types;
  for (TokenId id = 0; id < tokenizer.size(); ++id) {
    const TokenType type = types[static_cast<std::size_t>(id)];
    if (type != TokenType::normal && type != TokenType::byte) continue;
    std::string bytes = piece_of(id);
    if (!bytes.empty()) pieces_.push_back({std::move(bytes), id, 0});
  }
  std::ranges::sort(pieces_, [](const Piece& a, const Piece& b) {
    return std::tie(a.bytes, a.id) < std::tie(b.bytes, b.id);
  });
  for (std::size_t i = 1; i < pieces_.size(); ++i) {
    const std::string &before = pieces_[i - 1].bytes, &own = pieces_[i].bytes;
    pieces_[i].shared = static_cast<std::uint32_t>(std::ranges::mismatch(before, own).in2 - own.begin());
  }
}

TokenMasks::TokenMasks(ByteAutomaton automaton, std::shared_ptr<const SortedPieces> middle)
    : automaton_(std::move(automaton)), middle_(std::move(middle)) {}

std::vector<AllowedToken> TokenMasks::find(const SortedPieces& pieces, ByteAutomaton::State state) {
  std::vector<AllowedToken> found;
  std::vector<ByteAutomaton::State> path = {state};  // behind each byte of the piece that was looked at
  for (const SortedPieces::Piece& piece : pieces.pieces()) {
    // path holds one state more than the bytes that were taken: beyond them every piece fails as the last
    // did.
    if (piece.shared >= path.size()) continue;
    path.resize(piece.shared + 1);
    for (std::size_t i = piece.shared; i < piece.bytes.size(); ++i) {
      const auto next = automaton_.advance(path.back(), static_cast<unsigned char>(piece.bytes[i]));
      if (!next) break;
      path.push_back(*next);
    }
    if (path.size() == piece.bytes.size() + 1) found.push_back({piece.id, path.back()});
  }
  std::ranges::sort(found, {}, &AllowedToken::id);
  return found;
}

const std::vector<AllowedToken>& TokenMasks::allowed(ByteAutomaton::State state) {
  if (const auto known = kept_.find(state); known != kept_.end()) return known->second;
  std::vector<AllowedToken> found = find(*middle_, state);
  if (kept_tokens_ + found.size() > kMostKept) {
    kept_.clear();
    kept_tokens_ = 0;
  }
  kept_tokens_ += found.size();
  return kept_.emplace(state, std::move(found)).first->second;
}

std::vector<AllowedToken> TokenMasks::allowed_first(const SortedPieces& first, ByteAutomaton::State state) {
  return find(first, state);
}

}  // namespace fulcrum
