// libFuzzer entry: bytes that are no GGUF end in fulcrum::Error, and every value of those that are can be
// read. Seeds and what earlier runs found: tests/corpus/gguf.
#include "formats/gguf_exercise.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fulcrum::exercise_gguf(std::as_bytes(std::span(data, size)));
  return 0;
}
