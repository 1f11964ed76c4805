#include "infer/answer_text.h"

#include <algorithm>

#include "base/error.h"
#include "base/unicode.h"

namespace fulcrum {

AnswerText::AnswerText(const Tokenizer& tokenizer, std::optional<TokenId> previous,
                       std::vector<std::string> stop)
    : tokenizer_(tokenizer), previous_(previous), stop_(std::move(stop)) {
  for (const std::string& text : stop_) {
    if (text.empty()) {
      throw_error(ErrorCode::invalid_argument,
                  "generating: a stop string is empty; leave it out or write its text");
    }
    longest_stop_ = std::max(longest_stop_, text.size());
  }
}

bool AnswerText::push(TokenId token) {
  if (finished_) return false;
  bytes_ += tokenizer_.piece_after(previous_, token);
  previous_ = token;

  const std::size_t known = text_.size();
  const std::size_t complete = complete_utf8_prefix(bytes_);
  for (std::size_t offset = 0; offset < complete;) append_utf8(text_, decode_utf8(bytes_, offset));
  bytes_.erase(0, complete);

  const std::size_t from = known - std::min(known, longest_stop_);
  std::size_t end = std::string::npos;
  for (const std::string& stop : stop_) end = std::min(end, text_.find(stop, from));
  if (end == std::string::npos) return true;
  text_.resize(end);
  finished_ = true;
  return false;
}

void AnswerText::finish() {
  finished_ = true;
}

std::size_t AnswerText::held_back() const {
  if (finished_) return 0;
  std::size_t longest = 0;
  for (const std::string& stop : stop_) {
    for (std::size_t length = std::min(stop.size() - 1, text_.size()); length > longest; --length) {
      if (std::string_view(text_).ends_with(std::string_view(stop).substr(0, length))) longest = length;
    }
  }
  return longest;
}

std::string AnswerText::take() {
  const std::size_t certain = std::max(taken_, text_.size() - held_back());
  std::string fresh = text_.substr(taken_, certain - taken_);
  taken_ = certain;
  return fresh;
}

}  // namespace fulcrum
