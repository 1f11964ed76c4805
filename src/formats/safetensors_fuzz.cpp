// libFuzzer entry: bytes that are no safetensors file end in fulcrum::Error, and every tensor of those that
// are can be read.
#include "base/error.h"
#include "formats/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fulcrum;
  try {
    const SafetensorsFile file =
        SafetensorsFile::parse(std::as_bytes(std::span(data, size)), nullptr, "input");
    for (const Tensor& tensor : file.tensors) to_f32(tensor);
  } catch (const Error&) {
  }
  return 0;
}
