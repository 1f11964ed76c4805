#include "text/jinja_lexer.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/error.h"
#include "base/unicode.h"

namespace fulcrum {
namespace {

using Kind = JinjaToken::Kind;

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
// Letters outside of ASCII are taken as parts of names.
bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80) != 0;
}
bool is_name_part(char c) {
  return is_name_start(c) || is_digit(c);
}

std::string normalize_lines(std::string_view source) {
  std::string text;
  text.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r') {
      text += '\n';
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    } else {
      text += source[i];
    }
  }
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

std::string_view trim_right(std::string_view text) {
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : text_(normalize_lines(source)) {}

  std::vector<JinjaToken> run() {
    while (at_ < text_.size()) lex_outside();
    add(Kind::end, "");
    return std::move(tokens_);
  }

 private:
  bool here(std::string_view what) const { return std::string_view(text_).substr(at_, what.size()) == what; }

  void advance(std::size_t count) {
    line_ += static_cast<int>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(at_),
                                         text_.begin() + static_cast<std::ptrdiff_t>(at_ + count), '\n'));
    at_ += count;
  }

  void add(Kind kind, std::string value) { tokens_.push_back({kind, std::move(value), line_}); }

  [[noreturn]] void fail(std::string_view message) const {
    throw_error(ErrorCode::corrupt, "line {}: {}", line_, message);
  }

  // What remains of the text before a tag: '-' takes all white space, and a tag that is no output takes the
  // indentation of its own line unless '+' says no.
  std::string_view strip_before(std::string_view before, char sign, bool is_output) const {
    if (sign == '-') return trim_right(before);
    if (sign == '+' || is_output) return before;
    const std::size_t line_begin = before.rfind('\n');
    const bool whole_line = line_begin != std::string_view::npos || line_starts_;
    const std::size_t begin = line_begin == std::string_view::npos ? 0 : line_begin + 1;
    if (whole_line &&
        std::all_of(before.begin() + static_cast<std::ptrdiff_t>(begin), before.end(), is_space)) {
      return before.substr(0, begin);
    }
    return before;
  }

  char sign_at(std::size_t position) const {
    const char c = position < text_.size() ? text_[position] : '\0';
    return c == '-' || c == '+' ? c : '\0';
  }

  // White space and line ends that the end of a tag takes with it, at_ standing behind the tag.
  void strip_after(char sign) {
    const std::size_t begin = at_;
    std::size_t end = at_;
    if (sign == '-') {
      while (end < text_.size() && is_space(text_[end])) ++end;
    } else if (sign != '+' && end < text_.size() && text_[end] == '\n') {
      ++end;
    }
    advance(end - begin);
    line_starts_ = at_ > 0 && text_[at_ - 1] == '\n';
  }

  void lex_outside() {
    std::size_t tag = at_;
    while (tag < text_.size() &&
           !(text_[tag] == '{' && tag + 1 < text_.size() &&
             (text_[tag + 1] == '{' || text_[tag + 1] == '%' || text_[tag + 1] == '#'))) {
      ++tag;
    }
    const std::string_view before = std::string_view(text_).substr(at_, tag - at_);
    if (tag >= text_.size()) {
      if (!before.empty()) add(Kind::text, std::string(before));
      advance(before.size());
      return;
    }
    const char mark = text_[tag + 1];
    const char sign = sign_at(tag + 2);
    // "{{+" is an output that begins with a plus.
    const bool plus_is_sign = sign != '+' || mark != '{';
    const std::string_view kept = strip_before(before, sign, mark == '{');
    if (!kept.empty()) add(Kind::text, std::string(kept));
    advance(before.size());
    const std::size_t tag_size = 2 + (sign != '\0' && plus_is_sign ? 1 : 0);
    if (mark == '#') return lex_comment(tag_size);
    if (mark == '%' && lex_raw(tag_size)) return;
    add(mark == '{' ? Kind::output_begin : Kind::block_begin, "");
    advance(tag_size);
    lex_inside(mark == '{');
  }

  void lex_comment(std::size_t tag_size) {
    const std::size_t end = text_.find("#}", at_ + tag_size);
    if (end == std::string::npos) fail("the comment is not closed");
    const char sign = end > at_ + tag_size ? sign_at(end - 1) : '\0';
    advance(end + 2 - at_);
    strip_after(sign);
  }

  std::size_t skip_spaces(std::size_t position) const {
    while (position < text_.size() && is_space(text_[position])) ++position;
    return position;
  }

  // The end of "{% word %}" whose "{%-" ends at `position`, with its closing sign.
  struct Tag {
    std::size_t end;
    char sign;
  };
  std::optional<Tag> match_word_tag(std::size_t position, std::string_view word) const {
    position = skip_spaces(position);
    if (std::string_view(text_).substr(position, word.size()) != word) return std::nullopt;
    position = skip_spaces(position + word.size());
    const char sign = sign_at(position);
    if (sign != '\0') ++position;
    if (std::string_view(text_).substr(position, 2) != "%}") return std::nullopt;
    return Tag{position + 2, sign};
  }

  bool lex_raw(std::size_t tag_size) {
    const auto opening = match_word_tag(at_ + tag_size, "raw");
    if (!opening) return false;
    advance(opening->end - at_);
    if (opening->sign == '-') strip_after('-');
    for (std::size_t from = at_;;) {
      const std::size_t tag = text_.find("{%", from);
      if (tag == std::string::npos) fail("the raw block is not closed");
      const char sign = sign_at(tag + 2);
      const auto closing = match_word_tag(tag + (sign == '\0' ? 2 : 3), "endraw");
      if (!closing) {
        from = tag + 2;
        continue;
      }
      const std::string_view body = strip_before(std::string_view(text_).substr(at_, tag - at_), sign, false);
      if (!body.empty()) add(Kind::text, std::string(body));
      advance(closing->end - at_);
      strip_after(closing->sign);
      return true;
    }
  }

  void lex_inside(bool is_output) {
    const std::string_view close = is_output ? "}}" : "%}";
    std::string brackets;
    while (true) {
      advance(skip_spaces(at_) - at_);
      if (at_ >= text_.size())
        fail(is_output ? "the output \"{{\" is not closed" : "the tag \"{%\" is not closed");
      const char c = text_[at_];
      const char sign = sign_at(at_);
      const std::size_t sign_size = sign != '\0' && !(is_output && sign == '+') ? 1 : 0;
      if (brackets.empty() && std::string_view(text_).substr(at_ + sign_size, 2) == close) {
        add(is_output ? Kind::output_end : Kind::block_end, "");
        advance(sign_size + 2);
        // An output leaves the line end behind it alone.
        strip_after(is_output && sign != '-' ? '+' : sign);
        return;
      }
      if (is_name_start(c)) {
        lex_name();
      } else if (is_digit(c)) {
        lex_number();
      } else if (c == '"' || c == '\'') {
        lex_string();
      } else {
        lex_symbol(brackets);
      }
    }
  }

  void lex_name() {
    std::size_t end = at_;
    while (end < text_.size() && is_name_part(text_[end])) ++end;
    add(Kind::name, text_.substr(at_, end - at_));
    advance(end - at_);
  }

  void lex_number() {
    std::size_t end = at_;
    const auto digits = [&] {
      while (end < text_.size() && (is_digit(text_[end]) || (text_[end] == '_' && end + 1 < text_.size() &&
                                                             is_digit(text_[end + 1])))) {
        ++end;
      }
    };
    Kind kind = Kind::integer;
    digits();
    if (end + 1 < text_.size() && text_[end] == '.' && is_digit(text_[end + 1])) {
      kind = Kind::floating;
      ++end;
      digits();
    }
    if (end < text_.size() && (text_[end] == 'e' || text_[end] == 'E')) {
      std::size_t exponent = end + 1;
      if (exponent < text_.size() && (text_[exponent] == '+' || text_[exponent] == '-')) ++exponent;
      if (exponent < text_.size() && is_digit(text_[exponent])) {
        kind = Kind::floating;
        end = exponent;
        digits();
      }
    }
    std::string value = text_.substr(at_, end - at_);
    std::erase(value, '_');
    add(kind, std::move(value));
    advance(end - at_);
  }

  void lex_string() {
    const char quote = text_[at_];
    std::string value;
    std::size_t i = at_ + 1;
    while (true) {
      if (i >= text_.size()) fail("the string is not closed");
      if (text_[i] == quote) break;
      if (text_[i] == '\\') {
        i = lex_escape(i + 1, value);
      } else {
        value += text_[i++];
      }
    }
    add(Kind::string, std::move(value));
    advance(i + 1 - at_);
  }

  // Appends what the escape whose letter stands at `i` means; returns the position behind it.
  std::size_t lex_escape(std::size_t i, std::string& value) const {
    if (i >= text_.size()) fail("the string is not closed");
    static constexpr std::array<std::pair<char, char>, 10> kSimple = {{{'n', '\n'},
                                                                       {'t', '\t'},
                                                                       {'r', '\r'},
                                                                       {'\\', '\\'},
                                                                       {'\'', '\''},
                                                                       {'"', '"'},
                                                                       {'a', '\a'},
                                                                       {'b', '\b'},
                                                                       {'f', '\f'},
                                                                       {'v', '\v'}}};
    const char c = text_[i];
    for (const auto& [letter, meaning] : kSimple) {
      if (c == letter) {
        value += meaning;
        return i + 1;
      }
    }
    if (c == '\n') return i + 1;
    const std::size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (digits > 0) {
      char32_t code_point = 0;
      for (std::size_t k = 1; k <= digits; ++k) {
        const char d = i + k < text_.size() ? text_[i + k] : '\0';
        const int digit = is_digit(d)            ? d - '0'
                          : d >= 'a' && d <= 'f' ? d - 'a' + 10
                          : d >= 'A' && d <= 'F' ? d - 'A' + 10
                                                 : -1;
        if (digit < 0) fail("an escape in a string has too few hexadecimal digits");
        code_point = code_point * 16 + static_cast<char32_t>(digit);
      }
      if (code_point > 0x10FFFF || (code_point >= 0xD800 && code_point <= 0xDFFF))
        fail("an escape in a string is no character");
      append_utf8(value, code_point);
      return i + 1 + digits;
    }
    if (c >= '0' && c <= '7') {
      char32_t code_point = 0;
      std::size_t k = 0;
      while (k < 3 && i + k < text_.size() && text_[i + k] >= '0' && text_[i + k] <= '7') {
        code_point = code_point * 8 + static_cast<char32_t>(text_[i + k++] - '0');
      }
      append_utf8(value, code_point);
      return i + k;
    }
    value += '\\';
    value += c;
    return i + 1;
  }

  void lex_symbol(std::string& brackets) {
    static constexpr std::array<std::string_view, 28> kSymbols = {
        "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]",
        "(",  ")",  "{",  "}",  ">",  "<",  "=", ".", ":", "|", ",", ";", "!", "@"};
    for (std::string_view symbol : kSymbols) {
      if (!here(symbol)) continue;
      const char c = symbol[0];
      if (c == '(' || c == '[' || c == '{') brackets += c;
      if (c == ')' || c == ']' || c == '}') {
        const char opening = c == ')' ? '(' : c == ']' ? '[' : '{';
        if (brackets.empty() || brackets.back() != opening) {
          throw_error(ErrorCode::corrupt, "line {}: \"{}\" closes nothing", line_, symbol);
        }
        brackets.pop_back();
      }
      add(Kind::symbol, std::string(symbol));
      advance(symbol.size());
      return;
    }
    throw_error(ErrorCode::corrupt, "line {}: unexpected character \"{}\"", line_,
                std::string_view(text_).substr(at_, 1));
  }

  std::string text_;
  std::size_t at_ = 0;
  int line_ = 1;
  bool line_starts_ = true;  // the text at at_ begins a line
  std::vector<JinjaToken> tokens_;
};

}  // namespace

std::vector<JinjaToken> lex_jinja(std::string_view source) {
  return Lexer(source).run();
}

}  // namespace fulcrum
