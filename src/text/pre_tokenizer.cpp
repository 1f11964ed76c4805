#define PCRE2_CODE_UNIT_WIDTH 8
#include "text/pre_tokenizer.h"

#include <pcre2.h>

#include "base/error.h"

namespace fulcrum {
namespace {

constexpr const char* kGpt2 = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

struct MatchDataDeleter {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};

}  // namespace

struct PreTokenizer::Pattern {
  explicit Pattern(const std::string& expression) {
    int error = 0;
    PCRE2_SIZE offset = 0;
    code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(expression.data()), expression.size(),
                         PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF, &error, &offset, nullptr);
    if (code == nullptr) {
      PCRE2_UCHAR message[256];
      pcre2_get_error_message(error, message, sizeof message);
      throw_error(ErrorCode::unsupported, "compiling the pre-tokenizer \"{}\": {} at offset {}", expression,
                  reinterpret_cast<const char*>(message), offset);
    }
    pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);  // without a compiler for this machine the interpreter is used
  }
  ~Pattern() { pcre2_code_free(code); }
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;

  void split(std::string_view text, std::vector<std::string_view>& stretches) const {
    const std::unique_ptr<pcre2_match_data, MatchDataDeleter> data(pcre2_match_data_create(1, nullptr));
    const auto subject = reinterpret_cast<PCRE2_SPTR>(text.data());
    std::size_t begin = 0;  // of what no stretch covers yet
    std::size_t at = 0;
    while (at < text.size()) {
      const int found = pcre2_match(code, subject, text.size(), at, 0, data.get(), nullptr);
      if (found == PCRE2_ERROR_NOMATCH) break;
      if (found < 0) throw_error(ErrorCode::too_large, "pre-tokenizing: the regular expression gave up (PCRE2 error {})", found);
      const PCRE2_SIZE* range = pcre2_get_ovector_pointer(data.get());
      if (range[1] == range[0]) {
        at = range[1] + 1;
        continue;
      }
      if (range[0] > begin) stretches.push_back(text.substr(begin, range[0] - begin));
      stretches.push_back(text.substr(range[0], range[1] - range[0]));
      begin = at = range[1];
    }
    if (begin < text.size()) stretches.push_back(text.substr(begin));
  }

  pcre2_code* code = nullptr;
};

PreTokenizer::PreTokenizer(const std::vector<std::string>& expressions) {
  for (const std::string& expression : expressions) patterns_.push_back(std::make_shared<Pattern>(expression));
}

PreTokenizer PreTokenizer::named(std::string_view name) {
  if (name == "gpt-2") return PreTokenizer({kGpt2});
  throw_error(ErrorCode::unsupported, "making a tokenizer: the pre-tokenizer \"{}\" is not known; known are: gpt-2", name);
}

std::vector<std::string_view> PreTokenizer::split(std::string_view text) const {
  std::vector<std::string_view> stretches;
  if (!text.empty()) stretches.push_back(text);
  for (const auto& pattern : patterns_) {
    std::vector<std::string_view> finer;
    for (std::string_view stretch : stretches) pattern->split(stretch, finer);
    stretches = std::move(finer);
  }
  return stretches;
}

}  // namespace fulcrum
