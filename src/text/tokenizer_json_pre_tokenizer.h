// The "pre_tokenizer" of a tokenizer.json: how a text is cut into the words that its model sees.
//
// Known: BertPreTokenizer, ByteLevel, CharDelimiterSplit, Digits, Metaspace, Punctuation, Sequence, Split,
// Whitespace, WhitespaceSplit. Any other is Error(unsupported) with its name; a missing or ill-typed setting
// is Error(corrupt). Bytes that are not UTF-8 stand alone between matches.
#pragma once

#include <memory>
#include <vector>

#include "text/json_tree.h"
#include "text/pipeline_tokenizer.h"

namespace fulcrum {

// In the order in which they are applied; none for null.
std::vector<std::unique_ptr<WordSplitter>> read_word_splitters(const JsonTree& component);

}  // namespace fulcrum
