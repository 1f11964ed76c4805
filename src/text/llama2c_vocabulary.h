// The tokenizer.bin of llama2.c as a Vocabulary of the family "llama".
//
// Layout (little-endian): i32 longest token in bytes, then for each token f32 score, i32 length in bytes, the
// bytes. Ids 0, 1, 2 are unknown, bos and eos. Pieces come with ' ' where SentencePiece writes U+2581.
// Error(corrupt) for anything that contradicts this, with the byte offset. Source: karpathy/llama2.c,
// tokenizer.py.
#pragma once

#include <span>

#include "base/file.h"
#include "text/tokenizer.h"

namespace fulcrum {

Vocabulary parse_llama2c_vocabulary(std::span<const std::byte> bytes);
Vocabulary read_llama2c_vocabulary(const Path& path);

}  // namespace fulcrum
