// Any bytes as a tokenizer.json; what can be read encodes and decodes a text.
#include "text/tokenizer_fuzzing.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fulcrum::try_tokenizer_json({reinterpret_cast<const char*>(data), size});
  return 0;
}
