#include "text/byte_grammar.h"

#include <algorithm>
#include <utility>

#include "base/unicode.h"

namespace fulcrum {

ByteSet byte_range(unsigned char first, unsigned char last) {
  ByteSet set;
  for (unsigned byte = first; byte <= last; ++byte) set.set(byte);
  return set;
}

ByteSet bytes_of(std::string_view bytes) {
  ByteSet set;
  for (const char byte : bytes) set.set(static_cast<unsigned char>(byte));
  return set;
}

ByteGrammar::Node ByteGrammar::add(Part part) {
  parts_.push_back(std::move(part));
  return static_cast<Node>(parts_.size() - 1);
}

ByteGrammar::Node ByteGrammar::bytes(const ByteSet& set) {
  Part part;
  part.kind = Part::Kind::bytes;
  part.set = set;
  return add(std::move(part));
}

ByteGrammar::Node ByteGrammar::text(std::string_view text) {
  Part part;
  part.kind = Part::Kind::text;
  part.text = text;
  return add(std::move(part));
}

ByteGrammar::Node ByteGrammar::sequence(std::vector<Node> parts) {
  if (parts.size() == 1) return parts.front();
  Part part;
  part.kind = Part::Kind::sequence;
  part.parts = std::move(parts);
  return add(std::move(part));
}

ByteGrammar::Node ByteGrammar::choice(std::vector<Node> alternatives) {
  if (alternatives.size() == 1) return alternatives.front();
  Part part;
  part.kind = Part::Kind::choice;
  part.parts = std::move(alternatives);
  return add(std::move(part));
}

ByteGrammar::Node ByteGrammar::repeat(Node repeated, std::uint32_t least, std::optional<std::uint32_t> most) {
  if (most && *most < least) return choice({});
  Part part;
  part.kind = Part::Kind::repeat;
  part.parts = {repeated};
  part.least = least;
  part.most = most;
  return add(std::move(part));
}

void ByteGrammar::define(Node reserved, Node as) {
  parts_[reserved].parts = {as};
}

// Cuts the range where the number of bytes or any byte but the last would have to carry over, so that each
// piece is a product of byte ranges (as in Cox, "Regular Expression Matching in the Wild", utf8 ranges).
ByteGrammar::Node ByteGrammar::code_points(char32_t first, char32_t last) {
  std::vector<Node> pieces;
  std::vector<std::pair<char32_t, char32_t>> open = {{first, last}};
  while (!open.empty()) {
    // No structured binding: clang 14, which builds the fuzzers, does not capture one.
    const char32_t low = open.back().first, high = open.back().second;
    open.pop_back();
    if (low > high) continue;
    const auto cut_behind = [&](char32_t end) {  // [low, end] and [end + 1, high]
      open.emplace_back(end + 1, high);
      open.emplace_back(low, end);
    };
    if (low <= 0xDFFF && high >= 0xD800) {
      open.emplace_back(0xE000, high);
      if (low < 0xD800) open.emplace_back(low, 0xD7FF);
      continue;
    }
    bool cut = false;
    for (const char32_t end : {0x7FU, 0x7FFU, 0xFFFFU}) {
      if (low <= end && high > end) {
        cut_behind(end);
        cut = true;
        break;
      }
    }
    for (const unsigned bits : {6U, 12U, 18U}) {
      if (cut || high <= 0x7F) break;
      const char32_t mask = (char32_t{1} << bits) - 1;
      if ((low & ~mask) == (high & ~mask)) break;
      if ((low & mask) != 0) {
        cut_behind(low | mask);
        cut = true;
      } else if ((high & mask) != mask) {
        cut_behind((high & ~mask) - 1);
        cut = true;
      }
    }
    if (cut) continue;
    std::string from, to;
    append_utf8(from, low);
    append_utf8(to, high);
    std::vector<Node> bytes_of_piece;
    for (std::size_t i = 0; i < from.size(); ++i) {
      bytes_of_piece.push_back(
          bytes(byte_range(static_cast<unsigned char>(from[i]), static_cast<unsigned char>(to[i]))));
    }
    pieces.push_back(sequence(std::move(bytes_of_piece)));
  }
  return choice(std::move(pieces));
}

namespace {

struct Need {
  std::uint32_t bytes = GrammarNeeds::kNever, depth = GrammarNeeds::kNever;
};

Need need_of(const ByteGrammar::Part& part, const GrammarNeeds& known) {
  using Kind = ByteGrammar::Part::Kind;
  Need need;
  switch (part.kind) {
    case Kind::bytes:
      if (part.set.any()) need = {1, 1};
      return need;
    case Kind::text:
      return {static_cast<std::uint32_t>(part.text.size()), 1};
    case Kind::choice:
      for (const auto alternative : part.parts) {
        need.bytes = std::min(need.bytes, known.bytes[alternative]);
        need.depth = std::min(need.depth, known.depth[alternative]);
      }
      return need;
    case Kind::sequence:
      need = {0, 1};
      for (const auto each : part.parts) {
        need.bytes = add_needs(need.bytes, known.bytes[each]);
        need.depth = std::max(need.depth, add_needs(1, known.depth[each]));
      }
      return need;
    case Kind::repeat: {
      const auto repeated = part.parts.front();
      need = {0, 1};
      if (part.least == 0) return need;
      const std::uint32_t once = known.bytes[repeated];
      const bool huge = once > 0 && part.least > (GrammarNeeds::kNever - 1) / once;
      need.bytes = huge || once == GrammarNeeds::kNever ? GrammarNeeds::kNever : once * part.least;
      need.depth = add_needs(1, known.depth[repeated]);
      return need;
    }
  }
  return need;
}

}  // namespace

// The least fixed point, from "never" downwards.
GrammarNeeds needs_of(const ByteGrammar& grammar) {
  GrammarNeeds needs;
  needs.bytes.assign(grammar.size(), GrammarNeeds::kNever);
  needs.depth.assign(grammar.size(), GrammarNeeds::kNever);
  for (bool changed = true; changed;) {
    changed = false;
    for (ByteGrammar::Node node = 0; node < grammar.size(); ++node) {
      const Need need = need_of(grammar.part(node), needs);
      changed = changed || need.bytes < needs.bytes[node] || need.depth < needs.depth[node];
      needs.bytes[node] = std::min(needs.bytes[node], need.bytes);
      needs.depth[node] = std::min(needs.depth[node], need.depth);
    }
  }
  return needs;
}

}  // namespace fulcrum
