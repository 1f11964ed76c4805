#include "tensor/dtype.h"

#include <bit>

#include "base/error.h"

namespace fulcrum {

std::string_view to_string(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return "f32";
    case DType::f16:
      return "f16";
    case DType::bf16:
      return "bf16";
    case DType::q8_0:
      return "q8_0";
    case DType::i8:
      return "i8";
    case DType::i16:
      return "i16";
    case DType::i32:
      return "i32";
    case DType::i64:
      return "i64";
    case DType::u8:
      return "u8";
    case DType::f64:
      return "f64";
    case DType::q4_0:
      return "q4_0";
    case DType::q4_1:
      return "q4_1";
    case DType::q5_0:
      return "q5_0";
    case DType::q5_1:
      return "q5_1";
    case DType::q2_k:
      return "q2_k";
    case DType::q3_k:
      return "q3_k";
    case DType::q4_k:
      return "q4_k";
    case DType::q5_k:
      return "q5_k";
    case DType::q6_k:
      return "q6_k";
  }
  return "unknown";
}

bool is_quantised(DType dtype) {
  return block_elements(dtype) > 1;
}

std::int64_t block_elements(DType dtype) {
  switch (dtype) {
    case DType::q4_0:
    case DType::q4_1:
    case DType::q5_0:
    case DType::q5_1:
    case DType::q8_0:
      return 32;
    case DType::q2_k:
    case DType::q3_k:
    case DType::q4_k:
    case DType::q5_k:
    case DType::q6_k:
      return 256;
    default:
      return 1;
  }
}

std::int64_t block_bytes(DType dtype) {
  switch (dtype) {
    case DType::i8:
    case DType::u8:
      return 1;
    case DType::f16:
    case DType::bf16:
    case DType::i16:
      return 2;
    case DType::f32:
    case DType::i32:
      return 4;
    case DType::i64:
    case DType::f64:
      return 8;
    // Of the blocks: bytes of scales and minima, of the quants' high bits where they stand apart, of the
    // quants.
    case DType::q4_0:
      return 2 + 16;
    case DType::q4_1:
      return 2 + 2 + 16;
    case DType::q5_0:
      return 2 + 4 + 16;
    case DType::q5_1:
      return 2 + 2 + 4 + 16;
    case DType::q8_0:
      return 2 + 32;
    case DType::q2_k:
      return 16 + 2 + 2 + 64;
    case DType::q3_k:
      return 12 + 2 + 32 + 64;
    case DType::q4_k:
      return 12 + 2 + 2 + 128;
    case DType::q5_k:
      return 12 + 2 + 2 + 32 + 128;
    case DType::q6_k:
      return 16 + 2 + 64 + 128;
  }
  throw_error(ErrorCode::internal, "block_bytes: unknown dtype {}", static_cast<int>(dtype));
}

std::int64_t row_bytes(DType dtype, std::int64_t elements) {
  const std::int64_t block = block_elements(dtype);
  if (elements < 0 || elements % block != 0) {
    throw_error(ErrorCode::invalid_argument,
                "a row of {} {} elements does not fill whole blocks of {}; use another dtype for it",
                elements, to_string(dtype), block);
  }
  std::int64_t bytes = 0;
  if (__builtin_mul_overflow(elements / block, block_bytes(dtype), &bytes)) {
    throw_error(ErrorCode::too_large, "a row of {} {} elements does not fit into 63 bits of bytes", elements,
                to_string(dtype));
  }
  return bytes;
}

float f16_to_f32(std::uint16_t bits) {
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000u) << 16;
  const std::uint32_t exponent = (bits >> 10) & 0x1Fu;
  const std::uint32_t mantissa = bits & 0x3FFu;
  if (exponent == 0x1F) return std::bit_cast<float>(sign | 0x7F800000u | (mantissa << 13));
  if (exponent == 0) {
    // Zero or subnormal: mantissa * 2^-24 is exact in binary32.
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(magnitude));
  }
  return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (mantissa << 13));
}

std::uint16_t f32_to_f16(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000u);
  const std::uint32_t magnitude = bits & 0x7FFFFFFFu;
  if (magnitude > 0x7F800000u) return static_cast<std::uint16_t>(sign | 0x7E00u);  // NaN
  if (magnitude >= 0x477FF000u)
    return static_cast<std::uint16_t>(sign | 0x7C00u);  // 65520 and up round to infinity
  if (magnitude < 0x38800000u) {
    // Below 2^-14 the result is a multiple of 2^-24. Adding 0.5 puts that multiple into the low bits of the
    // sum's mantissa, and the addition itself rounds to nearest even.
    const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3F000000u));
  }
  const std::uint32_t odd = (magnitude >> 13) & 1u;
  const std::uint32_t rounded = magnitude - (112u << 23) + 0xFFFu + odd;
  return static_cast<std::uint16_t>(sign | (rounded >> 13));
}

float bf16_to_f32(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

std::uint16_t f32_to_bf16(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7FFFFFFFu) > 0x7F800000u) return static_cast<std::uint16_t>((bits >> 16) | 0x40u);
  return static_cast<std::uint16_t>((bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16);
}

}  // namespace fulcrum
