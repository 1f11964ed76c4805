// libFuzzer entry: bytes that are no GGUF end in fulcrum::Error, and every value of those that are can be
// read.
#include <cstring>

#include "base/error.h"
#include "formats/gguf.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fulcrum;
  // At an address like that of a map.
  auto memory = std::make_shared<std::vector<std::uint64_t>>(size / 8 + 1);
  if (size > 0) std::memcpy(memory->data(), data, size);
  try {
    const GgufFile file = GgufFile::parse(std::as_bytes(std::span(*memory)).first(size), memory, "input");
    for (const auto& [key, value] : file.metadata()) {
      const auto read = [&file, name = std::string_view(key)](auto accessor) {
        try {
          (file.*accessor)(name);
        } catch (const Error&) {
        }
      };
      read(&GgufFile::integer), read(&GgufFile::number), read(&GgufFile::boolean), read(&GgufFile::text);
      read(&GgufFile::texts), read(&GgufFile::integers), read(&GgufFile::numbers);
    }
    for (const Tensor& tensor : file.tensors()) to_f32(tensor);
  } catch (const Error&) {
  }
  return 0;
}
