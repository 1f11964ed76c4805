#include "text/string_grammar.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/unicode.h"

namespace fulcrum {
namespace {

using Node = ByteGrammar::Node;

constexpr char32_t kLastCodePoint = 0x10FFFF;

// What may stand between quotes as it is, but for some.
Node raw_character(ByteGrammar& grammar, const std::vector<char32_t>& ascending_exceptions) {
  std::vector<Node> ranges;
  char32_t from = 0x20;
  const auto add = [&](char32_t end) {  // up to before `end`
    if (from < end) ranges.push_back(grammar.code_points(from, end - 1));
    from = end + 1;
  };
  for (const char32_t exception : ascending_exceptions) add(exception);
  add(kLastCodePoint + 1);
  return grammar.choice(std::move(ranges));
}

Node escape(ByteGrammar& grammar) {
  const auto hexes = [&](std::string_view first, std::string_view second) {
    const Node any = grammar.bytes(bytes_of("0123456789abcdefABCDEF"));
    return grammar.sequence(
        {grammar.bytes(bytes_of(first)), second.empty() ? any : grammar.bytes(bytes_of(second)), any, any});
  };
  const Node code_point = grammar.choice({hexes("0123456789abcefABCEF", ""), hexes("dD", "01234567")});
  const Node pair = grammar.sequence({hexes("dD", "89abAB"), grammar.text("\\u"), hexes("dD", "cdefCDEF")});
  return grammar.sequence(
      {grammar.text("\\"),
       grammar.choice({grammar.bytes(bytes_of("\"\\/bfnrt")),
                       grammar.sequence({grammar.text("u"), grammar.choice({code_point, pair})})})});
}

// The code points by which some name goes on behind `prefix`.
struct NameTree {
  std::map<char32_t, NameTree> next;
  bool ends = false;
};

Node other_than(ByteGrammar& grammar, const NameTree& tree, Node any_rest, Node close) {
  std::vector<char32_t> exceptions = {'"', '\\'};
  std::vector<Node> alternatives;
  for (const auto& [code_point, below] : tree.next) {
    // A name that needs escapes cannot be met in a key without them.
    if (code_point < 0x20 || code_point == '"' || code_point == '\\') continue;
    exceptions.push_back(code_point);
    alternatives.push_back(grammar.sequence(
        {grammar.code_points(code_point, code_point), other_than(grammar, below, any_rest, close)}));
  }
  std::sort(exceptions.begin(), exceptions.end());
  alternatives.push_back(grammar.sequence({raw_character(grammar, exceptions), any_rest}));
  if (!tree.ends) alternatives.push_back(close);
  return grammar.choice(std::move(alternatives));
}

}  // namespace

Node string_node(ByteGrammar& grammar, std::uint32_t shortest, std::optional<std::uint32_t> longest) {
  const Node character = grammar.choice({raw_character(grammar, {'"', '\\'}), escape(grammar)});
  const Node quote = grammar.text("\"");
  return grammar.sequence({quote, grammar.repeat(character, shortest, longest), quote});
}

Node other_key_node(ByteGrammar& grammar, const std::vector<std::string>& names) {
  NameTree tree;
  for (const std::string& name : names) {
    NameTree* at = &tree;
    for (std::size_t i = 0; i < name.size();) at = &at->next[decode_utf8(name, i)];
    at->ends = true;
  }
  const Node close = grammar.text("\"");
  const Node any_rest =
      grammar.sequence({grammar.repeat(raw_character(grammar, {'"', '\\'}), 0, std::nullopt), close});
  return grammar.sequence({grammar.text("\""), other_than(grammar, tree, any_rest, close)});
}

}  // namespace fulcrum
