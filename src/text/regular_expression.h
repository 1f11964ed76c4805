// Regular expressions over UTF-8 by PCRE2, compiled once. Text may be ill-formed: such bytes match nothing.
//
// Thread-safe after construction. Errors: invalid_argument for an expression that PCRE2 cannot compile (with
// the position), too_large when matching gives up.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace fulcrum {

class RegularExpression {
 public:
  // unicode: \s, \w, \d and case follow Unicode, as pre-tokenizers expect. ecma: they are ASCII and $ is the
  // very end of the text, as JSON Schema expects.
  enum class Dialect { unicode, ecma };
  RegularExpression(const std::string& expression, Dialect dialect);

  struct Match {
    std::size_t begin = 0, end = 0;  // bytes
  };
  // The first match at or behind `from`.
  std::optional<Match> search(std::string_view text, std::size_t from = 0) const;

 private:
  struct Code;
  std::shared_ptr<const Code> code_;
};

}  // namespace fulcrum
