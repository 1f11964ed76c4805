// safetensors: named tensors behind a JSON header, in one file. Source: Hugging Face's format description and
// its reference reader, whose limits hold here: a header of at most 100 MB of UTF-8 JSON without duplicate
// names, and data that the tensors cover without gap or overlap.
//
// Reads F64, F32, F16, BF16, I64, I32, I16, I8 and U8; writes F32, F16 and BF16. Errors: corrupt (what is
// wrong with which tensor), unsupported (another element type; a PyTorch pickle, which is a program and not
// data), too_large.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file.h"
#include "tensor/tensor.h"

namespace fulcrum {

using SafetensorsMetadata = std::vector<std::pair<std::string, std::string>>;

struct SafetensorsFile {
  SafetensorsMetadata metadata;  // "__metadata__", in the order of the file
  std::vector<Tensor>
      tensors;  // in the order of their data; views of the file where they are aligned, else copies

  std::span<const std::byte> mapped;  // the file that tensors are views of, if one was opened

  static SafetensorsFile open(const Path& path);
  // `name` is used in messages; `owner` keeps the bytes alive.
  static SafetensorsFile parse(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                               std::string_view name);
  const Tensor* find_tensor(std::string_view name) const;
};

// Atomically; f32 tensors first, so that all are aligned, otherwise in the order given.
void write_safetensors(const std::vector<Tensor>& tensors, const SafetensorsMetadata& metadata,
                       const Path& path);

}  // namespace fulcrum
