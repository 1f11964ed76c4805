// libFuzzer entry: bytes that are no checkpoint and no tokenizer.bin end in fulcrum::Error.
#include "base/error.h"
#include "formats/llama2c.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fulcrum;
  const auto bytes = std::as_bytes(std::span(data, size));
  try {
    const Llama2cFile file = Llama2cFile::parse(bytes, nullptr, "input");
    for (const Tensor& tensor : file.tensors) to_f32(tensor);
  } catch (const Error&) {
  }
  try {
    Llama2cTokenizer::parse(bytes, "input");
  } catch (const Error&) {
  }
  return 0;
}
