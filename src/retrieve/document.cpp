#include "retrieve/document.h"

#include <cmark.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/error.h"
#include "base/hash.h"
#include "base/unicode.h"

namespace fulcrum {
namespace {

constexpr std::uint64_t kMaxDocumentBytes = std::uint64_t{64} << 20;
constexpr std::array<std::string_view, 3> kExtensions = {".md", ".markdown", ".txt"};

using Tree = std::unique_ptr<cmark_node, decltype(&cmark_node_free)>;

// Where each line starts, and the end of the text behind the last.
std::vector<std::size_t> line_starts(std::string_view text) {
  std::vector<std::size_t> starts = {0};
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool lone_return = text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n');
    if (text[i] == '\n' || lone_return) starts.push_back(i + 1);
  }
  starts.push_back(text.size());
  return starts;
}

// White space runs, line ends too, become one space.
std::string flow(std::string_view text) {
  std::string result;
  for (const char letter : text) {
    const bool space = letter == ' ' || letter == '\t' || letter == '\n' || letter == '\r';
    if (!space)
      result += letter;
    else if (!result.empty() && result.back() != ' ')
      result += ' ';
  }
  return std::string(trim(result));
}

// What a reader sees of a leaf block: its inline text without markup. HTML says nothing to a reader.
std::string reader_text(cmark_node* block) {
  if (cmark_node_get_type(block) == CMARK_NODE_CODE_BLOCK) {
    return std::string(trim(cmark_node_get_literal(block)));
  }
  std::string text;
  const std::unique_ptr<cmark_iter, decltype(&cmark_iter_free)> walk(cmark_iter_new(block), &cmark_iter_free);
  for (cmark_event_type event = cmark_iter_next(walk.get()); event != CMARK_EVENT_DONE;
       event = cmark_iter_next(walk.get())) {
    if (event != CMARK_EVENT_ENTER) continue;
    cmark_node* node = cmark_iter_get_node(walk.get());
    switch (cmark_node_get_type(node)) {
      case CMARK_NODE_TEXT:
      case CMARK_NODE_CODE:
        text += cmark_node_get_literal(node);
        break;
      case CMARK_NODE_SOFTBREAK:
      case CMARK_NODE_LINEBREAK:
        text += ' ';
        break;
      default:
        break;
    }
  }
  return flow(text);
}

// The list item that a block opens, or null.
cmark_node* opened_item(cmark_node* block) {
  cmark_node* parent = cmark_node_parent(block);
  const bool opens = parent != nullptr && cmark_node_get_type(parent) == CMARK_NODE_ITEM &&
                     cmark_node_first_child(parent) == block;
  return opens ? parent : nullptr;
}

// "- " or "3. ".
std::string marker_of(cmark_node* item) {
  cmark_node* list = cmark_node_parent(item);
  if (cmark_node_get_list_type(list) == CMARK_BULLET_LIST) return "- ";
  int number = cmark_node_get_list_start(list);
  for (cmark_node* before = cmark_node_previous(item); before != nullptr;
       before = cmark_node_previous(before))
    ++number;
  return fmt::format("{}. ", number);
}

bool is_leaf_block(cmark_node_type type) {
  return type == CMARK_NODE_PARAGRAPH || type == CMARK_NODE_HEADING || type == CMARK_NODE_CODE_BLOCK;
}

std::vector<DocumentBlock> markdown_blocks(std::string_view text, std::size_t offset) {
  const Tree tree(cmark_parse_document(text.data(), text.size(), CMARK_OPT_DEFAULT), &cmark_node_free);
  const std::vector<std::size_t> starts = line_starts(text);
  // Lines and columns count from 1; columns are bytes.
  const auto byte_of = [&](int line, int column) {
    const std::size_t row =
        std::min<std::size_t>(static_cast<std::size_t>(std::max(line, 1)) - 1, starts.size() - 1);
    return std::min(starts[row] + static_cast<std::size_t>(std::max(column, 1)) - 1, text.size());
  };
  std::vector<DocumentBlock> blocks;
  const std::unique_ptr<cmark_iter, decltype(&cmark_iter_free)> walk(cmark_iter_new(tree.get()),
                                                                     &cmark_iter_free);
  for (cmark_event_type event = cmark_iter_next(walk.get()); event != CMARK_EVENT_DONE;
       event = cmark_iter_next(walk.get())) {
    cmark_node* node = cmark_iter_get_node(walk.get());
    const cmark_node_type type = cmark_node_get_type(node);
    if (event != CMARK_EVENT_ENTER || !is_leaf_block(type)) continue;
    std::string words = reader_text(node);
    if (words.empty()) continue;
    DocumentBlock block;
    cmark_node* item = opened_item(node);
    cmark_node* start = item == nullptr ? node : item;
    block.begin_bytes =
        offset + byte_of(cmark_node_get_start_line(start), cmark_node_get_start_column(start));
    block.end_bytes = offset + byte_of(cmark_node_get_end_line(node), cmark_node_get_end_column(node) + 1);
    block.text = item == nullptr ? words : marker_of(item) + words;
    if (type == CMARK_NODE_HEADING) block.heading_level = cmark_node_get_heading_level(node);
    blocks.push_back(std::move(block));
  }
  return blocks;
}

// Paragraphs of plain text: what stands between empty lines.
std::vector<DocumentBlock> plain_blocks(std::string_view text) {
  std::vector<DocumentBlock> blocks;
  const std::vector<std::size_t> starts = line_starts(text);
  bool open = false;
  for (std::size_t row = 0; row + 1 < starts.size(); ++row) {
    const std::string_view line = trim(text.substr(starts[row], starts[row + 1] - starts[row]));
    if (line.empty()) {
      open = false;
      continue;
    }
    const std::size_t begin = static_cast<std::size_t>(line.data() - text.data());
    if (!open) blocks.push_back({begin, 0, "", 0});
    open = true;
    blocks.back().end_bytes = begin + line.size();
  }
  for (DocumentBlock& block : blocks) {
    block.text = flow(text.substr(block.begin_bytes, block.end_bytes - block.begin_bytes));
  }
  return blocks;
}

// The "---" lines at the top of many Markdown files hold data about the text, not text. Returns where the
// text begins.
std::size_t skip_front_matter(std::string_view text, std::string& title) {
  const std::vector<std::size_t> starts = line_starts(text);
  const auto line = [&](std::size_t row) {
    return trim(text.substr(starts[row], starts[row + 1] - starts[row]));
  };
  if (line(0) != "---") return 0;
  std::string found;
  for (std::size_t row = 1; row + 1 < starts.size(); ++row) {
    if (line(row) == "---") {
      title = found;
      return starts[row + 1];
    }
    if (line(row).starts_with("title:")) {
      std::string_view value = trim(line(row).substr(std::string_view("title:").size()));
      const bool quoted =
          value.size() >= 2 && value.front() == value.back() && (value[0] == '"' || value[0] == '\'');
      if (quoted) value = value.substr(1, value.size() - 2);
      found = value;
    }
  }
  return 0;
}

std::int64_t modified_nanoseconds(const Path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return 0;  // gone since it was listed; reading it will say so
  return std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
}

}  // namespace

std::vector<DocumentFile> list_documents(const Path& folder) {
  std::vector<DocumentFile> documents;
  for (const Path& path : list_files(folder, kExtensions)) {
    std::error_code gone;
    const std::uintmax_t size = std::filesystem::file_size(path, gone);
    if (gone) continue;
    documents.push_back({path.lexically_relative(folder).generic_string(), size, modified_nanoseconds(path)});
  }
  std::sort(documents.begin(), documents.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  return documents;
}

Document read_document(const Path& folder, std::string_view id) {
  const Path path = folder / Path(id);
  std::string source = read_file(path, kMaxDocumentBytes);
  return with_context(fmt::format("reading the document {}", path.string()),
                      [&] { return parse_document(std::string(id), std::move(source)); });
}

Document parse_document(std::string id, std::string source) {
  if (const auto bad = find_invalid_utf8(source)) {
    throw_error(ErrorCode::corrupt,
                "byte {} is not UTF-8 text. Save the file as UTF-8 or take it out of the folder.", *bad);
  }
  Document document;
  document.id = std::move(id);
  document.source = std::move(source);
  document.sha256 = sha256(document.source);
  const Path name(document.id);
  if (name.extension() == ".txt") {
    document.blocks = plain_blocks(document.source);
  } else {
    const std::size_t start = skip_front_matter(document.source, document.title);
    document.blocks = markdown_blocks(std::string_view(document.source).substr(start), start);
  }
  if (document.title.empty()) {
    const auto heading = std::find_if(document.blocks.begin(), document.blocks.end(),
                                      [](const DocumentBlock& block) { return block.heading_level > 0; });
    document.title = heading == document.blocks.end() ? name.stem().string() : heading->text;
  }
  return document;
}

}  // namespace fulcrum
