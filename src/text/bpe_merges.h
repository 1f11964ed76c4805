// The merge loop of byte-pair encoding (Sennrich et al. 2016): words with counts in, merges in order of their
// frequency out. Knows nothing of bytes, spaces or special tokens; text/bpe_trainer.h makes a vocabulary of
// it.
//
// Cost: pair counts are kept up to date, so a merge touches only the words that hold it. Deterministic.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace fulcrum {

// A word as its symbols (indices into a table of texts) and how often it occurs.
struct BpeWord {
  std::vector<std::uint32_t> symbols;
  std::uint64_t count = 0;
};

struct BpeMerge {
  std::string left, right;
};

struct BpeMergeOptions {
  // What is counted and merged as one: an ordered pair of symbols (byte-level BPE, where merges are listed as
  // pairs), or every pair that joins to the same text (SentencePiece-type encoding, which looks at the joined
  // text only). Ties go to the greatest (left, right), or the greatest text, in byte order.
  enum class Identity { pair, text };
  Identity identity = Identity::pair;
  std::size_t most_merges = 0;
  std::uint64_t least_count = 1;     // rarer pairs are not merged
  std::size_t longest_bytes = 1024;  // nor are those whose text would be longer
};

// Learns up to most_merges merges. On return `words` are cut as encoding with these merges cuts them, their
// symbols indexing `symbols`, to which the merged texts have been appended. Error(invalid_argument) if a word
// names a symbol that does not exist or if two symbols have one text.
std::vector<BpeMerge> learn_bpe_merges(std::vector<std::string>& symbols, std::vector<BpeWord>& words,
                                       const BpeMergeOptions& options);

}  // namespace fulcrum
