#include "report/text_table.h"

#include <algorithm>
#include <sstream>

namespace fulcrum {
namespace {

std::string padded(const std::string& cell, std::size_t width, Align align) {
  const std::string space(width - std::min(width, display_width(cell)), ' ');
  return align == Align::left ? cell + space : space + cell;
}

void append_line(std::string& text, std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  text += line + "\n";
}

}  // namespace

std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

void TextTable::add_column(std::string header, Align align) {
  Column column{{}, align};
  std::istringstream lines(header);
  for (std::string line; std::getline(lines, line);) column.header.push_back(line);
  columns_.push_back(std::move(column));
}

void TextTable::add_row(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  rows_.push_back(std::move(cells));
}

std::string TextTable::to_string(std::string_view indent) const {
  std::vector<std::size_t> widths;
  std::size_t header_lines = 0;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    std::size_t width = 0;
    for (const std::string& line : columns_[c].header) width = std::max(width, display_width(line));
    for (const auto& row : rows_) width = std::max(width, display_width(row[c]));
    widths.push_back(width);
    header_lines = std::max(header_lines, columns_[c].header.size());
  }
  std::string text;
  std::size_t total = 0;
  for (const std::size_t width : widths) total += width + 2;
  for (std::size_t i = 0; i < header_lines; ++i) {
    std::string line(indent);
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      // A short header stands on the lowest lines, next to its cells.
      const auto& header = columns_[c].header;
      const std::size_t missing = header_lines - header.size();
      line += padded(i < missing ? "" : header[i - missing], widths[c], columns_[c].align) + "  ";
    }
    append_line(text, line);
  }
  std::string rule(indent);
  for (std::size_t i = 0; i + 2 < total; ++i) rule += "─";
  text += rule + "\n";
  for (const auto& row : rows_) {
    std::string line(indent);
    for (std::size_t c = 0; c < columns_.size(); ++c)
      line += padded(row[c], widths[c], columns_[c].align) + "  ";
    append_line(text, line);
  }
  return text;
}

std::string wrap_text(std::string_view text, std::size_t columns, std::string_view first,
                      std::string_view other) {
  std::istringstream words{std::string(text)};
  std::string result, line(first);
  bool empty = true;
  for (std::string word; words >> word;) {
    if (!empty && display_width(line) + 1 + display_width(word) > columns) {
      result += line + "\n";
      line = std::string(other);
      empty = true;
    }
    line += (empty ? "" : " ") + word;
    empty = false;
  }
  return result + line + "\n";
}

}  // namespace fulcrum
