// Text to token ids and back. Ids are int32, 0 to size()-1. Thread-safe after construction.
//
// One interface. From the keys of a GGUF file, one implementation a family: text/sentencepiece.h (BPE by
// score with byte fallback: the bundled model, llama2.c, Llama 2, Mistral), text/byte_level_bpe.h (GPT-2,
// Llama 3, Qwen), text/wordpiece.h (BERT), Unigram (T5). From a Hugging Face folder, a tokenizer.json or a
// SentencePiece model (text/tokenizer_folder.h), one that is put together from the steps which the file names
// (text/pipeline_tokenizer.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fulcrum {

using TokenId = std::int32_t;

// As in GGUF's tokenizer.ggml.token_type (values are written to files).
enum class TokenType : std::int32_t {
  undefined = 0,
  normal = 1,
  unknown = 2,
  control = 3,
  user_defined = 4,
  unused = 5,
  byte = 6
};

// What a file says of a vocabulary, before it is turned into a Tokenizer. Shapes: tokens, scores and types
// have one entry an id (scores and types may be empty where a family has none).
struct Vocabulary {
  std::string family;  // GGUF's tokenizer.ggml.model: "llama", "gpt2", "bert", "t5"
  std::string pre;     // GGUF's tokenizer.ggml.pre
  std::vector<std::string> tokens;
  std::vector<float> scores;
  std::vector<TokenType> types;
  std::vector<std::string> merges;  // "left right", gpt2 family
  std::optional<TokenId> bos, eos, unknown, padding;
  std::vector<TokenId> end_of_turn;  // further ids that end an answer
  bool add_bos = false, add_eos = false, add_space_prefix = true;
  // SentencePiece's normaliser (t5): its compiled character map (text/character_map.h; empty: none), and
  // whether runs of spaces become one and those at the ends go.
  std::string precompiled_charsmap;
  bool remove_extra_whitespaces = false;
  std::string chat_template;  // Jinja; empty: none
};

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;
  // parse_special: text such as "<|user|>" becomes its control token; otherwise it is ordinary text, so that
  // a user's words can never forge a role. Never adds bos or eos.
  enum class Special { as_text, parse };
  virtual std::vector<TokenId> encode(std::string_view text, Special special) const = 0;
  // One text put together from parts of different trust: tokens form across the borders as they would in the
  // joined text, but a control token is only found inside a part marked `parse`. The default encodes each
  // part on its own.
  struct Part {
    std::string_view text;
    Special special = Special::as_text;
  };
  virtual std::vector<TokenId> encode_parts(std::span<const Part> parts) const;
  // Bytes of one token as they stand in the middle of a text. Control tokens yield nothing.
  virtual std::string piece(TokenId id) const = 0;
  // What `id` adds to a text whose last token is `previous` (none: at the start), the leading-space rule
  // undone.
  virtual std::string piece_after(std::optional<TokenId> previous, TokenId id) const;
  // What is `previous` for the token behind `id`: `id`, unless it is one that decoding passes over.
  virtual std::optional<TokenId> context_after(std::optional<TokenId> previous, TokenId id) const;
  // Joins pieces; undoes the leading-space rule at the start of the text.
  virtual std::string decode(std::span<const TokenId> ids) const = 0;
  virtual const Vocabulary& vocabulary() const = 0;
  TokenId size() const { return static_cast<TokenId>(vocabulary().tokens.size()); }
  // The id of a token by its exact text ("<|user|>").
  virtual std::optional<TokenId> find(std::string_view token) const = 0;
};

// The types of a vocabulary that names none: byte for "<0x0A>", unknown and control by its bos, eos and
// unknown ids.
std::vector<TokenType> infer_token_types(const Vocabulary& vocabulary);

// Error unsupported for a family without an implementation, corrupt for a vocabulary that contradicts itself.
std::unique_ptr<Tokenizer> make_tokenizer(Vocabulary vocabulary);

}  // namespace fulcrum
