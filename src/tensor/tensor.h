// A named, contiguous, row-major array: what files hold and what layers are built from. Not an expression
// graph.
//
// Shape is outermost first ([out, in] for a linear layer), as in safetensors; GGUF stores the reverse and
// formats/ turns it. A Tensor shares ownership of its bytes (a file map or its own memory), so copies are
// cheap and views stay valid.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tensor/dtype.h"

namespace fulcrum {

using Shape = std::vector<std::int64_t>;

// Elements, with checked arithmetic: Error(too_large) on overflow, Error(corrupt) on a negative extent.
std::int64_t element_count(const Shape& shape);
std::string to_string(const Shape& shape);  // "[64, 128]"

struct Tensor {
  std::string name;
  DType dtype = DType::f32;
  Shape shape;
  std::span<const std::byte> bytes;  // row-major
  std::shared_ptr<const void> owner;

  std::int64_t elements() const { return element_count(shape); }
  // Only for dtype f32; Error(internal) otherwise.
  std::span<const float> f32() const;
};

// Zero-filled, owned, writable through the returned span.
struct OwnedTensor {
  Tensor tensor;
  std::span<float> values;
};
OwnedTensor make_f32(std::string name, Shape shape);

// Any dtype decoded to f32 (a copy), and any dtype encoded to f32, f16, bf16, q8_0, q4_0, q5_0, q4_k or q6_k
// (a copy; by way of f32).
Tensor to_f32(const Tensor& tensor);
Tensor convert(const Tensor& tensor, DType dtype);

// Index of the first element that is NaN or infinite; -1 if there is none.
std::int64_t find_not_finite(std::span<const float> values);

// Row-major views of f32 memory, `stride` elements from row to row.
struct ConstMatrix {
  const float* data = nullptr;
  std::int64_t rows = 0, columns = 0, stride = 0;
  const float* row(std::int64_t i) const { return data + i * stride; }
};
struct Matrix {
  float* data = nullptr;
  std::int64_t rows = 0, columns = 0, stride = 0;
  float* row(std::int64_t i) const { return data + i * stride; }
  operator ConstMatrix() const { return {data, rows, columns, stride}; }
};

}  // namespace fulcrum
