// Trains a vocabulary of the family "llama" (BPE by score with byte fallback) from text.
//
// Ids: 0 <unk>, 1 <s>, 2 </s>, 3 to 258 the bytes <0x00> to <0xFF>, then control tokens, user-defined tokens,
// single characters (the line end, the space mark, all printable ASCII, then the characters of the text by
// frequency up to character_coverage), then merges with score -1, -2, ... in the order they were learnt.
//
// A word is an optional space mark and a run of letters, or an optional space mark and a run of punctuation,
// a run of line ends, or one character of anything else; a digit is always alone. Merges stay within a word,
// so every piece is of one kind with at most a leading space mark, and therefore encoding a whole text by
// score, with no cutting into words, gives the very cut that training saw (a test counts the tokens of both).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/special_tokens.h"
#include "text/tokenizer.h"

namespace fulcrum {

struct BpeTrainerOptions {
  std::int32_t vocabulary_tokens = 4096;    // exactly so many come out
  std::vector<std::string> control_tokens;  // "<|user|>", ...
  std::vector<std::string> user_defined_tokens;
  std::string end_of_turn;             // one of control_tokens, or empty: </s> ends an answer
  double character_coverage = 0.9995;  // share of the text's characters that get a token of their own
  std::size_t longest_piece_bytes = 24;
  std::uint64_t least_count = 2;  // of a merge in the text
};

struct TrainedVocabulary {
  Vocabulary vocabulary;
  std::uint64_t corpus_bytes = 0;
  std::uint64_t corpus_tokens = 0;  // of all text added, encoded with it
};

class BpeTrainer {
 public:
  // Error(invalid_argument): a doubled or empty special token, an end_of_turn that is not one of the control
  // tokens.
  explicit BpeTrainer(BpeTrainerOptions options);
  // Counts the words of one document; special tokens in it are set aside. Any number of calls, the order is
  // irrelevant.
  void add(std::string_view text);
  // Error(invalid_argument) if the text does not have enough merges for vocabulary_tokens, or if
  // vocabulary_tokens does not hold what must be in it; both say how many there are.
  TrainedVocabulary train() const;

 private:
  BpeTrainerOptions options_;
  SpecialTokens special_;
  std::unordered_map<std::string, std::uint64_t> words_;
  std::uint64_t special_count_ = 0, bytes_ = 0;
};

// The words of a stretch of ordinary text as training sees them, a space mark before the first. Exposed for
// tests.
std::vector<std::string> split_training_words(std::string_view text);

}  // namespace fulcrum
