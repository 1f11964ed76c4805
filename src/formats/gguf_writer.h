// Writes GGUF v3. Reading is formats/gguf.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "tensor/tensor.h"

namespace fulcrum {

// Keys in the order given, then the tensors in theirs; written atomically, tensors aligned to 32 bytes and in
// the order given. A key or a tensor name given twice, or one that a reader would refuse, is
// Error(invalid_argument).
class GgufWriter {
 public:
  void add(std::string_view key, std::string_view text);
  void add_u32(std::string_view key, std::uint32_t value);
  void add_u64(std::string_view key, std::uint64_t value);
  void add_f32(std::string_view key, float value);
  void add_bool(std::string_view key, bool value);
  void add_bytes(std::string_view key, std::string_view bytes);  // an array of u8
  void add(std::string_view key, const std::vector<std::string>& texts);
  void add(std::string_view key, const std::vector<float>& values);
  void add(std::string_view key, const std::vector<std::int32_t>& values);
  void add(Tensor tensor);  // any dtype that GGUF knows; the name is in the tensor
  void write(const Path& path) const;

 private:
  void begin(std::string_view key, std::uint32_t type);
  std::string metadata_;
  std::vector<std::string> keys_;
  std::vector<Tensor> tensors_;
};

}  // namespace fulcrum
