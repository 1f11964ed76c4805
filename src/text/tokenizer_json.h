// A tokenizer.json (Hugging Face tokenizers): its vocabulary, its added tokens and the steps of its pipeline.
//
// Models: BPE, Unigram and WordPiece; a file that names none (they were written before 2020) is known by its
// settings. What the post-processor puts around a text (TemplateProcessing, BertProcessing,
// RobertaProcessing, Sequence) becomes Vocabulary's bos, eos, add_bos and add_eos: at most one token before
// and one behind. truncation and padding are left to the caller's batches.
// Errors: corrupt for what contradicts the format, naming the place; unsupported for a component that is not
// known, naming it; too_large for ids far beyond the number of tokens.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "text/json_tree.h"
#include "text/pipeline_tokenizer.h"

namespace fulcrum {

struct TokenizerJson {
  Vocabulary vocabulary;  // family, pre and merges stay empty: the steps say more
  PipelineTokenizer::Steps steps;
};

// `further`: added tokens of files beside it, taken where neither their text nor their id is in `file`.
TokenizerJson parse_tokenizer_json(const JsonTree& file, std::span<const AddedToken> further);

// One entry of "added_tokens", or of tokenizer_config.json's "added_tokens_decoder", which has the id as key.
AddedToken read_added_token(const JsonTree& entry, TokenId id);

}  // namespace fulcrum
