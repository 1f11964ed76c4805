// Everything that can be asked of a safetensors file that nobody vouches for: what the fuzzer runs, and what
// the tests replay its corpus through. Whatever the bytes are, it ends in a value or in fulcrum::Error.
#pragma once

#include <cstdlib>
#include <memory>
#include <span>
#include <vector>

#include "base/error.h"
#include "formats/safetensors.h"

namespace fulcrum {

enum class SafetensorsVerdict { read, refused };

inline SafetensorsVerdict exercise_safetensors(std::span<const std::byte> bytes) {
  // Memory of exactly that size, aligned for no type: a byte beyond it is a sanitizer's finding.
  const auto memory = std::make_shared<std::vector<std::byte>>(bytes.begin(), bytes.end());
  try {
    const SafetensorsFile file = SafetensorsFile::parse(*memory, memory, "input");
    for (const Tensor& tensor : file.tensors) {
      to_f32(tensor);
      if (file.find_tensor(tensor.name) == nullptr) std::abort();  // names are unique, or the file is refused
    }
    return SafetensorsVerdict::read;
  } catch (const Error&) {
    return SafetensorsVerdict::refused;
  }
}

}  // namespace fulcrum
