// A walk over the tokens of a Jinja template with one token of look-ahead, and the guard of the parsers'
// stack.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/jinja_lexer.h"

namespace fulcrum {

class JinjaCursor {
 public:
  explicit JinjaCursor(std::string_view source) : tokens_(lex_jinja(source)) {}

  const JinjaToken& now() const { return tokens_[at_]; }
  const JinjaToken& next() const { return tokens_[at_ + 1 < tokens_.size() ? at_ + 1 : at_]; }
  JinjaToken take() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  bool is_symbol(std::string_view value) const {
    return now().kind == JinjaToken::Kind::symbol && now().value == value;
  }
  bool is_name(std::string_view value) const {
    return now().kind == JinjaToken::Kind::name && now().value == value;
  }
  bool skip_symbol(std::string_view value);
  bool skip_name(std::string_view value);
  void expect_symbol(std::string_view value);
  std::string expect_name();
  void expect_block_end();
  std::size_t position() const { return at_; }
  // Whether a name was read since that position.
  bool named_since(std::size_t position, std::string_view name) const;
  // Error(corrupt): "line N: expected ..., found ...".
  [[noreturn]] void fail(std::string_view expected) const;

  // Alive while one level of brackets or blocks is parsed; Error(too_large) when there are too many.
  class Level {
   public:
    explicit Level(JinjaCursor& cursor);
    ~Level() { --cursor_.level_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    JinjaCursor& cursor_;
  };

 private:
  std::vector<JinjaToken> tokens_;
  std::size_t at_ = 0;
  int level_ = 0;
};

}  // namespace fulcrum
