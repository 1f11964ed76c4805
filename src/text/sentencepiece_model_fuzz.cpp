// Any bytes as a SentencePiece model; what can be read encodes and decodes a text.
#include "text/tokenizer_fuzzing.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fulcrum::try_sentencepiece_model({reinterpret_cast<const char*>(data), size});
  return 0;
}
