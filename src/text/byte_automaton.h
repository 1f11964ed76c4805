// Runs a ByteGrammar (text/byte_grammar.h) over bytes: which byte may come next, and may the text end here?
//
// The grammar is a nondeterministic pushdown automaton. A state is the set of all stacks that the bytes so
// far can have led to; stacks and states are kept once and numbered, and each step is worked out once, so
// that a state is a number and a step is a look into a table. There are no dead ends: from every state that
// advance() returns the text can be completed, because what could not be is never entered, nesting deeper
// than kDeepest open nodes included.
//
// Used by one thread at a time. Memory grows with the states that were seen (about 1 KB each): size() says.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "text/byte_grammar.h"

namespace fulcrum {

class ByteAutomaton {
 public:
  using State = std::uint32_t;
  static constexpr std::uint32_t kDeepest = 200;

  // Error(invalid_argument) if no text at all fits.
  ByteAutomaton(ByteGrammar grammar, ByteGrammar::Node root);

  State start() const { return start_; }
  // Nothing if no text of the grammar goes on with this byte.
  std::optional<State> advance(State state, unsigned char byte);
  std::optional<State> advance(State state, std::string_view bytes);
  bool accepts(State state) const { return states_[state].accepts; }
  // Whether no byte at all can follow.
  bool is_complete(State state) const { return states_[state].accepts && states_[state].stacks.size() == 1; }
  // The fewest bytes that end the text from here. What runs into kDeepest may need more.
  std::uint32_t bytes_to_end(State state) const { return states_[state].bytes_to_end; }
  std::size_t size() const { return states_.size(); }

 private:
  using Node = ByteGrammar::Node;
  using Stack = std::uint32_t;  // 0: empty
  struct Frame {
    Node node = 0;
    std::uint32_t counter = 0;  // parts, repetitions or bytes that are behind us
    Stack below = 0;
    bool operator==(const Frame&) const = default;
  };
  struct FrameHash {
    std::size_t operator()(const Frame& frame) const;
  };
  struct StackFigures {
    std::uint32_t depth = 0, bytes_to_end = 0;
  };
  struct StateFigures {
    std::vector<Stack> stacks;  // ascending; each stands before a byte, or is empty
    std::array<State, 256> next;
    std::uint32_t bytes_to_end = 0;
    bool accepts = false;
  };

  Stack push(const Frame& frame);
  void push_part(Node part, Stack below, std::vector<Stack>& open);
  // Adds to `found` every stack that stands before a byte and that `stack` can become without one.
  void expand(Stack stack, std::vector<Stack>& found);
  State state_of(std::vector<Stack> stacks);
  bool takes(Stack stack, unsigned char byte) const;
  State work_out(State state, unsigned char byte);
  std::uint32_t bytes_left(const Frame& frame) const;

  ByteGrammar grammar_;
  GrammarNeeds needs_;
  std::vector<Frame> stacks_;
  std::vector<StackFigures> stack_figures_;
  std::unordered_map<Frame, Stack, FrameHash> known_stacks_;
  std::vector<StateFigures> states_;
  std::map<std::vector<Stack>, State> known_states_;
  std::vector<std::uint32_t> seen_;  // by stack: the expansion that last passed it
  std::uint32_t expansion_ = 0;
  State start_ = 0;
};

}  // namespace fulcrum
