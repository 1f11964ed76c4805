#include "infer/embedding_engine.h"

#include "base/error.h"
#include "text/tokenizer_folder.h"

namespace fulcrum {

std::unique_ptr<EmbeddingEngine> EmbeddingEngine::load(const Path& folder) {
  return std::make_unique<EmbeddingEngine>(load_encoder(folder), load_tokenizer(folder));
}

EmbeddingEngine::EmbeddingEngine(Encoder encoder, std::unique_ptr<Tokenizer> tokenizer)
    : encoder_(std::move(encoder)), tokenizer_(std::move(tokenizer)) {
  const auto first = tokenizer_->find("[CLS]"), last = tokenizer_->find("[SEP]");
  if (!first || !last || tokenizer_->size() > encoder_.config().vocab_size) {
    throw_error(ErrorCode::corrupt,
                "loading encoder '{}': its tokenizer needs [CLS] and [SEP] and at most {} tokens, and has {}",
                encoder_.config().name, encoder_.config().vocab_size, tokenizer_->size());
  }
  first_ = *first;
  last_ = *last;
}

std::vector<TokenId> EmbeddingEngine::tokens(const std::string& text) const {
  std::vector<TokenId> ids = {first_};
  // Special tokens written out in a text are read as such: an encoder has no roles that a text could forge,
  // and its vectors are compared with those that sentence-transformers made.
  const std::vector<TokenId> body = tokenizer_->encode(text, Tokenizer::Special::parse);
  const std::size_t room = static_cast<std::size_t>(encoder_.config().text_tokens) - 2;
  ids.insert(ids.end(), body.begin(),
             body.begin() + static_cast<std::ptrdiff_t>(std::min(room, body.size())));
  ids.push_back(last_);
  return ids;
}

std::vector<std::vector<float>> EmbeddingEngine::embed(std::span<const std::string> texts,
                                                       const CancelToken& cancel) {
  std::vector<std::vector<float>> vectors;
  for (const std::string& text : texts) {
    cancel.check("embedding texts");
    vectors.push_back(encoder_.encode(tokens(text)));
  }
  return vectors;
}

}  // namespace fulcrum
