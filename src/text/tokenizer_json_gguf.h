// A tokenizer.json in the words of GGUF's keys: family, the name of its pre-tokenizer, its tokens as GGUF
// spells them, scores and merges.
//
// Error(unsupported) names what those keys cannot say.
#pragma once

#include "text/json_tree.h"
#include "text/tokenizer.h"

namespace fulcrum {

// `vocabulary`: what parse_tokenizer_json made of `file`, with special tokens set.
Vocabulary gguf_spelling(const JsonTree& file, Vocabulary vocabulary);

}  // namespace fulcrum
