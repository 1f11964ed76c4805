// Element types as they stand in GGUF and safetensors files, and the conversions of single values.
//
// Sources: IEEE 754 binary16; bfloat16 = the upper half of binary32. The quantised types are ggml's blocks,
// of 32 elements (q4_0 to q8_0, tensor/small_blocks.h) or of 256 (q2_k to q6_k, tensor/super_blocks.h).
#pragma once

#include <cstdint>
#include <string_view>

namespace fulcrum {

enum class DType {
  f32,
  f16,
  bf16,
  q8_0,
  i8,
  i16,
  i32,
  i64,
  u8,
  f64,
  q4_0,
  q4_1,
  q5_0,
  q5_1,
  q2_k,
  q3_k,
  q4_k,
  q5_k,
  q6_k
};

std::string_view to_string(DType dtype);
// Whether a row is made of blocks that share scales: q4_0 to q8_0 and q2_k to q6_k.
bool is_quantised(DType dtype);

// Elements in a block (1 but for quantised types) and bytes of a block.
std::int64_t block_elements(DType dtype);
std::int64_t block_bytes(DType dtype);
// Bytes of a row of `elements`; Error(invalid_argument) if they do not fill whole blocks.
std::int64_t row_bytes(DType dtype, std::int64_t elements);

float f16_to_f32(std::uint16_t bits);
std::uint16_t f32_to_f16(float value);  // to nearest even, overflow to infinity
float bf16_to_f32(std::uint16_t bits);
std::uint16_t f32_to_bf16(float value);  // to nearest even, NaN stays NaN

}  // namespace fulcrum
