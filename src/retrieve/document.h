// A document on disk: Markdown (cmark) or plain text, checked to be UTF-8, and the blocks it is made of.
//
// A block is the smallest thing that is never torn apart without need: a heading, a paragraph, a list item, a
// code block. Its `text` is what a reader sees (no markup), its span the bytes of the file it was made from.
// A document is known by its path below the folder, with '/' ("policies/refunds.md").
//
// Errors: not_found (file, folder), corrupt (not UTF-8: names the file and the byte).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"

namespace fulcrum {

struct DocumentBlock {
  std::size_t begin_bytes = 0, end_bytes = 0;
  std::string text;
  int heading_level = 0;  // 1 to 6 for a heading, 0 for anything else
};

struct Document {
  std::string id;
  std::string title;   // of the front matter, or the first heading, or the file's name without its extension
  std::string source;  // the bytes of the file
  std::string sha256;  // of source
  std::vector<DocumentBlock> blocks;
};

// What the file system says of a document without reading it.
struct DocumentFile {
  std::string id;
  std::uint64_t size_bytes = 0;
  std::int64_t modified_nanoseconds = 0;  // since the epoch
};

// The .md, .markdown and .txt files below `folder`, by id.
std::vector<DocumentFile> list_documents(const Path& folder);

Document read_document(const Path& folder, std::string_view id);
// The same from text at hand; the id's extension tells Markdown from plain text.
Document parse_document(std::string id, std::string source);

}  // namespace fulcrum
