// A SentencePiece model file (tokenizer.model, spiece.model): the protobuf ModelProto as a Vocabulary.
//
// family is "t5" for Unigram and "llama" for byte-pair encoding; bos, eos, padding and unknown come from the
// trainer's settings, the normaliser's settings fill add_space_prefix, remove_extra_whitespaces and
// precompiled_charsmap.
// Errors: corrupt for what is no such file or contradicts itself, with the byte offset or the piece;
// unsupported for word and character models, white space as a suffix, unescaped white space and
// denormalisers. Source: sentencepiece_model.proto.
#pragma once

#include <memory>
#include <string_view>

#include "base/file.h"
#include "text/tokenizer.h"

namespace fulcrum {

// `what` names the file in messages.
Vocabulary parse_sentencepiece_model(std::string_view bytes, std::string_view what);

// A tokenizer that gives SentencePiece's own ids. `vocabulary` is what parse_sentencepiece_model gave, with
// special tokens changed at most.
std::unique_ptr<Tokenizer> make_sentencepiece_tokenizer(Vocabulary vocabulary);

}  // namespace fulcrum
