#include "train/sft_data.h"

#include <algorithm>

#include "base/error.h"

namespace fulcrum {
namespace {

constexpr std::int64_t kRowMultiple = 64;

EncodedExample encode_example(const TrainingExample& example, const ChatTemplate& chat_template,
                              const Tokenizer& tokenizer) {
  if (example.weights.size() != example.messages.size())
    throw_error(ErrorCode::invalid_argument, "it has {} messages and {} weights; give one weight a message",
                example.messages.size(), example.weights.size());
  const EncodedConversation conversation = encode_conversation(example.messages, chat_template, tokenizer);
  EncodedExample encoded;
  encoded.ids = conversation.ids;
  encoded.weights.assign(encoded.ids.size(), 0.0F);
  for (std::size_t i = 0; i < example.messages.size(); ++i) {
    if (example.weights[i] == 0) continue;
    const EncodedConversation::Range& answer = conversation.answers[i];
    std::fill(encoded.weights.begin() + answer.begin, encoded.weights.begin() + answer.end, 1.0F);
  }
  // The first token is never predicted.
  if (std::none_of(encoded.weights.begin() + (encoded.weights.empty() ? 0 : 1), encoded.weights.end(),
                   [](float weight) { return weight != 0; }))
    throw_error(ErrorCode::invalid_argument,
                "it has nothing to learn; give at least one assistant message the weight 1");
  return encoded;
}

}  // namespace

std::vector<EncodedExample> encode_examples(std::span<const TrainingExample> examples, std::string_view split,
                                            const ChatTemplate& chat_template, const Tokenizer& tokenizer,
                                            std::int64_t context_tokens) {
  std::vector<EncodedExample> encoded;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    const std::string context = fmt::format("encoding {} example {} of {}", split, i + 1, examples.size());
    encoded.push_back(
        with_context(context, [&] { return encode_example(examples[i], chat_template, tokenizer); }));
    const auto tokens = static_cast<std::int64_t>(encoded.back().ids.size());
    if (tokens > context_tokens)
      throw_error(ErrorCode::too_large,
                  "{}: it has {} tokens and the model's context holds {}; shorten it or leave "
                  "it out",
                  context, tokens, context_tokens);
  }
  return encoded;
}

std::vector<TrainingRows> pack_examples(std::span<const EncodedExample* const> examples, std::size_t passes) {
  std::vector<const EncodedExample*> by_size(examples.begin(), examples.end());
  std::stable_sort(by_size.begin(), by_size.end(),
                   [](const EncodedExample* a, const EncodedExample* b) { return a->rows() > b->rows(); });
  std::vector<TrainingRows> packed(passes);
  for (const EncodedExample* example : by_size)
    std::min_element(packed.begin(), packed.end(), [](const TrainingRows& a, const TrainingRows& b) {
      return a.size() < b.size();
    })->append(example->ids, example->weights);
  std::erase_if(packed, [](const TrainingRows& rows) { return rows.size() == 0; });
  for (TrainingRows& rows : packed)
    rows.pad_to((rows.size() + kRowMultiple - 1) / kRowMultiple * kRowMultiple);
  return packed;
}

}  // namespace fulcrum
