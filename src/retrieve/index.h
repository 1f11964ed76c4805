// The lexical index: documents, chunks and an FTS5 table ranked by BM25, in one SQLite file or in memory.
//
// Words are split as FTS5's unicode61 does and stemmed by its porter stemmer; a query is any of its words,
// without the commonest English ones. The file is a cache of the folder: it can be deleted at any time, and
// one made with other settings is rebuilt. A file that keeps size and modification time is taken as
// unchanged, unless it was modified within the clock's grain of being indexed; then its digest decides.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "retrieve/retriever.h"

namespace fulcrum {

struct IndexSettings {
  Path documents;  // the folder
  ChunkSettings chunks;
  // Who counts tokens, and its name ("words", a tokenizer's digest): an index cut by another counter is
  // rebuilt.
  TokenCounter count_tokens = count_words;
  std::string counter_name = "words";
};

class Index : public Retriever {
 public:
  // ":memory:" keeps it in memory. Indexes the folder before it returns. Error invalid_argument for a folder
  // without documents.
  static std::unique_ptr<Index> open(const Path& file, IndexSettings settings);
  ~Index() override;

  std::vector<Passage> search(std::string_view query, std::int64_t count) override;
  std::vector<Passage> passages_of(std::span<const std::string> documents) override;
  IndexChanges refresh() override;
  std::string sha256() override;

  std::int64_t count_documents();
  std::int64_t count_chunks();
  const IndexSettings& settings() const;

 private:
  struct State;
  explicit Index(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The FTS5 expression for a question: its words, quoted and joined by OR. Empty if it holds no word.
std::string match_expression(std::string_view query);

}  // namespace fulcrum
