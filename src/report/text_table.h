// A table in plain text: columns as wide as their widest cell, counted in what a terminal shows, not in
// bytes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fulcrum {

enum class Align { left, right };

class TextTable {
 public:
  // One entry a column. A header may hold several lines.
  void add_column(std::string header, Align align);
  // Fewer cells than columns leave the rest empty.
  void add_row(std::vector<std::string> cells);
  // Every line begins with `indent`; no line ends in white space.
  std::string to_string(std::string_view indent) const;

 private:
  struct Column {
    std::vector<std::string> header;
    Align align;
  };
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// Terminal cells that a text takes: code points, without regard to wide scripts.
std::size_t display_width(std::string_view text);

// Words of `text` in lines of at most `columns` cells; the first line begins with `first`, the others with
// `other`.
std::string wrap_text(std::string_view text, std::size_t columns, std::string_view first,
                      std::string_view other);

}  // namespace fulcrum
