// Everything that can be asked of a GGUF that nobody vouches for: what the fuzzer runs, and what the tests
// replay its corpus through. Whatever the bytes are, each step ends in a value or in fulcrum::Error.
#pragma once

#include <cstring>
#include <memory>
#include <vector>

#include "base/error.h"
#include "formats/gguf.h"
#include "tensor/quantised_blocks.h"

namespace fulcrum {

enum class GgufVerdict { read, refused };

inline void read_every_value(const GgufFile& file) {
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
  for (const Tensor& tensor : file.tensors()) {
    to_f32(tensor);
    if (is_quantised(tensor.dtype)) find_not_finite_block(tensor.dtype, tensor.bytes);
  }
}

// The bytes as blocks of each quantised type: files hold any bits there.
inline void decode_as_every_type(std::span<const std::byte> bytes) {
  for (const DType dtype : {DType::q4_0, DType::q4_1, DType::q5_0, DType::q5_1, DType::q8_0, DType::q2_k,
                            DType::q3_k, DType::q4_k, DType::q5_k, DType::q6_k}) {
    const auto size = static_cast<std::size_t>(block_bytes(dtype));
    const std::size_t blocks = bytes.size() / size;
    std::vector<float> values(blocks * static_cast<std::size_t>(block_elements(dtype)));
    decode_blocks(dtype, bytes.first(blocks * size), values);
    find_not_finite_block(dtype, bytes.first(blocks * size));
  }
}

inline GgufVerdict exercise_gguf(std::span<const std::byte> bytes) {
  decode_as_every_type(bytes);
  // At an address like that of a map.
  const auto memory = std::make_shared<std::vector<std::uint64_t>>(bytes.size() / 8 + 1);
  if (!bytes.empty()) std::memcpy(memory->data(), bytes.data(), bytes.size());
  const auto input = std::as_bytes(std::span(*memory)).first(bytes.size());
  const GgufSurvey survey = GgufFile::survey(input, memory, "input");
  try {
    read_every_value(GgufFile::parse(input, memory, "input"));
  } catch (const Error&) {
    return GgufVerdict::refused;
  }
  return survey.defect ? GgufVerdict::refused : GgufVerdict::read;
}

}  // namespace fulcrum
