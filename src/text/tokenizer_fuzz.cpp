// Any bytes as a text to encode, which must come back unchanged, and as a llama2.c tokenizer file.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/error.h"
#include "text/bpe_trainer.h"
#include "text/llama2c_vocabulary.h"
#include "text/stream_decoder.h"
#include "text/tokenizer.h"

namespace {

using namespace fulcrum;

// The decoded text, which decoding token by token must give too.
std::string encode_and_decode(const Tokenizer& tokenizer, std::string_view text, Tokenizer::Special special) {
  const std::vector<TokenId> ids = tokenizer.encode(text, special);
  StreamDecoder stream(tokenizer);
  std::string streamed;
  for (TokenId id : ids) streamed += stream.push(id);
  streamed += stream.finish();
  const std::string decoded = tokenizer.decode(ids);
  if (decoded != streamed) __builtin_trap();
  return decoded;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::unique_ptr<Tokenizer> tokenizer = [] {
    BpeTrainerOptions options;
    options.vocabulary_tokens = 385;
    options.control_tokens = {"<|user|>", "<|end|>"};
    options.user_defined_tokens = {"<doc>", "</doc>"};
    BpeTrainer trainer(options);
    trainer.add(
        "the cat sat on the mat, and the rat sat on the cat that the hat had; \"that\", she said, \"is "
        "that.\"\n\n");
    trainer.add(
        "the theatre of the cat and the hat of the rat was on the mat on which the cat and the rat sat "
        "then.\n\n");
    trainer.add(
        "other mothers bother the brothers, and rather than gather, the fathers lather and blather\n\n");
    return make_tokenizer(trainer.train().vocabulary);
  }();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (encode_and_decode(*tokenizer, text, Tokenizer::Special::as_text) != text) __builtin_trap();
  encode_and_decode(*tokenizer, text, Tokenizer::Special::parse);
  try {
    const auto other = make_tokenizer(parse_llama2c_vocabulary(std::as_bytes(std::span(data, size))));
    // A vocabulary without all bytes cannot give every text back.
    encode_and_decode(*other, "a text  \xE2\x96\x81 of \xFF some length\n", Tokenizer::Special::as_text);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::corrupt && error.code() != ErrorCode::too_large) __builtin_trap();
  }
  return 0;
}
