#define PCRE2_CODE_UNIT_WIDTH 8
#include "text/regular_expression.h"

#include <pcre2.h>

#include <utility>

#include "base/error.h"
#include "base/unicode.h"

namespace fulcrum {
namespace {

struct MatchDataDeleter {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};

// ECMAScript also has long names for the general categories; PCRE2 has the short ones.
std::string with_short_categories(std::string expression) {
  static constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"{Letter}", "{L}"}, {"{Lowercase_Letter}", "{Ll}"}, {"{Uppercase_Letter}", "{Lu}"},
      {"{Number}", "{N}"}, {"{Decimal_Number}", "{Nd}"},   {"{Punctuation}", "{P}"},
      {"{Symbol}", "{S}"}, {"{Separator}", "{Z}"},         {"{Mark}", "{M}"}};
  for (std::size_t at = 0; at + 2 < expression.size(); ++at) {
    if (expression[at] != '\\') continue;
    ++at;
    if (expression[at] != 'p' && expression[at] != 'P') continue;
    for (const auto& [name, category] : kNames) {
      if (std::string_view(expression).substr(at + 1, name.size()) == name)
        expression.replace(at + 1, name.size(), category);
    }
  }
  return expression;
}

// What \w is to those who write pre-tokenizers; PCRE2's lacks marks and other alphabetic characters.
constexpr std::string_view kWordCharacters = R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc})";

// A \s, \S, \w or \W by Unicode's properties, anything else as it is. A \W inside of a class stays PCRE2's.
std::string escape_by_properties(char escaped, bool in_class) {
  if (escaped == 's') return R"(\p{White_Space})";
  if (escaped == 'S') return R"(\P{White_Space})";
  const std::string words(kWordCharacters);
  if (escaped == 'w') return in_class ? words : "[" + words + "]";
  if (escaped == 'W' && !in_class) return "[^" + words + "]";
  return {'\\', escaped};
}

// \s and \w by Unicode's properties: PCRE2's own classes also hold U+180E, which is white space no more, and
// lack most of what makes up words. Classes of Oniguruma's that PCRE2 would read as something else are
// refused.
std::string with_unicode_classes(std::string_view expression) {
  std::string result;
  bool in_class = false;
  for (std::size_t at = 0; at < expression.size(); ++at) {
    const std::string_view rest = expression.substr(at);
    if (rest[0] == '\\' && rest.size() > 1) {
      result += escape_by_properties(rest[1], in_class);
      ++at;
    } else if (in_class && rest.starts_with("[:") && rest.find(":]") != std::string_view::npos) {
      const std::size_t size = rest.find(":]") + 2;
      result += rest.substr(0, size);
      at += size - 1;
    } else if (in_class && (rest.starts_with("&&") || rest[0] == '[')) {
      throw_error(
          ErrorCode::invalid_argument,
          "compiling the regular expression \"{}\": a class within a class, at offset {}, is not supported",
          expression, at);
    } else if (!in_class && rest[0] == '[') {
      in_class = true;
      // A bracket that closes at once stands for itself.
      const std::size_t size = rest.starts_with("[^]")                            ? 3
                               : rest.starts_with("[]") || rest.starts_with("[^") ? 2
                                                                                  : 1;
      result += rest.substr(0, size);
      at += size - 1;
    } else {
      if (rest[0] == ']') in_class = false;
      result += rest[0];
    }
  }
  return result;
}

// "\s+$" tries every white space of a run that does not end a line, each time to the run's end. It can only
// match from where a run begins, so that may be asked first.
std::string without_rescans(std::string expression) {
  if (expression == "\\s+$") return "(?<!\\s)\\s+$";
  return expression;
}

std::uint32_t options_of(RegularExpression::Dialect dialect) {
  switch (dialect) {
    case RegularExpression::Dialect::unicode:
      return PCRE2_UCP;
    case RegularExpression::Dialect::ruby:
      return PCRE2_UCP | PCRE2_MULTILINE;
    case RegularExpression::Dialect::ecma:
      break;
  }
  return PCRE2_DOLLAR_ENDONLY | PCRE2_ALT_BSUX | PCRE2_MATCH_UNSET_BACKREF;
}

pcre2_code* compile(const std::string& expression, std::uint32_t options) {
  int error = 0;
  PCRE2_SIZE offset = 0;
  pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(expression.data()), expression.size(),
                                   options, &error, &offset, nullptr);
  if (code == nullptr) {
    PCRE2_UCHAR message[256];
    pcre2_get_error_message(error, message, sizeof message);
    throw_error(ErrorCode::invalid_argument, "compiling the regular expression \"{}\": {} at offset {}",
                expression, reinterpret_cast<const char*>(message), offset);
  }
  pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);  // without a compiler for this machine the interpreter is used
  return code;
}

struct CodeDeleter {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
using CodePointer = std::unique_ptr<pcre2_code, CodeDeleter>;
using MatchData = std::unique_ptr<pcre2_match_data, MatchDataDeleter>;

// The match's range, or none. The compiled code has little stack of its own; the interpreter takes over where
// that is spent.
std::optional<RegularExpression::Match> match(const pcre2_code* code, std::string_view text, std::size_t from,
                                              std::uint32_t options, pcre2_match_data* data) {
  const auto run = [&](std::uint32_t more) {
    return pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), from, options | more,
                       data, nullptr);
  };
  int found = run(0);
  if (found == PCRE2_ERROR_JIT_STACKLIMIT) found = run(PCRE2_NO_JIT);
  if (found == PCRE2_ERROR_NOMATCH) return std::nullopt;
  if (found < 0)
    throw_error(ErrorCode::too_large, "matching a regular expression: PCRE2 gave up with error {}", found);
  const PCRE2_SIZE* range = pcre2_get_ovector_pointer(data);
  return RegularExpression::Match{range[0], range[1]};
}

}  // namespace

struct RegularExpression::Code {
  CodePointer any_text;    // checks the text itself
  CodePointer valid_text;  // for text that is known to be UTF-8
};

RegularExpression::RegularExpression(const std::string& given, Dialect dialect) {
  const std::string expression =
      dialect == Dialect::ecma ? with_short_categories(given) : with_unicode_classes(without_rescans(given));
  const std::uint32_t options = PCRE2_UTF | options_of(dialect);
  auto code = std::make_shared<Code>();
  code->any_text.reset(compile(expression, options | PCRE2_MATCH_INVALID_UTF));
  code->valid_text.reset(compile(expression, options));
  code_ = std::move(code);
}

std::optional<RegularExpression::Match> RegularExpression::search(std::string_view text,
                                                                  std::size_t from) const {
  const MatchData data(pcre2_match_data_create(1, nullptr));
  return match(code_->any_text.get(), text, from, 0, data.get());
}

std::vector<RegularExpression::Match> RegularExpression::find_all(std::string_view text) const {
  const MatchData data(pcre2_match_data_create(1, nullptr));
  std::vector<Match> matches;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::string_view rest = text.substr(begin);
    const std::size_t size = find_invalid_utf8(rest).value_or(rest.size());
    const std::string_view stretch = rest.substr(0, size);
    for (std::size_t at = 0; at < size;) {
      const auto found = match(code_->valid_text.get(), stretch, at, PCRE2_NO_UTF_CHECK, data.get());
      if (!found) break;
      at = found->end;
      if (found->end > found->begin) {
        matches.push_back({begin + found->begin, begin + found->end});
      } else if (at < size) {
        decode_utf8(stretch, at);
      }
    }
    begin += size;
    if (begin < text.size()) ++begin;  // the ill-formed byte
  }
  return matches;
}

std::string RegularExpression::replace_all(std::string_view text, std::string_view content) const {
  std::string result;
  std::size_t covered = 0;
  const auto check = [&] {
    if (result.size() > growth_limit(text.size())) {
      throw_error(ErrorCode::too_large,
                  "replacing what a regular expression finds: {} bytes become more than {}", text.size(),
                  growth_limit(text.size()));
    }
  };
  for (const Match& match : find_all(text)) {
    result += text.substr(covered, match.begin - covered);
    result += content;
    covered = match.end;
    check();
  }
  result += text.substr(covered);
  return result;
}

}  // namespace fulcrum
