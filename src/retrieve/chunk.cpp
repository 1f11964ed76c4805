#include "retrieve/chunk.h"

#include <array>
#include <cctype>

#include "base/error.h"

namespace fulcrum {
namespace {

// The smallest thing a chunk is packed from: a block, or a sentence or some words of a block that is too
// long.
struct Piece {
  std::size_t begin_bytes = 0, end_bytes = 0;
  std::string text;
  std::int64_t tokens = 0;
  bool is_heading = false;
  bool starts_block = true;
  std::string heading_path;  // above it
};

bool is_space(char letter) {
  return letter == ' ' || letter == '\t' || letter == '\n' || letter == '\r';
}

bool is_word_byte(char letter) {
  const auto byte = static_cast<unsigned char>(letter);
  return byte >= 0x80 || std::isalnum(byte) != 0;
}

// Where the sentences of a text end: behind ".", "!" or "?" (and closing quotes or brackets) before white
// space.
std::vector<std::string_view> sentences_of(std::string_view text) {
  std::vector<std::string_view> sentences;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '.' && text[i] != '!' && text[i] != '?') continue;
    std::size_t end = i + 1;
    while (end < text.size() && (text[end] == '"' || text[end] == '\'' || text[end] == ')')) ++end;
    if (end < text.size() && !is_space(text[end])) continue;
    sentences.push_back(text.substr(begin, end - begin));
    while (end < text.size() && is_space(text[end])) ++end;
    begin = end;
    i = end == 0 ? 0 : end - 1;
  }
  if (begin < text.size()) sentences.push_back(text.substr(begin));
  return sentences;
}

// Groups of words of at most `max_tokens`; a single longer word stays whole.
std::vector<std::string_view> word_groups_of(std::string_view text, std::int64_t max_tokens,
                                             const TokenCounter& count) {
  std::vector<std::string_view> groups;
  std::size_t begin = 0, end = 0;
  while (end < text.size()) {
    std::size_t next = end;
    while (next < text.size() && is_space(text[next])) ++next;
    while (next < text.size() && !is_space(text[next])) ++next;
    if (end > begin && count(text.substr(begin, next - begin)) > max_tokens) {
      groups.push_back(text.substr(begin, end - begin));
      begin = end;
      while (begin < text.size() && is_space(text[begin])) ++begin;
    }
    end = next;
  }
  if (end > begin) groups.push_back(text.substr(begin, end - begin));
  return groups;
}

class Splitter {
 public:
  Splitter(const Document& document, const ChunkSettings& settings, const TokenCounter& count)
      : document_(document), settings_(settings), count_(count) {}

  std::vector<Chunk> split() {
    const std::vector<Piece> pieces = make_pieces();
    std::int64_t total = 0;
    for (const Piece& piece : pieces) total += piece.tokens;
    const bool fits_whole = total <= settings_.max_tokens;
    std::size_t first = 0;
    std::size_t fresh = 0;  // the first piece that no chunk holds yet
    std::int64_t tokens = 0;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      const bool too_long = i > first && tokens + pieces[i].tokens > settings_.max_tokens;
      const bool new_section =
          !fits_whole && pieces[i].is_heading && i > fresh && !only_headings(pieces, first, i);
      if (too_long || new_section) {
        emit(pieces, first, i);
        fresh = i;
        first = new_section ? i : overlap_start(pieces, first, i);
        tokens = 0;
        for (std::size_t j = first; j < i; ++j) tokens += pieces[j].tokens;
      }
      tokens += pieces[i].tokens;
    }
    if (fresh < pieces.size()) emit(pieces, first, pieces.size());
    return std::move(chunks_);
  }

 private:
  const Document& document_;
  const ChunkSettings& settings_;
  const TokenCounter& count_;
  std::vector<Chunk> chunks_;

  static bool only_headings(const std::vector<Piece>& pieces, std::size_t first, std::size_t end) {
    for (std::size_t i = first; i < end; ++i) {
      if (!pieces[i].is_heading) return false;
    }
    return true;
  }

  std::vector<Piece> make_pieces() {
    std::vector<Piece> pieces;
    std::array<std::string, 7> headings;  // by level; 0 unused
    for (const DocumentBlock& block : document_.blocks) {
      const auto level = static_cast<std::size_t>(block.heading_level);
      if (level > 0) {
        for (std::size_t i = level; i < headings.size(); ++i) headings[i].clear();
      }
      Piece piece{block.begin_bytes, block.end_bytes, block.text, count_(block.text), level > 0, true,
                  path_of(headings)};
      if (level > 0) headings[level] = block.text;
      if (piece.tokens <= settings_.max_tokens)
        pieces.push_back(std::move(piece));
      else
        tear(piece, pieces);
    }
    return pieces;
  }

  static std::string path_of(const std::array<std::string, 7>& headings) {
    std::string path;
    for (const std::string& heading : headings) {
      if (!heading.empty()) path += (path.empty() ? "" : " > ") + heading;
    }
    return path;
  }

  // A block that is too long: sentences, and words where a sentence is too long as well. Spans follow by
  // finding each part's first and last word in the block's source, where markup may stand between them.
  void tear(const Piece& block, std::vector<Piece>& pieces) {
    std::size_t cursor = block.begin_bytes;
    const auto add = [&](std::string_view text) {
      Piece part = block;
      part.text = text;
      part.tokens = count_(text);
      part.starts_block = cursor == block.begin_bytes;
      while (cursor < block.end_bytes && is_space(document_.source[cursor])) ++cursor;
      part.begin_bytes = cursor;
      part.end_bytes = cursor = end_of(text, cursor, block.end_bytes);
      pieces.push_back(std::move(part));
    };
    for (const std::string_view sentence : sentences_of(block.text)) {
      if (count_(sentence) <= settings_.max_tokens)
        add(sentence);
      else
        for (const std::string_view group : word_groups_of(sentence, settings_.max_tokens, count_))
          add(group);
    }
    // Markup behind the last word belongs to the last part.
    pieces.back().end_bytes = block.end_bytes;
  }

  // Follows the letters and digits of `text` through the source from `from` on, passing over markup, and ends
  // behind the word of the last one. A character that the source writes otherwise (an entity) is passed over
  // as well.
  std::size_t end_of(std::string_view text, std::size_t from, std::size_t limit) const {
    constexpr std::size_t kLongestMarkupBytes = 1024;  // a link's address
    const std::string_view source = std::string_view(document_.source).substr(0, limit);
    std::size_t at = from;
    for (const char letter : text) {
      if (!is_word_byte(letter)) continue;
      const std::size_t found = source.find(letter, at);
      if (found != std::string_view::npos && found - at <= kLongestMarkupBytes) at = found + 1;
    }
    while (at < limit && !is_space(source[at])) ++at;
    return at;
  }

  // The earliest piece of the tail of [first, end) that still fits into the overlap; `end` for none.
  std::size_t overlap_start(const std::vector<Piece>& pieces, std::size_t first, std::size_t end) const {
    std::int64_t tokens = pieces[end].tokens, repeated = 0;
    std::size_t start = end;
    while (start > first + 1) {
      repeated += pieces[start - 1].tokens;
      if (repeated > settings_.overlap_tokens || tokens + repeated > settings_.max_tokens) break;
      --start;
    }
    return start;
  }

  void emit(const std::vector<Piece>& pieces, std::size_t first, std::size_t end) {
    Chunk chunk;
    chunk.document = document_.id;
    chunk.ordinal = static_cast<std::int64_t>(chunks_.size());
    chunk.begin_bytes = pieces[first].begin_bytes;
    chunk.end_bytes = pieces[end - 1].end_bytes;
    chunk.heading_path = pieces[first].heading_path;
    for (std::size_t i = first; i < end; ++i) {
      if (i > first) chunk.text += pieces[i].starts_block ? '\n' : ' ';
      chunk.text += pieces[i].text;
    }
    chunks_.push_back(std::move(chunk));
  }
};

}  // namespace

std::int64_t count_words(std::string_view text) {
  std::int64_t words = 0;
  bool inside = false;
  for (const char letter : text) {
    if (!is_space(letter) && !inside) ++words;
    inside = !is_space(letter);
  }
  return words;
}

std::string Chunk::id() const {
  return fmt::format("{}#{}", document, ordinal);
}

std::vector<Chunk> split_document(const Document& document, const ChunkSettings& settings,
                                  const TokenCounter& count_tokens) {
  if (settings.max_tokens < 1 || settings.overlap_tokens < 0 ||
      settings.overlap_tokens >= settings.max_tokens) {
    throw_error(ErrorCode::invalid_argument,
                "cutting documents: chunks of {} tokens with an overlap of {}; a chunk needs at least 1 "
                "token and the "
                "overlap must be smaller than the chunk",
                settings.max_tokens, settings.overlap_tokens);
  }
  return Splitter(document, settings, count_tokens).split();
}

}  // namespace fulcrum
