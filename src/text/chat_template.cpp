#include "text/chat_template.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "text/jinja_template.h"

namespace fulcrum {
namespace {

constexpr std::string_view kBundled =
    "{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}{% "
    "endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}";

constexpr std::array<std::string_view, 6> kRoles = {"system", "user",      "assistant",
                                                    "tool",   "developer", "function"};

void check_roles(std::span<const Message> messages) {
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (std::find(kRoles.begin(), kRoles.end(), messages[i].role) == kRoles.end()) {
      throw_error(ErrorCode::invalid_argument,
                  "rendering a conversation: message {} has the role \"{}\"; expected system, user, "
                  "assistant or tool",
                  i + 1, messages[i].role);
    }
  }
}

std::string join(std::span<const PromptSegment> segments) {
  std::string text;
  for (const PromptSegment& segment : segments) text += segment.text;
  return text;
}

std::vector<TokenId> encode_segments(std::span<const PromptSegment> segments, const Tokenizer& tokenizer,
                                     std::string_view answer_beginning) {
  std::vector<Tokenizer::Part> parts;
  for (const PromptSegment& segment : segments) {
    parts.push_back(
        {segment.text, segment.from_template ? Tokenizer::Special::parse : Tokenizer::Special::as_text});
  }
  if (!answer_beginning.empty()) parts.push_back({answer_beginning, Tokenizer::Special::as_text});
  std::vector<TokenId> ids = tokenizer.encode_parts(parts);
  const Vocabulary& vocabulary = tokenizer.vocabulary();
  if (vocabulary.add_bos && vocabulary.bos && (ids.empty() || ids.front() != *vocabulary.bos)) {
    ids.insert(ids.begin(), *vocabulary.bos);
  }
  return ids;
}

std::int64_t common_prefix(std::span<const TokenId> a, std::span<const TokenId> b) {
  const auto [end, unused] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  return end - a.begin();
}

// The end of the answer in [begin, end): behind the last token that ends a turn; templates may write more
// after it.
std::int64_t end_of_answer(std::span<const TokenId> ids, std::int64_t begin, std::int64_t end,
                           const Vocabulary& vocabulary) {
  for (std::int64_t i = end; i > begin; --i) {
    const TokenId id = ids[static_cast<std::size_t>(i - 1)];
    const auto& ends = vocabulary.end_of_turn;
    if (id == vocabulary.eos || std::find(ends.begin(), ends.end(), id) != ends.end()) return i;
  }
  return end;
}

}  // namespace

struct ChatTemplate::State {
  JinjaTemplate jinja;
  std::string bos_token, eos_token;
};

ChatTemplate ChatTemplate::parse(std::string_view jinja, std::string_view bos_token,
                                 std::string_view eos_token) {
  ChatTemplate result;
  result.state_ = with_context("parsing the chat template", [&] {
    return std::make_shared<const State>(
        State{JinjaTemplate::parse(jinja), std::string(bos_token), std::string(eos_token)});
  });
  return result;
}

std::string_view ChatTemplate::bundled() {
  return kBundled;
}

std::vector<PromptSegment> ChatTemplate::render(std::span<const Message> messages,
                                                AnswerHeader header) const {
  check_roles(messages);
  std::vector<JinjaValue> items;
  for (const Message& message : messages) {
    JinjaDict item;
    item.set(JinjaValue::string("role"), JinjaValue::string(message.role));
    item.set(JinjaValue::string("content"), JinjaValue::string(message.content, JinjaOrigin::input));
    items.push_back(JinjaValue::dict(std::move(item)));
  }
  // The variables that Hugging Face's apply_chat_template gives.
  JinjaDict variables;
  variables.set(JinjaValue::string("messages"), JinjaValue::list(std::move(items)));
  variables.set(JinjaValue::string("add_generation_prompt"), JinjaValue(header == AnswerHeader::append));
  variables.set(JinjaValue::string("bos_token"), JinjaValue::string(state_->bos_token));
  variables.set(JinjaValue::string("eos_token"), JinjaValue::string(state_->eos_token));
  variables.set(JinjaValue::string("tools"), JinjaNone{});
  variables.set(JinjaValue::string("documents"), JinjaNone{});
  const JinjaText text =
      with_context("rendering the chat template", [&] { return state_->jinja.render(variables); });

  std::vector<PromptSegment> segments;
  std::size_t begin = 0;
  for (const JinjaText::Run& run : text.runs()) {
    segments.push_back({text.bytes().substr(begin, run.end - begin), run.origin == JinjaOrigin::source});
    begin = run.end;
  }
  return segments;
}

std::string ChatTemplate::render_text(std::span<const Message> messages, AnswerHeader header) const {
  return join(render(messages, header));
}

std::vector<TokenId> ChatTemplate::encode(std::span<const Message> messages, AnswerHeader header,
                                          const Tokenizer& tokenizer,
                                          std::string_view answer_beginning) const {
  return encode_segments(render(messages, header), tokenizer, answer_beginning);
}

EncodedConversation encode_conversation(std::span<const Message> messages, const ChatTemplate& chat_template,
                                        const Tokenizer& tokenizer) {
  const std::vector<PromptSegment> whole = chat_template.render(messages, AnswerHeader::omit);
  const std::string text = join(whole);
  EncodedConversation result;
  result.ids = encode_segments(whole, tokenizer, "");
  result.answers.resize(messages.size());

  // Tokens of the whole that a beginning of the conversation fixes.
  const auto tokens_of = [&](std::size_t count, AnswerHeader header, std::size_t message) {
    const std::vector<PromptSegment> segments = chat_template.render(messages.first(count), header);
    const std::string beginning = join(segments);
    if (!text.starts_with(beginning)) {
      throw_error(ErrorCode::unsupported,
                  "encoding a conversation: the chat template does not write message {} behind what it "
                  "writes for the messages "
                  "before it, so the answer's tokens cannot be told apart; train with a template that does",
                  message + 1);
    }
    return common_prefix(encode_segments(segments, tokenizer, ""), result.ids);
  };
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (messages[i].role != "assistant") continue;
    const std::int64_t begin = tokens_of(i, AnswerHeader::append, i);
    const std::int64_t end = tokens_of(i + 1, AnswerHeader::omit, i);
    result.answers[i] = {begin,
                         end_of_answer(result.ids, begin, std::max(begin, end), tokenizer.vocabulary())};
  }
  return result;
}

}  // namespace fulcrum
