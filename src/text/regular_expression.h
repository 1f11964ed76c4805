// Regular expressions over UTF-8 by PCRE2, compiled once. Text may be ill-formed: such bytes match nothing.
//
// Thread-safe after construction. Errors: invalid_argument for an expression that PCRE2 cannot compile (with
// the position), too_large when matching gives up.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fulcrum {

// How long a text may become by what a file says is to be done to it.
constexpr std::size_t growth_limit(std::size_t size_bytes) {
  return 64 * size_bytes + (std::size_t{1} << 16);
}

class RegularExpression {
 public:
  // unicode: \s, \w, \d and case follow Unicode, as pre-tokenizers expect. ruby: so they do, and ^ and $
  // stand at every line's ends, as tokenizer.json expects (its engine is Oniguruma). ecma: they are ASCII and
  // $ is the very end of the text, as JSON Schema expects.
  enum class Dialect { unicode, ruby, ecma };
  RegularExpression(const std::string& expression, Dialect dialect);

  struct Match {
    std::size_t begin = 0, end = 0;  // bytes
  };
  // The first match at or behind `from`.
  std::optional<Match> search(std::string_view text, std::size_t from = 0) const;
  // Every match in order, none overlapping and none empty. Time in proportion to the text, where search() in
  // a loop would check the rest of the text as UTF-8 at each step. Text ends for the expression where
  // ill-formed bytes begin.
  std::vector<Match> find_all(std::string_view text) const;
  // `text` with `content` in place of every match. Error(too_large) if that makes it more than growth_limit.
  std::string replace_all(std::string_view text, std::string_view content) const;

 private:
  struct Code;
  std::shared_ptr<const Code> code_;
};

}  // namespace fulcrum
