// A vocabulary as the files of a Hugging Face folder: tokenizer.json and tokenizer_config.json.
//
// For SentencePiece's BPE (family "llama"), whose merges follow from its scores: a pair may merge where the
// joined piece exists, pairs of a higher score first. Others are Error(unsupported): their pre-tokenizers
// have names in GGUF and expressions here. Source: the file formats of Hugging Face's tokenizers and
// transformers.
#pragma once

#include <string>

#include "base/json_fwd.h"
#include "text/tokenizer.h"

namespace fulcrum {

Json tokenizer_json(const Vocabulary& vocabulary);
Json tokenizer_config_json(const Vocabulary& vocabulary);

}  // namespace fulcrum
