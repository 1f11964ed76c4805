#include "tensor/super_blocks.h"

#include <cstring>

#include "base/error.h"

namespace fulcrum {
namespace {

int byte_at(const std::byte* bytes, std::size_t i) {
  return std::to_integer<int>(bytes[i]);
}

float half_at(const std::byte* from) {
  std::uint16_t bits;
  std::memcpy(&bits, from, sizeof(bits));
  return f16_to_f32(bits);
}

// Bits [first, first + count) of a byte.
int bits_of(int byte, std::size_t first, int count) {
  return (byte >> first) & ((1 << count) - 1);
}

// 2-bit quants: 32 bytes for 128 elements, a byte's four pairs of bits being elements 32 apart.
int two_bits(const std::byte* quants, std::size_t i) {
  return bits_of(byte_at(quants, i / 128 * 32 + i % 32), i % 128 / 32 * 2, 2);
}

// 4-bit quants of q4_k and q5_k: 32 bytes for 64 elements, the low halves first.
int four_bits(const std::byte* quants, std::size_t i) {
  return bits_of(byte_at(quants, i / 64 * 32 + i % 32), i % 64 / 32 * 4, 4);
}

// One bit for each element: bit i/32 of byte i%32.
int one_bit(const std::byte* bits, std::size_t i) {
  return bits_of(byte_at(bits, i % 32), i / 32, 1);
}

// q6_k's low bits: 64 bytes for 128 elements, the low halves first.
int low_four_bits(const std::byte* quants, std::size_t i) {
  return bits_of(byte_at(quants, i / 128 * 64 + i % 64), i % 128 / 64 * 4, 4);
}

int quant_at(DType dtype, const SuperBlockLayout& at, const std::byte* block, std::size_t i) {
  const std::byte* quants = block + at.quants;
  const std::byte* high = block + at.high_bits;
  switch (dtype) {
    case DType::q2_k:
      return two_bits(quants, i);
    case DType::q3_k:
      return (two_bits(quants, i) | one_bit(high, i) << 2) - 4;
    case DType::q4_k:
      return four_bits(quants, i);
    case DType::q5_k:
      return four_bits(quants, i) | one_bit(high, i) << 4;
    default:
      return (low_four_bits(quants, i) | two_bits(high, i) << 4) - 32;
  }
}

}  // namespace

SuperBlockLayout super_block_layout(DType dtype) {
  switch (dtype) {
    case DType::q2_k:
      return {.d = 80, .d_min = 82, .scales = 0, .high_bits = -1, .quants = 16, .group_elements = 16};
    case DType::q3_k:
      return {.d = 108, .d_min = -1, .scales = 96, .high_bits = 0, .quants = 32, .group_elements = 16};
    case DType::q4_k:
      return {.d = 0, .d_min = 2, .scales = 4, .high_bits = -1, .quants = 16, .group_elements = 32};
    case DType::q5_k:
      return {.d = 0, .d_min = 2, .scales = 4, .high_bits = 16, .quants = 48, .group_elements = 32};
    case DType::q6_k:
      return {.d = 208, .d_min = -1, .scales = 192, .high_bits = 128, .quants = 0, .group_elements = 16};
    default:
      throw_error(ErrorCode::internal, "a block of 256: {} has none", to_string(dtype));
  }
}

GroupScales read_group_scales(DType dtype, const std::byte* block) {
  GroupScales result{};
  const std::byte* from = block + super_block_layout(dtype).scales;
  const auto set = [&](std::size_t group, int scale, int minimum) {
    result.scales[group] = static_cast<std::int8_t>(scale);
    result.minima[group] = static_cast<std::int8_t>(minimum);
  };
  switch (dtype) {
    case DType::q2_k:  // a scale and a minimum in each byte
      for (std::size_t i = 0; i < 16; ++i) set(i, byte_at(from, i) & 15, byte_at(from, i) >> 4);
      break;
    case DType::q3_k:  // low 4 bits in 8 bytes, high 2 bits in the 4 bytes behind them
      for (std::size_t i = 0; i < 16; ++i) {
        const int low = bits_of(byte_at(from, i % 8), i / 8 * 4, 4);
        set(i, (low | bits_of(byte_at(from, 8 + i % 4), i / 4 * 2, 2) << 4) - 32, 0);
      }
      break;
    case DType::q4_k:
    case DType::q5_k:
      for (std::size_t i = 0; i < 4; ++i) {
        // Bytes 0 to 3 and 4 to 7: scales and minima of groups 0 to 3 in their low 6 bits, the high 2 bits of
        // those of groups 4 to 7 above them; bytes 8 to 11: the low 4 bits of the latter.
        const int scale = byte_at(from, i), minimum = byte_at(from, i + 4), low = byte_at(from, i + 8);
        set(i, scale & 63, minimum & 63);
        set(i + 4, (low & 15) | scale >> 6 << 4, low >> 4 | minimum >> 6 << 4);
      }
      break;
    default:
      std::memcpy(result.scales, from, sizeof(result.scales));
      break;
  }
  return result;
}

void decode_super_block(DType dtype, const std::byte* block, std::span<float> values) {
  const SuperBlockLayout at = super_block_layout(dtype);
  const GroupScales groups = read_group_scales(dtype, block);
  const float d = half_at(block + at.d);
  const float d_min = at.d_min < 0 ? 0.0f : half_at(block + at.d_min);
  for (std::size_t i = 0; i < kSuperBlockElements; ++i) {
    const std::size_t group = i / static_cast<std::size_t>(at.group_elements);
    const float scaled =
        d * static_cast<float>(groups.scales[group]) * static_cast<float>(quant_at(dtype, at, block, i));
    values[i] = at.d_min < 0 ? scaled : scaled - d_min * static_cast<float>(groups.minima[group]);
  }
}

}  // namespace fulcrum
