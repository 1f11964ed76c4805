// The tokenizer of a Hugging Face folder: tokenizer.json, or a SentencePiece model (tokenizer.model,
// spiece.model) where there is none, together with what the files beside it say of it: tokenizer_config.json,
// special_tokens_map.json, added_tokens.json, chat_template.jinja and generation_config.json (which ids end
// an answer).
//
// All that was found stands in Tokenizer::vocabulary(): tokens and their types, bos, eos, unknown, padding,
// end_of_turn, add_bos, add_eos and chat_template.
// Errors: not_found for a folder without a tokenizer, corrupt for a file that contradicts its format, and
// unsupported for a component that is not known; each names the file and the component.
#pragma once

#include <memory>

#include "base/file.h"
#include "text/tokenizer.h"

namespace fulcrum {

// A folder, a tokenizer.json (whatever its name) or a SentencePiece model. What stands beside a file is read
// as well if the file has the name that it has in a folder.
std::unique_ptr<Tokenizer> load_tokenizer(const Path& file_or_folder);

// Whether `folder` has a file that load_tokenizer would start from.
bool has_tokenizer(const Path& folder);

// The same tokenizer as the keys of a GGUF file say it: family, pre, tokens in GGUF's spelling, scores,
// types, merges. Error(unsupported) names what those keys cannot say, such as a pre-tokenizer without a name
// there.
Vocabulary gguf_vocabulary(const Path& file_or_folder);

}  // namespace fulcrum
