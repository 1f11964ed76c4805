// Cuts text into the stretches that byte-level BPE never merges across, by the regular expressions that each
// model family was trained with.
//
// Thread-safe after construction.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/regular_expression.h"

namespace fulcrum {

class PreTokenizer {
 public:
  // `name` as in GGUF's tokenizer.ggml.pre ("gpt-2", ...). Error(unsupported) lists the known names.
  static PreTokenizer named(std::string_view name);
  // Each expression in turn cuts what the ones before left: its matches and what lies between them.
  explicit PreTokenizer(const std::vector<std::string>& expressions);

  // Whether the family `name` takes a stretch that is a token as that token, whatever the merges say.
  static bool takes_whole_tokens(std::string_view name);

  // Stretches in order; together they are `text`. None is empty.
  std::vector<std::string_view> split(std::string_view text) const;

 private:
  std::vector<RegularExpression> expressions_;
};

}  // namespace fulcrum
