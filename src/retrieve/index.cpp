#include "retrieve/index.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <mutex>
#include <set>
#include <unordered_set>

#include "base/database.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/toml.h"
#include "base/unicode.h"

namespace fulcrum {
namespace {

// Raised whenever the tables or the way words are split change: an older file is rebuilt.
constexpr std::int64_t kSchemaVersion = 1;

// A heading names what its section is about, so a word there counts for more than one in the text.
constexpr double kHeadingWeight = 2.0, kTextWeight = 1.0;

// Longer questions are cut: the first words of a mail say what it is about, and FTS5's cost grows with each.
constexpr std::size_t kMaxQueryWords = 64;

// File systems stamp times no finer than the kernel's clock tick (up to 10 ms) and some only every 2 s (FAT):
// a file modified so shortly before it was read may have been modified again without a trace.
constexpr std::int64_t kClockGrainNanoseconds = 2'000'000'000;

// English words that stand in almost every question and say nothing of its subject.
constexpr std::array<std::string_view, 93> kStopWords = {
    "a",     "about", "am",    "an",   "and",    "any",  "are",  "as",    "at",    "be",     "been", "but",
    "by",    "can",   "could", "d",    "did",    "do",   "does", "for",   "from",  "get",    "had",  "has",
    "have",  "he",    "her",   "here", "hers",   "him",  "his",  "how",   "i",     "if",     "in",   "into",
    "is",    "it",    "its",   "just", "ll",     "m",    "may",  "me",    "might", "my",     "no",   "not",
    "of",    "on",    "or",    "our",  "please", "re",   "s",    "shall", "she",   "should", "so",   "some",
    "t",     "than",  "that",  "the",  "their",  "them", "then", "there", "these", "they",   "this", "those",
    "to",    "us",    "ve",    "was",  "we",     "were", "what", "when",  "where", "which",  "who",  "whom",
    "whose", "why",   "will",  "with", "would",  "you",  "your", "yours", "tell"};

bool is_stop_word(const std::string& word) {
  return std::find(kStopWords.begin(), kStopWords.end(), word) != kStopWords.end();
}

std::int64_t now_nanoseconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

// Columns 0 to 5 of a row: document, ordinal, begin, end, heading path, text.
Chunk chunk_of(const Statement& row) {
  Chunk chunk;
  chunk.document = row.text(0);
  chunk.ordinal = row.integer(1);
  chunk.begin_bytes = static_cast<std::size_t>(row.integer(2));
  chunk.end_bytes = static_cast<std::size_t>(row.integer(3));
  chunk.heading_path = row.text(4);
  chunk.text = row.text(5);
  return chunk;
}

constexpr std::string_view kChunkColumns =
    "c.document, c.ordinal, c.begin_bytes, c.end_bytes, c.heading_path, c.text";

constexpr std::string_view kSchema = R"(
DROP TABLE IF EXISTS chunk_words;
DROP TABLE IF EXISTS chunks;
DROP TABLE IF EXISTS documents;
DROP TABLE IF EXISTS properties;
CREATE TABLE properties (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE documents (
  id TEXT PRIMARY KEY, title TEXT NOT NULL, sha256 TEXT NOT NULL,
  size_bytes INTEGER NOT NULL, modified_ns INTEGER NOT NULL, read_ns INTEGER NOT NULL);
CREATE TABLE chunks (
  id INTEGER PRIMARY KEY, document TEXT NOT NULL REFERENCES documents (id), ordinal INTEGER NOT NULL,
  begin_bytes INTEGER NOT NULL, end_bytes INTEGER NOT NULL, heading_path TEXT NOT NULL, text TEXT NOT NULL,
  UNIQUE (document, ordinal));
CREATE VIRTUAL TABLE chunk_words USING fts5 (heading, text, tokenize = 'porter unicode61 remove_diacritics 2');
)";

}  // namespace

std::string match_expression(std::string_view query) {
  std::vector<std::string> words;
  std::unordered_set<std::string> seen;
  for (std::string& word : fold_words(query)) {
    if (seen.insert(word).second) words.push_back(std::move(word));
  }
  std::vector<std::string> telling;
  std::copy_if(words.begin(), words.end(), std::back_inserter(telling),
               [](const std::string& word) { return !is_stop_word(word); });
  // A question of stop words only ("who are you?") still has to be looked up by something.
  if (!telling.empty()) words = std::move(telling);
  if (words.size() > kMaxQueryWords) words.resize(kMaxQueryWords);
  // Words hold letters, marks and digits only, so a quote can never close early.
  return words.empty() ? std::string() : fmt::format("\"{}\"", fmt::join(words, "\" OR \""));
}

struct Index::State {
  std::mutex mutex;
  IndexSettings settings;
  Database database;

  struct Known {
    std::string sha256;
    std::uint64_t size_bytes = 0;
    std::int64_t modified_ns = 0, read_ns = 0;
  };

  std::string settings_text() const {
    return fmt::format("schema {}, chunks of {} with {} shared, counted by {}", kSchemaVersion,
                       settings.chunks.max_tokens, settings.chunks.overlap_tokens, settings.counter_name);
  }

  void prepare_tables() {
    Statement find = database.prepare("SELECT count(*) FROM sqlite_master WHERE name = 'properties'");
    find.step();
    if (find.integer(0) == 1) {
      Statement made_with = database.prepare("SELECT value FROM properties WHERE name = 'settings'");
      if (made_with.step() && made_with.text(0) == settings_text()) return;
    }
    find.reset();
    database.transaction([&] {
      database.execute(kSchema);
      database.prepare("INSERT INTO properties VALUES ('settings', ?)").bind(1, settings_text()).run();
    });
  }

  std::map<std::string, Known> known_documents() {
    std::map<std::string, Known> known;
    Statement rows = database.prepare("SELECT id, sha256, size_bytes, modified_ns, read_ns FROM documents");
    while (rows.step()) {
      known[rows.text(0)] = {rows.text(1), static_cast<std::uint64_t>(rows.integer(2)), rows.integer(3),
                             rows.integer(4)};
    }
    return known;
  }

  void remove(const std::string& id) {
    database.prepare("DELETE FROM chunk_words WHERE rowid IN (SELECT id FROM chunks WHERE document = ?)")
        .bind(1, id)
        .run();
    database.prepare("DELETE FROM chunks WHERE document = ?").bind(1, id).run();
    database.prepare("DELETE FROM documents WHERE id = ?").bind(1, id).run();
  }

  void add(const Document& document, const DocumentFile& file, std::int64_t read_ns) {
    database.prepare("INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?)")
        .bind(1, document.id)
        .bind(2, document.title)
        .bind(3, document.sha256)
        .bind(4, static_cast<std::int64_t>(file.size_bytes))
        .bind(5, file.modified_nanoseconds)
        .bind(6, read_ns)
        .run();
    Statement chunk_row = database.prepare(
        "INSERT INTO chunks (document, ordinal, begin_bytes, end_bytes, heading_path, text) VALUES (?, ?, ?, "
        "?, ?, ?) "
        "RETURNING id");
    Statement words_row = database.prepare("INSERT INTO chunk_words (rowid, heading, text) VALUES (?, ?, ?)");
    for (const Chunk& chunk : split_document(document, settings.chunks, settings.count_tokens)) {
      chunk_row.bind(1, chunk.document)
          .bind(2, chunk.ordinal)
          .bind(3, static_cast<std::int64_t>(chunk.begin_bytes))
          .bind(4, static_cast<std::int64_t>(chunk.end_bytes))
          .bind(5, chunk.heading_path)
          .bind(6, chunk.text);
      chunk_row.step();
      const std::int64_t id = chunk_row.integer(0);
      chunk_row.reset();
      words_row.bind(1, id).bind(2, document.title + "\n" + chunk.heading_path).bind(3, chunk.text).run();
    }
  }

  // Takes in one file; returns whether its content is new.
  bool update(const DocumentFile& file, const Known* known) {
    const bool same_stamp = known != nullptr && known->size_bytes == file.size_bytes &&
                            known->modified_ns == file.modified_nanoseconds;
    if (same_stamp && file.modified_nanoseconds < known->read_ns - kClockGrainNanoseconds) return false;
    const std::int64_t read_ns = now_nanoseconds();
    const Document document = read_document(settings.documents, file.id);
    if (known != nullptr && known->sha256 == document.sha256) {
      database.prepare("UPDATE documents SET size_bytes = ?, modified_ns = ?, read_ns = ? WHERE id = ?")
          .bind(1, static_cast<std::int64_t>(file.size_bytes))
          .bind(2, file.modified_nanoseconds)
          .bind(3, read_ns)
          .bind(4, file.id)
          .run();
      return false;
    }
    if (known != nullptr) remove(file.id);
    add(document, file, read_ns);
    return true;
  }

  IndexChanges refresh() {
    IndexChanges changes;
    const std::vector<DocumentFile> files = list_documents(settings.documents);
    if (files.empty()) {
      throw_error(ErrorCode::invalid_argument,
                  "indexing {}: there is no .md, .markdown or .txt file in it. Put the documents there.",
                  settings.documents.string());
    }
    database.transaction([&] {
      std::map<std::string, Known> known = known_documents();
      for (const DocumentFile& file : files) {
        const auto entry = known.find(file.id);
        const bool is_new = entry == known.end();
        const bool taken_in = update(file, is_new ? nullptr : &entry->second);
        if (!taken_in)
          ++changes.unchanged;
        else if (is_new)
          ++changes.added;
        else
          ++changes.changed;
        if (!is_new) known.erase(entry);
      }
      for (const auto& [id, gone] : known) remove(id);
      changes.removed = static_cast<std::int64_t>(known.size());
    });
    return changes;
  }

  std::int64_t count(std::string_view table) {
    Statement row = database.prepare(fmt::format("SELECT count(*) FROM {}", table));
    row.step();
    return row.integer(0);
  }
};

Index::Index(std::unique_ptr<State> state) : state_(std::move(state)) {}
Index::~Index() = default;

std::unique_ptr<Index> Index::open(const Path& file, IndexSettings settings) {
  auto state = std::make_unique<State>();
  state->settings = std::move(settings);
  state->database = Database::open(file);
  state->prepare_tables();
  state->refresh();
  return std::unique_ptr<Index>(new Index(std::move(state)));
}

std::vector<Passage> Index::search(std::string_view query, std::int64_t count) {
  const std::string expression = match_expression(query);
  if (expression.empty() || count <= 0) return {};
  const std::lock_guard lock(state_->mutex);
  // FTS5's bm25() is smaller for a better match.
  Statement rows = state_->database.prepare(
      fmt::format("SELECT {}, -bm25(chunk_words, {}, {}) AS score FROM chunk_words "
                  "JOIN chunks AS c ON c.id = chunk_words.rowid "
                  "WHERE chunk_words MATCH ? ORDER BY score DESC, c.document, c.ordinal LIMIT ?",
                  kChunkColumns, kHeadingWeight, kTextWeight));
  rows.bind(1, expression).bind(2, count);
  std::vector<Passage> found;
  while (rows.step()) found.push_back({chunk_of(rows), rows.number(6)});
  return found;
}

std::vector<Passage> Index::passages_of(std::span<const std::string> documents) {
  const std::lock_guard lock(state_->mutex);
  Statement rows = state_->database.prepare(
      fmt::format("SELECT {} FROM chunks AS c WHERE c.document = ? ORDER BY c.ordinal", kChunkColumns));
  std::vector<Passage> found;
  for (const std::string& document : documents) {
    const auto known = state_->known_documents();
    if (!known.contains(document)) {
      std::vector<std::string> ids;
      for (const auto& [id, entry] : known) ids.push_back(id);
      const auto near = nearest_word(document, ids);
      throw_error(ErrorCode::not_found, "looking up the document '{}' in {}: it is not there{}", document,
                  state_->settings.documents.string(),
                  near ? fmt::format("; did you mean '{}'?", *near) : "");
    }
    rows.bind(1, document);
    while (rows.step()) found.push_back({chunk_of(rows), 0.0});
  }
  return found;
}

IndexChanges Index::refresh() {
  const std::lock_guard lock(state_->mutex);
  return state_->refresh();
}

std::string Index::sha256() {
  const std::lock_guard lock(state_->mutex);
  Sha256 hash;
  hash.update(state_->settings_text());
  Statement rows = state_->database.prepare("SELECT id, sha256 FROM documents ORDER BY id");
  while (rows.step()) hash.update(fmt::format("\n{} {}", rows.text(1), rows.text(0)));
  return hash.finish();
}

std::int64_t Index::count_documents() {
  const std::lock_guard lock(state_->mutex);
  return state_->count("documents");
}

std::int64_t Index::count_chunks() {
  const std::lock_guard lock(state_->mutex);
  return state_->count("chunks");
}

const IndexSettings& Index::settings() const {
  return state_->settings;
}

}  // namespace fulcrum
