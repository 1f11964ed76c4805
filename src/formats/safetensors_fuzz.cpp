// libFuzzer entry: bytes that are no safetensors file end in fulcrum::Error, and every tensor of those that
// are can be read. Seeds and what earlier runs found: tests/corpus/safetensors.
#include "formats/safetensors_exercise.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fulcrum::exercise_safetensors(std::as_bytes(std::span(data, size)));
  return 0;
}
