#include "text/jinja_text.h"

#include <utf8proc.h>

#include <algorithm>
#include <set>

namespace fulcrum {

void JinjaText::append(std::string_view bytes, JinjaOrigin origin) {
  if (bytes.empty()) return;
  bytes_ += bytes;
  if (!runs_.empty() && runs_.back().origin == origin) {
    runs_.back().end = bytes_.size();
  } else {
    runs_.push_back({bytes_.size(), origin});
  }
}

void JinjaText::append(const JinjaText& other) {
  if (&other == this) {
    append(JinjaText(other));
    return;
  }
  std::size_t begin = 0;
  for (const Run& run : other.runs_) {
    append(std::string_view(other.bytes_).substr(begin, run.end - begin), run.origin);
    begin = run.end;
  }
}

JinjaText JinjaText::slice(std::size_t begin, std::size_t size) const {
  JinjaText result;
  begin = std::min(begin, bytes_.size());
  const std::size_t end = size > bytes_.size() - begin ? bytes_.size() : begin + size;
  auto run = std::upper_bound(runs_.begin(), runs_.end(), begin,
                              [](std::size_t position, const Run& r) { return position < r.end; });
  while (begin < end) {
    const std::size_t stop = std::min(end, run->end);
    result.append(std::string_view(bytes_).substr(begin, stop - begin), run->origin);
    begin = stop;
    ++run;
  }
  return result;
}

JinjaOrigin JinjaText::origin_at(std::size_t position) const {
  const auto run = std::upper_bound(runs_.begin(), runs_.end(), position,
                                    [](std::size_t at, const Run& r) { return at < r.end; });
  return run == runs_.end() ? JinjaOrigin::source : run->origin;
}

std::vector<std::size_t> JinjaText::code_point_offsets() const {
  std::vector<std::size_t> offsets;
  for (std::size_t at = 0; at < bytes_.size();) {
    offsets.push_back(at);
    decode_utf8(bytes_, at);
  }
  offsets.push_back(bytes_.size());
  return offsets;
}

bool is_python_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

JinjaText upper_text(const JinjaText& text) {
  return text.map([](char32_t c, std::string_view bytes, std::string& out) {
    if (c == 0xDF) {
      out += "SS";  // the one common letter whose capital is two
    } else if (c == 0xFFFD) {
      out += bytes;
    } else {
      append_utf8(out, static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(c))));
    }
  });
}

JinjaText lower_text(const JinjaText& text) {
  return text.map([](char32_t c, std::string_view bytes, std::string& out) {
    if (c == 0xFFFD) {
      out += bytes;
    } else {
      append_utf8(out, static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))));
    }
  });
}

JinjaText strip_text(const JinjaText& text, StripEnds ends, std::string_view characters) {
  std::set<char32_t> chosen;
  for (std::size_t at = 0; at < characters.size();) chosen.insert(decode_utf8(characters, at));
  const auto goes = [&](char32_t c) { return characters.empty() ? is_python_space(c) : chosen.contains(c); };
  const std::string& bytes = text.bytes();
  std::size_t begin = 0, end = 0;
  bool leading = ends != StripEnds::right;
  for (std::size_t at = 0; at < bytes.size();) {
    const bool out = goes(decode_utf8(bytes, at));
    if (leading && out) begin = at;
    leading = leading && out;
    if (!out) end = at;
  }
  if (ends == StripEnds::left) end = bytes.size();
  return text.slice(begin, std::max(begin, end) - begin);
}

std::vector<JinjaText> split_lines(const JinjaText& text) {
  std::vector<JinjaText> lines;
  const std::string& bytes = text.bytes();
  std::size_t begin = 0;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t end = at;
    const char32_t c = decode_utf8(bytes, at);
    const bool ends_line =
        (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 || c == 0x2029;
    if (!ends_line) continue;
    lines.push_back(text.slice(begin, end - begin));
    if (c == '\r' && at < bytes.size() && bytes[at] == '\n') ++at;
    begin = at;
  }
  if (begin < bytes.size()) lines.push_back(text.slice(begin));
  return lines;
}

}  // namespace fulcrum
