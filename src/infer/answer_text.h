// The text of an answer as its tokens come: complete characters only, ended before the first stop string.
//
// What may still turn out to be the beginning of a stop string or of a character is held back. Bytes that are
// no UTF-8 become U+FFFD, so that the text is well-formed whatever the model says. Not thread-safe: one an
// answer.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "text/tokenizer.h"

namespace fulcrum {

class AnswerText {
 public:
  // `tokenizer` must outlive this. `previous` is the token that the answer goes on behind, if there is one.
  // Error (invalid_argument) for an empty stop string.
  AnswerText(const Tokenizer& tokenizer, std::optional<TokenId> previous, std::vector<std::string> stop);

  // False once a stop string is complete: the text ended before it.
  bool push(TokenId token);
  // The answer is over: nothing is held back any longer but half a character, which is dropped.
  void finish();

  // Text that is certain now and was not taken before.
  std::string take();
  const std::string& text() const { return text_; }

 private:
  std::size_t held_back() const;

  const Tokenizer& tokenizer_;
  std::optional<TokenId> previous_;
  std::vector<std::string> stop_;
  std::size_t longest_stop_ = 0;
  std::string bytes_;  // not yet a whole character
  std::string text_;
  std::size_t taken_ = 0;
  bool finished_ = false;
};

}  // namespace fulcrum
