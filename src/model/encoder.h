// A BERT-type encoder: tokens of one text in, one vector out. MiniLM, BGE, E5 and their like, out of a
// Hugging Face folder (config.json, safetensors, and what sentence-transformers puts beside them).
//
// Post-norm blocks with learnt positions, GELU and biases everywhere; a vector is the mean over the tokens or
// the first token's, and of length 1 where the folder says so. A text's vector depends on nothing but the
// text. Not here: text to tokens (infer/embedding_engine.h), training, token types other than the first,
// RoBERTa's positions. Source: Devlin et al. 2018; Reimers and Gurevych 2019 (pooling).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/json_fwd.h"
#include "tensor/matmul.h"
#include "tensor/tensor.h"

namespace fulcrum {

enum class Pooling { mean, first_token };
enum class VectorLength { as_pooled, one };

struct EncoderConfig {
  std::string name;
  std::int64_t n_layers = 0, d_model = 0, n_heads = 0, d_ff = 0, vocab_size = 0;
  std::int64_t context_tokens = 0, token_types = 0;
  std::int64_t text_tokens = 0;  // a text is cut to so many, special tokens counted; at most context_tokens
  double norm_epsilon = 1e-12;
  Pooling pooling = Pooling::mean;
  VectorLength vector_length = VectorLength::one;
  // Error(corrupt) naming the field.
  void check() const;
};

// `config` is the object of config.json. Error corrupt or unsupported, naming the key.
EncoderConfig read_encoder_config(const Json& config, std::string_view file);

class Encoder {
 public:
  // `tensors` by Hugging Face's names, with or without "bert." before them. Error(corrupt) naming what is
  // missing or has another shape.
  Encoder(const EncoderConfig& config, const std::vector<Tensor>& tensors);

  const EncoderConfig& config() const { return config_; }
  std::int64_t dimensions() const { return config_.d_model; }

  // The vector of one text. Special tokens are the caller's to add. Error(invalid_argument) for no tokens or
  // one outside the vocabulary, Error(too_large) for more than context_tokens.
  std::vector<float> encode(std::span<const std::int32_t> tokens) const;

 private:
  struct Norm {
    std::vector<float> weight, bias;
  };
  struct Layer {
    Linear q, k, v, output, up, down;
    Norm attention_norm, output_norm;
  };

  EncoderConfig config_;
  Tensor words_, positions_, token_types_;  // f32
  Norm embedding_norm_;
  std::vector<Layer> layers_;
};

// config.json and the weights, pooling from 1_Pooling/config.json, length from modules.json, where texts are
// cut from sentence_bert_config.json; without these three the mean, of length 1, of all that fits. Errors as
// load_huggingface_folder's.
Encoder load_encoder(const Path& folder);
bool is_encoder_folder(const Path& folder);  // its config.json says "bert"

}  // namespace fulcrum
