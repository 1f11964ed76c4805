// Plain English from a folder of licensed texts, cut into passages of whole paragraphs.
//
// Text only: lines of code, tables and headings are left out by a simple measure of letters. The last
// twentieth of every file is never used for training: it is what bits per byte are measured on.
#pragma once

#include <string>
#include <vector>

#include "base/file.h"
#include "base/random.h"
#include "train/curriculum_lexicon.h"

namespace fulcrum {

class Prose {
 public:
  // Empty if the folder does not exist. Reads .txt, .md and .rst.
  static Prose read(const Path& folder);
  bool empty() const { return files_.empty(); }
  std::uint64_t bytes() const { return bytes_; }
  // A passage of about `bytes` bytes; files are drawn by the square root of their size.
  std::string passage(Random& random, std::uint64_t bytes) const;
  // Distinct lower-case words of the training part, of 4 to 11 letters, seen at least three times and in none
  // of the held-out tables of the lexicon, in alphabetical order; of the training pool only.
  const std::vector<std::string>& words() const { return words_; }
  // Words that stand in some sentences and not in most: what a text is about, as far as one word tells. With
  // up to 64 sentences of 30 to 110 bytes each, from the training part.
  const std::vector<Keyword>& keywords() const { return keywords_; }
  // The files by what they are named after in the folder ("peps", "botchan.txt"): every training paragraph,
  // and the held-out ones in order, joined, up to `held_out_bytes` from each file.
  struct Source {
    std::string name;
    std::vector<std::string> training;
    std::string held_out;
  };
  std::vector<Source> sources(std::uint64_t held_out_bytes) const;

 private:
  struct File {
    std::string source;
    std::vector<std::string> paragraphs;
    std::size_t training = 0;  // the first ones
    double weight = 0;
  };
  std::vector<File> files_;
  std::vector<std::string> words_;
  std::vector<Keyword> keywords_;
  double weight_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace fulcrum
