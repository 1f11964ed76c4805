#include "text/tokenizer_fuzzing.h"

#include <nlohmann/json.hpp>

#include <string>
#include <utility>

#include "base/error.h"
#include "text/sentencepiece_model.h"
#include "text/stream_decoder.h"
#include "text/tokenizer_json.h"
#include "text/tokenizer_json_gguf.h"

namespace fulcrum {
namespace {

constexpr std::string_view kText =
    " The caf\xC3\xA9's  12,345 \xE6\x97\xA5\xE6\x9C\xAC \xF0\x9F\x99\x82 <s>x</s> "
    "<0x41>\n\tab\xFF\xE2\x96\x81 e\xCC\x81 "
    "aaaa";

void encode_and_decode(const Tokenizer& tokenizer) {
  for (const auto special : {Tokenizer::Special::as_text, Tokenizer::Special::parse}) {
    const std::vector<TokenId> ids = tokenizer.encode(kText, special);
    StreamDecoder stream(tokenizer);
    std::string streamed;
    for (TokenId id : ids) streamed += stream.push(id);
    streamed += stream.finish();
    if (streamed != tokenizer.decode(ids))
      throw_error(ErrorCode::internal,
                  "fuzzing a tokenizer: the stream and the whole decode to different texts");
    for (TokenId id : ids) tokenizer.find(tokenizer.piece(id));
  }
}

template <typename Work>
Trial attempt(Work&& work) {
  try {
    work();
    return Trial::read;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::corrupt && error.code() != ErrorCode::unsupported &&
        error.code() != ErrorCode::too_large)
      throw;
    return Trial::refused;
  }
}

}  // namespace

Trial try_tokenizer_json(std::string_view bytes) {
  return attempt([&] {
    const JsonTree file = parse_json_tree(bytes, "input");
    TokenizerJson parsed = parse_tokenizer_json(file, {});
    attempt([&] { gguf_spelling(file, parsed.vocabulary); });
    encode_and_decode(PipelineTokenizer(std::move(parsed.vocabulary), std::move(parsed.steps)));
  });
}

Trial try_sentencepiece_model(std::string_view bytes) {
  return attempt(
      [&] { encode_and_decode(*make_sentencepiece_tokenizer(parse_sentencepiece_model(bytes, "input"))); });
}

}  // namespace fulcrum
