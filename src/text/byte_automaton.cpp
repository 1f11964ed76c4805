#include "text/byte_automaton.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace fulcrum {
namespace {

using Kind = ByteGrammar::Part::Kind;

constexpr ByteAutomaton::State kUnknown = 0xFFFFFFFF, kNone = 0xFFFFFFFE;

}  // namespace

std::size_t ByteAutomaton::FrameHash::operator()(const Frame& frame) const {
  std::uint64_t hash = (std::uint64_t{frame.node} << 32 | frame.below) * 0x9e3779b97f4a7c15ULL;
  hash = (hash ^ (hash >> 29) ^ frame.counter) * 0xbf58476d1ce4e5b9ULL;
  return static_cast<std::size_t>(hash ^ (hash >> 32));
}

ByteAutomaton::ByteAutomaton(ByteGrammar grammar, Node root)
    : grammar_(std::move(grammar)), needs_(needs_of(grammar_)), stacks_(1), stack_figures_(1), seen_(1) {
  if (needs_.bytes[root] == GrammarNeeds::kNever || needs_.depth[root] > kDeepest) {
    throw_error(ErrorCode::invalid_argument, "compiling a grammar: no text that ends can satisfy it");
  }
  std::vector<Stack> open, found;
  push_part(root, 0, open);
  ++expansion_;
  for (const Stack stack : open) expand(stack, found);
  start_ = state_of(std::move(found));
}

std::uint32_t ByteAutomaton::bytes_left(const Frame& frame) const {
  const ByteGrammar::Part& part = grammar_.part(frame.node);
  std::uint32_t bytes = 0;
  switch (part.kind) {
    case Kind::bytes:
    case Kind::choice:
      return needs_.bytes[frame.node];
    case Kind::text:
      return static_cast<std::uint32_t>(part.text.size()) - frame.counter;
    case Kind::sequence:
      for (std::size_t i = frame.counter; i < part.parts.size(); ++i)
        bytes = add_needs(bytes, needs_.bytes[part.parts[i]]);
      return bytes;
    case Kind::repeat:
      // As often as `least` is what makes needs_ finite, so the product is.
      return frame.counter < part.least ? (part.least - frame.counter) * needs_.bytes[part.parts.front()] : 0;
  }
  return bytes;
}

ByteAutomaton::Stack ByteAutomaton::push(const Frame& frame) {
  const auto [known, is_new] = known_stacks_.try_emplace(frame, static_cast<Stack>(stacks_.size()));
  if (is_new) {
    stacks_.push_back(frame);
    stack_figures_.push_back({stack_figures_[frame.below].depth + 1,
                              add_needs(stack_figures_[frame.below].bytes_to_end, bytes_left(frame))});
    seen_.push_back(0);
  }
  return known->second;
}

void ByteAutomaton::push_part(Node part, Stack below, std::vector<Stack>& open) {
  if (add_needs(stack_figures_[below].depth, needs_.depth[part]) > kDeepest) return;
  if (needs_.bytes[part] == GrammarNeeds::kNever) return;
  open.push_back(push({part, 0, below}));
}

void ByteAutomaton::expand(Stack stack, std::vector<Stack>& found) {
  std::vector<Stack> open = {stack};
  while (!open.empty()) {
    const Stack top = open.back();
    open.pop_back();
    if (std::exchange(seen_[top], expansion_) == expansion_) continue;
    if (top == 0) {
      found.push_back(top);
      continue;
    }
    const Frame frame = stacks_[top];
    const ByteGrammar::Part& part = grammar_.part(frame.node);
    switch (part.kind) {
      case Kind::bytes:
        found.push_back(top);
        break;
      case Kind::text:
        if (frame.counter == part.text.size())
          open.push_back(frame.below);
        else
          found.push_back(top);
        break;
      case Kind::choice:
        for (const Node alternative : part.parts) push_part(alternative, frame.below, open);
        break;
      case Kind::sequence: {
        if (frame.counter == part.parts.size()) {
          open.push_back(frame.below);
          break;
        }
        // The last part needs nothing of this frame any more.
        const bool last = frame.counter + 1 == part.parts.size();
        const Stack rest = last ? frame.below : push({frame.node, frame.counter + 1, frame.below});
        push_part(part.parts[frame.counter], rest, open);
        break;
      }
      case Kind::repeat: {
        if (frame.counter >= part.least) open.push_back(frame.below);
        if (part.most && frame.counter >= *part.most) break;
        // Without an upper bound there is nothing to count behind the lower one.
        const std::uint32_t counter = part.most ? frame.counter + 1 : std::min(frame.counter + 1, part.least);
        push_part(part.parts.front(), push({frame.node, counter, frame.below}), open);
        break;
      }
    }
  }
}

ByteAutomaton::State ByteAutomaton::state_of(std::vector<Stack> stacks) {
  std::ranges::sort(stacks);
  const auto known = known_states_.find(stacks);
  if (known != known_states_.end()) return known->second;
  StateFigures figures;
  figures.next.fill(kUnknown);
  figures.accepts = stacks.front() == 0;
  figures.bytes_to_end = GrammarNeeds::kNever;
  for (const Stack stack : stacks)
    figures.bytes_to_end = std::min(figures.bytes_to_end, stack_figures_[stack].bytes_to_end);
  figures.stacks = stacks;
  states_.push_back(std::move(figures));
  const auto state = static_cast<State>(states_.size() - 1);
  known_states_.emplace(std::move(stacks), state);
  return state;
}

bool ByteAutomaton::takes(Stack stack, unsigned char byte) const {
  if (stack == 0) return false;
  const Frame& frame = stacks_[stack];
  const ByteGrammar::Part& part = grammar_.part(frame.node);
  if (part.kind == Kind::bytes) return part.set.test(byte);
  return static_cast<unsigned char>(part.text[frame.counter]) == byte;
}

ByteAutomaton::State ByteAutomaton::work_out(State state, unsigned char byte) {
  std::vector<Stack> taking, found;
  for (const Stack stack : states_[state].stacks)
    if (takes(stack, byte)) taking.push_back(stack);
  ++expansion_;
  for (const Stack stack : taking) {
    const Frame frame = stacks_[stack];
    const bool is_text = grammar_.part(frame.node).kind == Kind::text;
    expand(is_text ? push({frame.node, frame.counter + 1, frame.below}) : frame.below, found);
  }
  const State next = found.empty() ? kNone : state_of(std::move(found));
  // Bytes that the same stacks take lead to the same state, as most letters in a string do.
  StateFigures& figures = states_[state];
  for (unsigned other = 0; other < figures.next.size(); ++other) {
    if (figures.next[other] != kUnknown) continue;
    auto expected = taking.begin();
    const bool same = std::ranges::all_of(figures.stacks, [&](Stack stack) {
      const bool wanted = expected != taking.end() && *expected == stack;
      if (wanted) ++expected;
      return takes(stack, static_cast<unsigned char>(other)) == wanted;
    });
    if (same) figures.next[other] = next;
  }
  return next;
}

std::optional<ByteAutomaton::State> ByteAutomaton::advance(State state, unsigned char byte) {
  State next = states_[state].next[byte];
  if (next == kUnknown) next = work_out(state, byte);
  return next == kNone ? std::nullopt : std::optional(next);
}

std::optional<ByteAutomaton::State> ByteAutomaton::advance(State state, std::string_view bytes) {
  std::optional<State> at = state;
  for (const char byte : bytes) {
    at = advance(*at, static_cast<unsigned char>(byte));
    if (!at) return std::nullopt;
  }
  return at;
}

}  // namespace fulcrum
