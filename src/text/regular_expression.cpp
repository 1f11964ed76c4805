#define PCRE2_CODE_UNIT_WIDTH 8
#include "text/regular_expression.h"

#include <pcre2.h>

#include <utility>

#include "base/error.h"

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

}  // namespace

struct RegularExpression::Code {
  explicit Code(pcre2_code* compiled) : pcre2(compiled) {}
  ~Code() { pcre2_code_free(pcre2); }
  Code(const Code&) = delete;
  Code& operator=(const Code&) = delete;
  pcre2_code* pcre2;
};

RegularExpression::RegularExpression(const std::string& given, Dialect dialect) {
  const std::string expression = dialect == Dialect::ecma ? with_short_categories(given) : given;
  int error = 0;
  PCRE2_SIZE offset = 0;
  const std::uint32_t options =
      PCRE2_UTF | PCRE2_MATCH_INVALID_UTF |
      (dialect == Dialect::unicode ? PCRE2_UCP
                                   : PCRE2_DOLLAR_ENDONLY | PCRE2_ALT_BSUX | PCRE2_MATCH_UNSET_BACKREF);
  pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(expression.data()), expression.size(),
                                   options, &error, &offset, nullptr);
  if (code == nullptr) {
    PCRE2_UCHAR message[256];
    pcre2_get_error_message(error, message, sizeof message);
    throw_error(ErrorCode::invalid_argument, "compiling the regular expression \"{}\": {} at offset {}",
                expression, reinterpret_cast<const char*>(message), offset);
  }
  pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);  // without a compiler for this machine the interpreter is used
  code_ = std::make_shared<const Code>(code);
}

std::optional<RegularExpression::Match> RegularExpression::search(std::string_view text,
                                                                  std::size_t from) const {
  const std::unique_ptr<pcre2_match_data, MatchDataDeleter> data(pcre2_match_data_create(1, nullptr));
  const int found = pcre2_match(code_->pcre2, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), from, 0,
                                data.get(), nullptr);
  if (found == PCRE2_ERROR_NOMATCH) return std::nullopt;
  if (found < 0)
    throw_error(ErrorCode::too_large, "matching a regular expression: PCRE2 gave up with error {}", found);
  const PCRE2_SIZE* range = pcre2_get_ovector_pointer(data.get());
  return Match{range[0], range[1]};
}

}  // namespace fulcrum
