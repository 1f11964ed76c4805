// A document cut into chunks small enough to be put before a question, each knowing where it came from.
//
// A document that fits into one chunk is one chunk. Otherwise chunks begin at headings, a heading alone joins
// what follows it, and what is still too long is cut between blocks, then between sentences, then between
// words. Chunks are in document order and cover every block; they share text only as far as overlap_tokens
// asks for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "retrieve/document.h"

namespace fulcrum {

// Tokens of a text, by whoever will read it (a model's tokenizer).
using TokenCounter = std::function<std::int64_t(std::string_view)>;
// Words, where no model is at hand.
std::int64_t count_words(std::string_view text);

struct Chunk {
  std::string document;
  std::int64_t ordinal = 0;                    // within the document, from 0
  std::size_t begin_bytes = 0, end_bytes = 0;  // of the document's source
  std::string heading_path;                    // "Refunds > Cards": the headings above its first block
  std::string text;
  std::string id() const;  // "refunds.md#0"
};

struct ChunkSettings {
  std::int64_t max_tokens = 120;
  std::int64_t overlap_tokens = 0;  // at most so much of a chunk's end is repeated at the start of the next
  bool operator==(const ChunkSettings&) const = default;
};

std::vector<Chunk> split_document(const Document& document, const ChunkSettings& settings,
                                  const TokenCounter& count_tokens);

}  // namespace fulcrum
