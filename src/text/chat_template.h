// Messages to the exact prompt of a model, by the Jinja template that came with it.
//
// Rendering yields segments, not one string: what the template itself wrote may hold control tokens
// ("<|user|>"), what a message brought may not, so that nobody's words can forge a role. A message's role is
// one of a closed list and counts as the template's own text, because templates write '<|' + role + '|>'.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/lm.h"
#include "text/tokenizer.h"

namespace fulcrum {

struct PromptSegment {
  std::string text;
  bool from_template = false;  // control tokens in it are control tokens
};

enum class AnswerHeader {
  omit,
  append
};  // append: end with the header of the answer to come ("<|assistant|>")

class ChatTemplate {
 public:
  // Error(corrupt) with the line for a syntax error, Error(unsupported) naming an unknown construct and its
  // line.
  static ChatTemplate parse(std::string_view jinja, std::string_view bos_token = "",
                            std::string_view eos_token = "");
  // The template of the bundled model: <|role|>content<|end|> for every message, no newlines.
  static std::string_view bundled();

  // Error(invalid_argument) for a role outside "system", "user", "assistant", "tool", "developer",
  // "function", or where the template itself refuses the conversation (raise_exception, with its message);
  // Error(too_large) when it takes more steps, depth or output than a template needs.
  std::vector<PromptSegment> render(std::span<const Message> messages, AnswerHeader header) const;
  std::string render_text(std::span<const Message> messages, AnswerHeader header) const;
  // The prompt as tokens, with bos in front if the vocabulary asks for it and the template has not written
  // it, and with `answer_beginning` (never control tokens) behind it as the beginning of the answer.
  std::vector<TokenId> encode(std::span<const Message> messages, AnswerHeader header,
                              const Tokenizer& tokenizer, std::string_view answer_beginning = "") const;

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

// A whole conversation as tokens, with the half-open token range of each message's answer: for an assistant
// message its content and the end-of-turn token, for the others an empty range. A token that spans the border
// between header and answer counts as answer. Error(unsupported) if the template does not render a
// conversation as an extension of its beginnings, because then no mask can be right.
struct EncodedConversation {
  std::vector<TokenId> ids;
  struct Range {
    std::int64_t begin = 0, end = 0;
  };
  std::vector<Range> answers;  // one a message
};
EncodedConversation encode_conversation(std::span<const Message> messages, const ChatTemplate& chat_template,
                                        const Tokenizer& tokenizer);

}  // namespace fulcrum
