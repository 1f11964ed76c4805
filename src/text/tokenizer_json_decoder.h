// The "decoder" of a tokenizer.json: what a token adds to a text.
//
// Known: BPEDecoder, ByteFallback, ByteLevel, Fuse, Metaspace, Replace, Sequence, Strip, WordPiece. Any other
// is Error(unsupported) with its name; a missing or ill-typed setting is Error(corrupt). Each token is
// decoded by itself, knowing only the one before, so that text can be shown as it comes; a Strip behind Fuse,
// which concerns the whole text, is only supported at its start. Bytes that are not UTF-8 are given as they
// are.
#pragma once

#include <memory>
#include <vector>

#include "text/json_tree.h"
#include "text/pipeline_tokenizer.h"

namespace fulcrum {

// In the order in which they are applied; none for null.
std::vector<std::unique_ptr<PieceDecoder>> read_piece_decoders(const JsonTree& component);

}  // namespace fulcrum
