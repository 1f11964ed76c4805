// A string of the Jinja engine that knows of every byte whether the template wrote it or an input brought it,
// so that nobody's words can turn into a control token. UTF-8; positions are bytes unless a name says code
// points.
//
// Comparison looks at the bytes only. Ill-formed bytes are kept as they are, one code point each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/unicode.h"

namespace fulcrum {

enum class JinjaOrigin : std::uint8_t { source, input };

class JinjaText {
 public:
  struct Run {
    std::size_t end = 0;  // byte behind the run
    JinjaOrigin origin = JinjaOrigin::source;
  };

  JinjaText() = default;
  JinjaText(std::string_view bytes, JinjaOrigin origin) { append(bytes, origin); }

  const std::string& bytes() const { return bytes_; }
  const std::vector<Run>& runs() const { return runs_; }
  std::size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }

  void append(std::string_view bytes, JinjaOrigin origin);
  void append(const JinjaText& other);
  JinjaText slice(std::size_t begin, std::size_t size = std::string::npos) const;
  // Of the byte at `position`; source at the end.
  JinjaOrigin origin_at(std::size_t position) const;

  // Where each code point begins, and the end of the text behind the last.
  std::vector<std::size_t> code_point_offsets() const;
  // Each code point replaced by what write(code point, bytes, out string) appends, its origin kept.
  template <typename Write>
  JinjaText map(Write&& write) const {
    JinjaText result;
    std::string piece;
    for (std::size_t at = 0, run = 0; at < bytes_.size();) {
      const std::size_t begin = at;
      const char32_t code_point = decode_utf8(bytes_, at);
      while (runs_[run].end <= begin) ++run;
      piece.clear();
      write(code_point, std::string_view(bytes_).substr(begin, at - begin), piece);
      result.append(piece, runs_[run].origin);
    }
    return result;
  }

  bool operator==(const JinjaText& other) const { return bytes_ == other.bytes_; }

 private:
  std::string bytes_;
  std::vector<Run> runs_;
};

// White space as Python's str.strip() and str.split() see it.
bool is_python_space(char32_t code_point);
JinjaText upper_text(const JinjaText& text);
JinjaText lower_text(const JinjaText& text);
// Without the code points of `characters` (white space if empty) at the chosen ends.
enum class StripEnds { left, right, both };
JinjaText strip_text(const JinjaText& text, StripEnds ends, std::string_view characters = "");
// As Python's splitlines(): no line ends in the result, no empty line at the end.
std::vector<JinjaText> split_lines(const JinjaText& text);

}  // namespace fulcrum
