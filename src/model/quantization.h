// A model written again in another type, and what became of each tensor. The choice of types is
// model/storage_types.h's, the file model/model_file.h's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "model/model_file.h"
#include "model/storage_types.h"

namespace fulcrum {

struct QuantizedTensor {
  std::string name;
  Shape shape;
  DType from = DType::f32, to = DType::f32;
  std::string_view reason;    // why it is not the type asked for; empty if it is
  double relative_error = 0;  // root mean squared, of the decoded values, over that of the values
};
struct QuantizationReport {
  std::vector<QuantizedTensor> tensors;            // in file order
  std::int64_t bytes_before = 0, bytes_after = 0;  // of the tensors
};

// Writes `model` as GGUF with its matrices in `type`, norms and biases in f32. A tensor that already has its
// type is copied bit for bit.
QuantizationReport quantize_model_file(const ModelFile& model, DType type, const Path& out);

}  // namespace fulcrum
