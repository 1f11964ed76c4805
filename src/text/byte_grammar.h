// A context-free grammar over bytes, put together by a program: what text/byte_automaton.h runs.
//
// Nodes are numbers; a node may be reserved first and defined later, so that grammars can be recursive. Every
// builder may be given nodes that stand for nothing at all (a choice of none): what cannot be completed is
// never entered.
#pragma once

#include <bitset>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fulcrum {

using ByteSet = std::bitset<256>;
ByteSet byte_range(unsigned char first, unsigned char last);
ByteSet bytes_of(std::string_view bytes);

class ByteGrammar {
 public:
  using Node = std::uint32_t;

  Node bytes(const ByteSet& set);    // one byte of the set
  Node text(std::string_view text);  // exactly these bytes
  Node sequence(std::vector<Node> parts);
  Node choice(std::vector<Node> alternatives);  // none: nothing fits
  // At least `least` times, at most `most` (absent: as often as you like).
  Node repeat(Node part, std::uint32_t least, std::optional<std::uint32_t> most);
  Node optional(Node part) { return choice({text(""), part}); }
  // One code point of the range in UTF-8, surrogates left out.
  Node code_points(char32_t first, char32_t last);

  Node reserve() { return choice({}); }
  // `reserved` means `as` from now on.
  void define(Node reserved, Node as);

  struct Part {
    enum class Kind { bytes, text, sequence, choice, repeat } kind = Kind::choice;
    ByteSet set;
    std::string text;
    std::vector<Node> parts;
    std::uint32_t least = 0;
    std::optional<std::uint32_t> most;
  };
  const Part& part(Node node) const { return parts_[node]; }
  std::size_t size() const { return parts_.size(); }

 private:
  Node add(Part part);
  std::vector<Part> parts_;
};

// What the cheapest completion of each node needs; kNever where there is none.
struct GrammarNeeds {
  static constexpr std::uint32_t kNever = std::numeric_limits<std::uint32_t>::max();
  std::vector<std::uint32_t> bytes;  // at least so many bytes
  std::vector<std::uint32_t> depth;  // at least so many open nodes at once
};
GrammarNeeds needs_of(const ByteGrammar& grammar);

// a + b, kNever if either is.
constexpr std::uint32_t add_needs(std::uint32_t a, std::uint32_t b) {
  return a > GrammarNeeds::kNever - 1 - b || b == GrammarNeeds::kNever ? GrammarNeeds::kNever : a + b;
}

}  // namespace fulcrum
