#include "model/tiny_model.h"

#include <string_view>

#include "base/error.h"

namespace fulcrum {
namespace {

constexpr std::int32_t kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kByte = 6;

constexpr std::string_view kControlTokens[] = {"<|system|>", "<|user|>", "<|assistant|>", "<|tool|>",
                                               "<|end|>"};
constexpr std::string_view kUserDefinedTokens[] = {"<doc>", "</doc>", "<think>", "</think>"};

// Each joins two earlier pieces, so that byte-pair merging can reach it.
constexpr std::string_view kMergedPieces[] = {
    "▁t", "he", "▁a", "in", "▁the", "re", "on", "er",  "▁s", "an", "▁w", "▁c", "at",  "ou",  "nd",   "is",
    "or", "en", "▁o", "▁b", "ed",   "it", "es", "ing", "▁f", "ar", "al", "▁p", "▁in", "▁to", "▁and", "▁of"};

constexpr std::string_view kChatTemplate =
    "{% for message in messages %}"
    "{% if message['role'] == 'system' %}<|system|>{% elif message['role'] == 'user' %}<|user|>"
    "{% elif message['role'] == 'tool' %}<|tool|>{% else %}<|assistant|>{% endif %}"
    "{{ message['content'] }}<|end|>{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}";

}  // namespace

VocabularyData make_tiny_vocabulary() {
  VocabularyData vocabulary;
  vocabulary.family = "llama";
  const auto add = [&](std::string token, float score, std::int32_t type) {
    vocabulary.tokens.push_back(std::move(token));
    vocabulary.scores.push_back(score);
    vocabulary.types.push_back(type);
    return static_cast<std::int32_t>(vocabulary.tokens.size() - 1);
  };
  vocabulary.unknown = add("<unk>", 0, kUnknown);
  vocabulary.bos = add("<s>", 0, kControl);
  add("</s>", 0, kControl);
  for (int byte = 0; byte < 256; ++byte) add(fmt::format("<0x{:02X}>", byte), 0, kByte);
  for (const std::string_view token : kControlTokens) vocabulary.eos = add(std::string(token), 0, kControl);
  vocabulary.end_of_turn = {*vocabulary.eos};
  for (const std::string_view token : kUserDefinedTokens) add(std::string(token), 0, kUserDefined);
  float score = 0;
  for (const std::string_view piece : kMergedPieces) add(std::string(piece), score--, kNormal);
  add("▁", score--, kNormal);
  for (char c = '!'; c <= '~'; ++c) add(std::string(1, c), score--, kNormal);
  vocabulary.chat_template = kChatTemplate;
  return vocabulary;
}

ModelConfig make_tiny_config(const TinyModelOptions& options, std::int64_t vocab_size) {
  ModelConfig config = architecture_defaults(options.architecture);
  config.name = "tiny";
  config.n_layers = options.n_layers;
  config.d_model = options.d_model;
  config.n_heads = options.n_heads;
  config.n_kv_heads = options.n_kv_heads;
  config.head_dim = options.head_dim;
  config.d_ff = options.d_ff;
  config.vocab_size = vocab_size;
  config.context_tokens = options.context_tokens;
  config.norm_epsilon = 1e-6;
  config.tied_output = options.tied_output;
  config.check();
  return config;
}

ModelFile make_tiny_model(const TinyModelOptions& options) {
  ModelFile model;
  model.vocabulary = make_tiny_vocabulary();
  model.config = make_tiny_config(options, static_cast<std::int64_t>(model.vocabulary.tokens.size()));
  model.weights = random_weights(model.config, options.seed, options.deviation);
  model.name = model.config.name;
  return model;
}

}  // namespace fulcrum
