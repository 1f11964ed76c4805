// The "normalizer" of a tokenizer.json: what is done to a text before it is cut.
//
// Known: BertNormalizer, ByteLevel, Lowercase, NFC, NFD, NFKC, NFKD, Nmt, Precompiled, Prepend, Replace,
// Sequence, Strip, StripAccents. Any other is Error(unsupported) with its name; a missing or ill-typed
// setting is Error(corrupt). Bytes that are not UTF-8 pass through.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/json_tree.h"
#include "text/pipeline_tokenizer.h"

namespace fulcrum {

// In the order in which they are applied; none for null.
std::vector<std::unique_ptr<Normalizer>> read_normalizers(const JsonTree& component);

// The bytes of the base64 that "Precompiled" keeps its character map in. Error(corrupt) for other text.
std::string base64_bytes(std::string_view text);

}  // namespace fulcrum
