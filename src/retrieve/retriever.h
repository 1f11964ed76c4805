// What a recipe needs of any index: passages for a query, a way to notice that the documents changed, and a
// digest of what it holds. retrieve/index.h is the lexical one; a vector index and the fusion of both are
// further ones.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "retrieve/chunk.h"

namespace fulcrum {

struct Passage {
  Chunk chunk;
  double score = 0;  // higher is better; comparable only within one search
};

struct IndexChanges {
  std::int64_t added = 0, changed = 0, removed = 0, unchanged = 0;  // documents
  bool any() const { return added + changed + removed > 0; }
};

// Safe to call from several threads.
class Retriever {
 public:
  virtual ~Retriever() = default;
  // At most `count` chunks, best first; equal scores by document and position. The same query over the same
  // documents gives the same answer, however the index came to hold them.
  virtual std::vector<Passage> search(std::string_view query, std::int64_t count) = 0;
  // Every chunk of the given documents in their order, score 0: retrieval that cannot miss, for telling what
  // is lost in finding from what is lost in reading. Error not_found names an id that is not there and the
  // nearest that is.
  virtual std::vector<Passage> passages_of(std::span<const std::string> documents) = 0;
  // Takes in what changed on disk since the last time: cheap when nothing did.
  virtual IndexChanges refresh() = 0;
  // Of every document's id and digest and of how they were cut: equal digests answer alike.
  virtual std::string sha256() = 0;
};

}  // namespace fulcrum
