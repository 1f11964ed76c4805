// Which tokens may come next while a text is held to a ByteAutomaton (text/byte_automaton.h).
//
// The pieces of a vocabulary are sorted once, so that beginnings are shared; for each state one pass over
// them finds the tokens whose bytes the automaton takes, however many of its states they span. What a state
// allows is kept up to a bound and worked out again behind it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "text/byte_automaton.h"
#include "text/tokenizer.h"

namespace fulcrum {

// The tokens that write something, by their bytes. Control, unknown and user-defined tokens are left out:
// a constrained text has no use for them.
class SortedPieces {
 public:
  // In the middle of a text.
  explicit SortedPieces(const Tokenizer& tokenizer);
  // Behind this token, where a leading space may be dropped; none: at the start.
  SortedPieces(const Tokenizer& tokenizer, std::optional<TokenId> previous);

  struct Piece {
    std::string bytes;
    TokenId id = 0;
    std::uint32_t shared = 0;  // bytes that it begins with as the piece before it does
  };
  const std::vector<Piece>& pieces() const { return pieces_; }

 private:
  void collect(const Tokenizer& tokenizer, const std::function<std::string(TokenId)>& piece_of);
  std::vector<Piece> pieces_;
};

struct AllowedToken {
  TokenId id = 0;
  ByteAutomaton::State next = 0;
};

// Used by one thread at a time.
class TokenMasks {
 public:
  static constexpr std::size_t kMostKept = std::size_t{1} << 22;  // allowed tokens, of all states together

  TokenMasks(ByteAutomaton automaton, std::shared_ptr<const SortedPieces> middle);

  // By ascending id. Good until the next call.
  const std::vector<AllowedToken>& allowed(ByteAutomaton::State state);
  // The same for a first token, whose bytes may differ. Not kept.
  std::vector<AllowedToken> allowed_first(const SortedPieces& first, ByteAutomaton::State state);

  ByteAutomaton& automaton() { return automaton_; }

 private:
  std::vector<AllowedToken> find(const SortedPieces& pieces, ByteAutomaton::State state);

  ByteAutomaton automaton_;
  std::shared_ptr<const SortedPieces> middle_;
  std::map<ByteAutomaton::State, std::vector<AllowedToken>> kept_;
  std::size_t kept_tokens_ = 0;
};

}  // namespace fulcrum
