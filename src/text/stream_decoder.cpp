#include "text/stream_decoder.h"

#include <utility>

#include "base/unicode.h"

namespace fulcrum {

std::string StreamDecoder::push(TokenId id) {
  pending_ += tokenizer_.piece_after(previous_, id);
  previous_ = tokenizer_.context_after(previous_, id);
  const std::size_t complete = complete_utf8_prefix(pending_);
  std::string text = pending_.substr(0, complete);
  pending_.erase(0, complete);
  return text;
}

std::string StreamDecoder::finish() {
  return std::exchange(pending_, {});
}

}  // namespace fulcrum
