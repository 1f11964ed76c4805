// The native embedder: an encoder's folder behind the bridge (text/embedder.h).
#pragma once

#include <memory>

#include "base/file.h"
#include "model/encoder.h"
#include "text/embedder.h"
#include "text/tokenizer.h"

namespace fulcrum {

class EmbeddingEngine final : public Embedder {
 public:
  // Errors: those of load_encoder and load_tokenizer; corrupt if the two do not fit together.
  static std::unique_ptr<EmbeddingEngine> load(const Path& folder);
  EmbeddingEngine(Encoder encoder, std::unique_ptr<Tokenizer> tokenizer);

  std::string name() const override { return encoder_.config().name; }
  std::int64_t dimensions() const override { return encoder_.dimensions(); }
  std::vector<std::vector<float>> embed(std::span<const std::string> texts,
                                        const CancelToken& cancel) override;

  // [CLS] text [SEP], as the encoder gets it: cut to its config().text_tokens. Special tokens may be written
  // out.
  std::vector<TokenId> tokens(const std::string& text) const;

 private:
  Encoder encoder_;
  std::unique_ptr<Tokenizer> tokenizer_;
  TokenId first_ = 0, last_ = 0;
};

}  // namespace fulcrum
