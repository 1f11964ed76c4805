#include "text/score_merges.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "base/error.h"
#include "base/unicode.h"
#include "text/sentencepiece.h"

namespace fulcrum {
namespace {

bool has_inner_space_mark(std::string_view token) {
  std::size_t at = token.find(kSpaceMark);
  while (at != std::string_view::npos) {
    const bool after_other =
        at > 0 &&
        (at < kSpaceMark.size() || token.substr(at - kSpaceMark.size(), kSpaceMark.size()) != kSpaceMark);
    if (after_other) return true;
    at = token.find(kSpaceMark, at + kSpaceMark.size());
  }
  return false;
}

// A stretch of the text that is one token so far, in a doubly linked list.
struct Symbol {
  std::int32_t previous, next;  // -1: none
  std::uint32_t begin, size;    // bytes; size 0: merged into its left neighbour
};

struct Candidate {
  float score;
  std::int32_t left, right;
  std::uint32_t size;  // of both symbols when proposed: a candidate that has been overtaken has another size
  bool operator<(const Candidate& other) const {
    return score != other.score ? score < other.score : left > other.left;
  }
};

}  // namespace

struct ScoreMerges::Scratch {
  std::vector<Symbol> symbols;
  std::vector<Candidate> heap;
  // Of merged texts of type unused: the size of the left part.
  std::unordered_map<std::string_view, std::uint32_t> taken_apart;
};

ScoreMerges::ScoreMerges(const Vocabulary& vocabulary) : vocabulary_(vocabulary) {
  bytes_.fill(-1);
  for (std::size_t i = 0; i < vocabulary_.tokens.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    const std::string& token = vocabulary_.tokens[i];
    const TokenType type = vocabulary_.types[i];
    if (!std::isfinite(vocabulary_.scores[i])) {
      throw_error(ErrorCode::corrupt, "making a tokenizer: the score of token {} is not a finite number", id);
    }
    if (type == TokenType::byte) {
      const auto byte = parse_byte_token(token);
      if (!byte) {
        throw_error(ErrorCode::corrupt,
                    "making a tokenizer: token {} is of type byte, its text \"{}\" is not <0xHH>", id, token);
      }
      bytes_[*byte] = id;
    } else if ((type == TokenType::normal || type == TokenType::unused) && !token.empty()) {
      mergeable_.emplace(token, id);
      longest_bytes_ = std::max(longest_bytes_, token.size());
      words_are_independent_ = words_are_independent_ && !has_inner_space_mark(token);
    }
  }
  has_bytes_ = std::none_of(bytes_.begin(), bytes_.end(), [](TokenId id) { return id < 0; });
  if (!has_bytes_ && !vocabulary_.unknown) {
    throw_error(
        ErrorCode::corrupt,
        "making a tokenizer: the vocabulary has neither all 256 byte tokens nor an unknown token, so it "
        "cannot express every text");
  }
}

void ScoreMerges::propose(std::string_view text, std::int32_t left, Scratch& scratch) const {
  if (left < 0) return;
  const Symbol& a = scratch.symbols[static_cast<std::size_t>(left)];
  if (a.next < 0) return;
  const std::uint32_t size = a.size + scratch.symbols[static_cast<std::size_t>(a.next)].size;
  if (size > longest_bytes_) return;
  const auto found = mergeable_.find(text.substr(a.begin, size));
  if (found == mergeable_.end()) return;
  const auto id = static_cast<std::size_t>(found->second);
  const float score = vocabulary_.scores[id];
  if (vocabulary_.types[id] == TokenType::unused)
    scratch.taken_apart.emplace(text.substr(a.begin, size), a.size);
  scratch.heap.push_back({score, left, a.next, size});
  std::push_heap(scratch.heap.begin(), scratch.heap.end());
}

void ScoreMerges::encode(std::string_view text, std::vector<TokenId>& ids) const {
  Scratch scratch;
  std::vector<Symbol>& symbols = scratch.symbols;
  std::vector<Candidate>& heap = scratch.heap;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    decode_utf8(text, at);
    const auto index = static_cast<std::int32_t>(symbols.size());
    symbols.push_back({index - 1, at < text.size() ? index + 1 : -1, static_cast<std::uint32_t>(begin),
                       static_cast<std::uint32_t>(at - begin)});
  }
  for (std::size_t i = 0; i + 1 < symbols.size(); ++i) propose(text, static_cast<std::int32_t>(i), scratch);
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end());
    const Candidate best = heap.back();
    heap.pop_back();
    Symbol& left = symbols[static_cast<std::size_t>(best.left)];
    Symbol& right = symbols[static_cast<std::size_t>(best.right)];
    if (left.size == 0 || right.size == 0 || left.size + right.size != best.size) continue;
    left.size = best.size;
    left.next = right.next;
    right.size = 0;
    if (left.next >= 0) symbols[static_cast<std::size_t>(left.next)].previous = best.left;
    propose(text, left.previous, scratch);
    propose(text, best.left, scratch);
  }
  for (const Symbol& symbol : symbols) {
    if (symbol.size > 0) emit(text.substr(symbol.begin, symbol.size), scratch, ids);
  }
}

// A symbol that merging has left: a token, or one character that has none.
void ScoreMerges::emit(std::string_view symbol, const Scratch& scratch, std::vector<TokenId>& ids) const {
  std::vector<std::string_view> waiting = {symbol};  // last first
  while (!waiting.empty()) {
    const std::string_view part = waiting.back();
    waiting.pop_back();
    const auto apart = scratch.taken_apart.find(part);
    const auto found = mergeable_.find(part);
    if (apart != scratch.taken_apart.end()) {
      waiting.push_back(part.substr(apart->second));
      waiting.push_back(part.substr(0, apart->second));
    } else if (found != mergeable_.end()) {
      ids.push_back(found->second);
    } else if (has_bytes_) {
      for (char c : part) ids.push_back(bytes_[static_cast<unsigned char>(c)]);
    } else {
      ids.push_back(*vocabulary_.unknown);
    }
  }
}

}  // namespace fulcrum
