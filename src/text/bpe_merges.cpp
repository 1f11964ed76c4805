#include "text/bpe_merges.h"

#include <algorithm>
#include <limits>
#include <queue>
#include <unordered_map>
#include <utility>

#include "base/error.h"

namespace fulcrum {
namespace {

constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

struct Candidate {
  std::uint32_t left, right;  // the pair, or the first seen of the pairs with this text
  std::string text;
  std::int64_t count = 0;
  std::uint32_t rank = kNone;        // order in which it was merged
  std::uint32_t symbol = kNone;      // what it merges to, once merged
  std::vector<std::uint32_t> words;  // that hold it, or did
};

class MergeLoop {
 public:
  MergeLoop(std::vector<std::string>& symbols, std::vector<BpeWord>& words, const BpeMergeOptions& options)
      : symbols_(symbols), words_(words), options_(options), heap_(Order{this}) {
    for (std::uint32_t i = 0; i < symbols_.size(); ++i) {
      if (!symbol_of_text_.emplace(symbols_[i], i).second) {
        throw_error(ErrorCode::invalid_argument, "learning merges: two symbols have the text \"{}\"",
                    symbols_[i]);
      }
    }
    for (std::uint32_t w = 0; w < words_.size(); ++w) {
      for (std::uint32_t symbol : words_[w].symbols) {
        if (symbol >= symbols_.size()) {
          throw_error(ErrorCode::invalid_argument, "learning merges: word {} names symbol {} of {}", w,
                      symbol, symbols_.size());
        }
      }
      count_pairs(w, +1);
    }
    queue_touched();
  }

  std::vector<BpeMerge> run() {
    std::vector<BpeMerge> merges;
    while (merges.size() < options_.most_merges) {
      const std::uint32_t best = take_best();
      if (best == kNone) break;
      Candidate& candidate = candidates_[best];
      merges.push_back({symbols_[candidate.left], symbols_[candidate.right]});
      candidate.rank = static_cast<std::uint32_t>(merges.size());
      candidate.symbol = intern(candidate.text);
      std::vector<std::uint32_t> touched = std::exchange(candidate.words, {});
      std::sort(touched.begin(), touched.end());
      touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
      for (std::uint32_t w : touched) {
        count_pairs(w, -1);
        merge_word(words_[w]);
        count_pairs(w, +1);
      }
      queue_touched();
    }
    return merges;
  }

 private:
  struct Entry {
    std::int64_t count;
    std::uint32_t candidate;
  };
  struct Order {
    MergeLoop* loop;
    bool operator()(const Entry& a, const Entry& b) const { return loop->comes_after(a, b); }
  };

  bool comes_after(const Entry& a, const Entry& b) const {
    if (a.count != b.count) return a.count < b.count;
    const Candidate& x = candidates_[a.candidate];
    const Candidate& y = candidates_[b.candidate];
    if (options_.identity == BpeMergeOptions::Identity::text) return x.text < y.text;
    if (const int order = symbols_[x.left].compare(symbols_[y.left]); order != 0) return order < 0;
    return symbols_[x.right] < symbols_[y.right];
  }

  std::uint32_t intern(const std::string& text) {
    const auto [found, is_new] = symbol_of_text_.emplace(text, static_cast<std::uint32_t>(symbols_.size()));
    if (is_new) symbols_.push_back(text);
    return found->second;
  }

  // The candidate of a pair, kNone if it would be too long.
  std::uint32_t candidate_of(std::uint32_t left, std::uint32_t right) {
    const std::uint64_t key = (std::uint64_t{left} << 32) | right;
    const auto [found, is_new] = candidate_of_pair_.emplace(key, kNone);
    if (!is_new) return found->second;
    if (symbols_[left].size() + symbols_[right].size() > options_.longest_bytes) return kNone;
    std::string text = symbols_[left] + symbols_[right];
    auto index = static_cast<std::uint32_t>(candidates_.size());
    if (options_.identity == BpeMergeOptions::Identity::text) {
      const auto [same, first] = candidate_of_text_.emplace(text, index);
      index = same->second;
      if (!first) return found->second = index;
    }
    candidates_.push_back({left, right, std::move(text), 0, kNone, kNone, {}});
    return found->second = index;
  }

  void count_pairs(std::uint32_t w, int sign) {
    const BpeWord& word = words_[w];
    for (std::size_t i = 0; i + 1 < word.symbols.size(); ++i) {
      const std::uint32_t index = candidate_of(word.symbols[i], word.symbols[i + 1]);
      if (index == kNone) continue;
      Candidate& candidate = candidates_[index];
      candidate.count += sign * static_cast<std::int64_t>(word.count);
      if (sign > 0) {
        if (candidate.words.empty() || candidate.words.back() != w) candidate.words.push_back(w);
        touched_.push_back(index);
      }
    }
  }

  // Counts that fell are found out when they reach the top; counts that rose are queued again here.
  void queue_touched() {
    std::sort(touched_.begin(), touched_.end());
    touched_.erase(std::unique(touched_.begin(), touched_.end()), touched_.end());
    for (std::uint32_t index : touched_) heap_.push({candidates_[index].count, index});
    touched_.clear();
  }

  std::uint32_t take_best() {
    while (!heap_.empty()) {
      const Entry entry = heap_.top();
      heap_.pop();
      const Candidate& candidate = candidates_[entry.candidate];
      if (candidate.rank != kNone || candidate.count <= 0) continue;
      if (candidate.count != entry.count) {
        if (candidate.count < entry.count) heap_.push({candidate.count, entry.candidate});
        continue;
      }
      if (static_cast<std::uint64_t>(candidate.count) < options_.least_count) return kNone;
      return entry.candidate;
    }
    return kNone;
  }

  // Goes on merging the earliest merge first, leftmost among equals: a fresh symbol can complete an older
  // merge.
  void merge_word(BpeWord& word) {
    while (true) {
      std::size_t at = 0;
      std::uint32_t best = kNone, symbol = kNone;
      for (std::size_t i = 0; i + 1 < word.symbols.size(); ++i) {
        const std::uint32_t index = candidate_of(word.symbols[i], word.symbols[i + 1]);
        if (index == kNone || candidates_[index].rank >= best) continue;
        best = candidates_[index].rank;
        symbol = candidates_[index].symbol;
        at = i;
      }
      if (best == kNone) return;
      word.symbols[at] = symbol;
      word.symbols.erase(word.symbols.begin() + static_cast<std::ptrdiff_t>(at) + 1);
    }
  }

  std::vector<std::string>& symbols_;
  std::vector<BpeWord>& words_;
  const BpeMergeOptions& options_;
  std::unordered_map<std::string, std::uint32_t> symbol_of_text_, candidate_of_text_;
  std::unordered_map<std::uint64_t, std::uint32_t> candidate_of_pair_;
  std::vector<Candidate> candidates_;
  std::vector<std::uint32_t> touched_;
  std::priority_queue<Entry, std::vector<Entry>, Order> heap_;
};

}  // namespace

std::vector<BpeMerge> learn_bpe_merges(std::vector<std::string>& symbols, std::vector<BpeWord>& words,
                                       const BpeMergeOptions& options) {
  return MergeLoop(symbols, words, options).run();
}

}  // namespace fulcrum
