// Turns tokens into text as they come, without ever handing out half a character.
//
// The pieces together are Tokenizer::decode of all tokens, except that bytes which never become UTF-8 are
// given as they are once it is certain (by a later byte, or by finish()). Not thread-safe: one a stream.
#pragma once

#include <optional>
#include <string>

#include "text/tokenizer.h"

namespace fulcrum {

class StreamDecoder {
 public:
  // `tokenizer` must outlive this.
  explicit StreamDecoder(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {}
  // The text that is certain now: complete characters only; may be empty.
  std::string push(TokenId id);
  // What is left, an incomplete character included.
  std::string finish();

 private:
  const Tokenizer& tokenizer_;
  std::optional<TokenId> previous_;
  std::string pending_;
};

}  // namespace fulcrum
