// Everything that can be asked of a safetensors file that nobody vouches for: what the fuzzer runs, and what
// the tests replay its corpus through. Whatever the bytes are, it ends in a value or in fulcrum::Error.
#pragma once

#include <memory>
#include <span>
#include <stdexcept>
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
      // Not an Error: a finding.
      if (file.find_tensor(tensor.name) == nullptr)
        throw std::logic_error("a tensor that is not found by its name");
    }
    return SafetensorsVerdict::read;
  } catch (const Error&) {
    return SafetensorsVerdict::refused;
  }
}

}  // namespace fulcrum
