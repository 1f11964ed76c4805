#include "tensor/tensor.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/error.h"
#include "tensor/quantised_blocks.h"

namespace fulcrum {
namespace {

// Files give no promise of alignment beyond their format's, so single values are copied out.
template <typename T>
T load(const std::byte* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

template <typename T>
void store(std::byte* bytes, T value) {
  std::memcpy(bytes, &value, sizeof(T));
}

template <typename T, typename Decode>
void decode_values(std::span<const std::byte> bytes, std::span<float> values, Decode decode) {
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = decode(load<T>(bytes.data() + i * sizeof(T)));
}

// Bytes that `tensor` must have; also checks that its rows fill whole blocks.
std::int64_t expected_bytes(DType dtype, const Shape& shape) {
  const std::int64_t elements = element_count(shape);
  const std::int64_t row = shape.empty() ? 1 : shape.back();
  row_bytes(dtype, row);
  return row_bytes(dtype, elements);
}

void check_bytes(const Tensor& tensor) {
  const std::int64_t expected = expected_bytes(tensor.dtype, tensor.shape);
  if (static_cast<std::int64_t>(tensor.bytes.size()) != expected) {
    throw_error(ErrorCode::corrupt, "tensor {} {} of {}: expected {} bytes, found {}", tensor.name,
                to_string(tensor.shape), to_string(tensor.dtype), expected, tensor.bytes.size());
  }
}

struct OwnedBytes {
  Tensor tensor;
  std::byte* bytes = nullptr;
};

OwnedBytes make_bytes(std::string name, DType dtype, Shape shape) {
  const auto size = static_cast<std::size_t>(expected_bytes(dtype, shape));
  // 64: a cache line, and the widest vector.
  constexpr std::align_val_t kAlignment{64};
  const std::size_t allocated = std::max<std::size_t>(size, 1);
  auto* data = static_cast<std::byte*>(::operator new(allocated, kAlignment));
  std::shared_ptr<const void> owner(
      data, [](const void* memory) { ::operator delete (const_cast<void*>(memory), std::align_val_t{64}); });
  std::memset(data, 0, allocated);
  return {{std::move(name), dtype, std::move(shape), {data, size}, std::move(owner)}, data};
}

}  // namespace

std::int64_t element_count(const Shape& shape) {
  for (const std::int64_t extent : shape) {
    if (extent < 0)
      throw_error(ErrorCode::corrupt, "shape {}: extent {} is negative", to_string(shape), extent);
  }
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return 0;
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) {
    if (__builtin_mul_overflow(count, extent, &count)) {
      throw_error(ErrorCode::too_large, "shape {}: the number of elements does not fit into 63 bits",
                  to_string(shape));
    }
  }
  return count;
}

std::string to_string(const Shape& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

std::span<const float> Tensor::f32() const {
  if (dtype != DType::f32) {
    throw_error(ErrorCode::internal, "tensor {}: read as f32, but it holds {}", name, to_string(dtype));
  }
  check_bytes(*this);
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % alignof(float) != 0) {
    throw_error(ErrorCode::internal, "tensor {}: its bytes are not aligned for f32; copy them first", name);
  }
  return {reinterpret_cast<const float*>(bytes.data()), bytes.size() / sizeof(float)};
}

OwnedTensor make_f32(std::string name, Shape shape) {
  OwnedBytes made = make_bytes(std::move(name), DType::f32, std::move(shape));
  const std::size_t count = made.tensor.bytes.size() / sizeof(float);
  return {std::move(made.tensor), {reinterpret_cast<float*>(made.bytes), count}};
}

Tensor to_f32(const Tensor& tensor) {
  check_bytes(tensor);
  OwnedTensor result = make_f32(tensor.name, tensor.shape);
  const auto from = tensor.bytes;
  const auto to = result.values;
  switch (tensor.dtype) {
    case DType::f32:
      if (!from.empty()) std::memcpy(to.data(), from.data(), from.size());
      break;
    case DType::f16:
      decode_values<std::uint16_t>(from, to, f16_to_f32);
      break;
    case DType::bf16:
      decode_values<std::uint16_t>(from, to, bf16_to_f32);
      break;
    case DType::i8:
      decode_values<std::int8_t>(from, to, [](auto v) { return static_cast<float>(v); });
      break;
    case DType::u8:
      decode_values<std::uint8_t>(from, to, [](auto v) { return static_cast<float>(v); });
      break;
    case DType::i16:
      decode_values<std::int16_t>(from, to, [](auto v) { return static_cast<float>(v); });
      break;
    case DType::i32:
      decode_values<std::int32_t>(from, to, [](auto v) { return static_cast<float>(v); });
      break;
    case DType::i64:
      decode_values<std::int64_t>(from, to, [](auto v) { return static_cast<float>(v); });
      break;
    case DType::f64:
      decode_values<double>(from, to, [](auto v) { return static_cast<float>(v); });
      break;
    default:
      decode_blocks(tensor.dtype, from, to);
      break;
  }
  return std::move(result.tensor);
}

Tensor convert(const Tensor& tensor, DType dtype) {
  if (dtype != DType::f32 && dtype != DType::f16 && dtype != DType::bf16 && !is_encodable(dtype)) {
    throw_error(ErrorCode::unsupported,
                "converting tensor {} to {}: f32, f16, bf16, q8_0, q4_0, q5_0, q4_k and q6_k can be written",
                tensor.name, to_string(dtype));
  }
  const Tensor source = to_f32(tensor);
  if (dtype == DType::f32) return source;
  OwnedBytes result = make_bytes(tensor.name, dtype, tensor.shape);
  const auto values = source.f32();
  if (is_quantised(dtype)) {
    encode_blocks(dtype, values, {result.bytes, result.tensor.bytes.size()});
  } else {
    const auto encode = dtype == DType::f16 ? f32_to_f16 : f32_to_bf16;
    for (std::size_t i = 0; i < values.size(); ++i) store(result.bytes + 2 * i, encode(values[i]));
  }
  return std::move(result.tensor);
}

std::int64_t find_not_finite(std::span<const float> values) {
  // Blocks without an early exit vectorise; only a bad block is searched.
  constexpr std::size_t kBlock = 1024;
  for (std::size_t first = 0; first < values.size(); first += kBlock) {
    const std::size_t last = std::min(first + kBlock, values.size());
    std::uint32_t bad = 0;
    for (std::size_t i = first; i < last; ++i) {
      bad |= (std::bit_cast<std::uint32_t>(values[i]) & 0x7F800000u) == 0x7F800000u ? 1u : 0u;
    }
    if (bad == 0) continue;
    for (std::size_t i = first; i < last; ++i) {
      if (!std::isfinite(values[i])) return static_cast<std::int64_t>(i);
    }
  }
  return -1;
}

}  // namespace fulcrum
