#include "tensor/small_blocks.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "base/error.h"
#include "tensor/scale_search.h"

namespace fulcrum {
namespace {

constexpr std::size_t kHalf = kSmallBlockElements / 2;

std::uint16_t load_half(const std::byte* from) {
  std::uint16_t bits;
  std::memcpy(&bits, from, sizeof(bits));
  return bits;
}

void store_half(std::byte* to, float value) {
  const std::uint16_t bits = f32_to_f16(value);
  std::memcpy(to, &bits, sizeof(bits));
}

std::uint32_t load_word(const std::byte* from) {
  std::uint32_t word;
  std::memcpy(&word, from, sizeof(word));
  return word;
}

// Element i of 32 nibbles.
int nibble(const std::byte* quants, std::size_t i) {
  const int both = std::to_integer<int>(quants[i % kHalf]);
  return i < kHalf ? both & 15 : both >> 4;
}

int high_bit(std::uint32_t bits, std::size_t i) {
  return static_cast<int>((bits >> i) & 1u) << 4;
}

void encode_q8_0(std::span<const float> values, std::byte* block) {
  float largest = 0;
  for (const float value : values) largest = std::max(largest, std::fabs(value));
  const float scale = largest / 127.0f;
  const float inverse = scale > 0 ? 1.0f / scale : 0.0f;
  store_half(block, scale);
  for (std::size_t i = 0; i < kSmallBlockElements; ++i) {
    const float scaled = std::clamp(std::round(values[i] * inverse), -127.0f, 127.0f);
    block[2 + i] = static_cast<std::byte>(static_cast<std::int8_t>(scaled));
  }
}

// q4_0 and q5_0: `most` is 8 or 16, what is added to make the integers positive.
void encode_symmetric(std::span<const float> values, int most, std::byte* block) {
  std::array<float, kSmallBlockElements> ones;
  ones.fill(1.0f);
  const std::uint16_t scale_bits = f32_to_f16(search_scale(values, ones, most));
  const float scale = f16_to_f32(scale_bits);
  const float inverse = scale != 0 ? 1.0f / scale : 0.0f;
  std::array<std::uint32_t, kSmallBlockElements> quants;
  for (std::size_t i = 0; i < kSmallBlockElements; ++i) {
    const float q = std::clamp(std::nearbyint(values[i] * inverse), static_cast<float>(-most),
                               static_cast<float>(most - 1));
    quants[i] = static_cast<std::uint32_t>(static_cast<int>(q) + most);
  }
  std::memcpy(block, &scale_bits, sizeof(scale_bits));
  block += sizeof(scale_bits);
  if (most == 16) {
    std::uint32_t high = 0;
    for (std::size_t i = 0; i < kSmallBlockElements; ++i) high |= (quants[i] >> 4) << i;
    std::memcpy(block, &high, sizeof(high));
    block += sizeof(high);
  }
  for (std::size_t i = 0; i < kHalf; ++i) {
    block[i] = static_cast<std::byte>((quants[i] & 15u) | (quants[i + kHalf] & 15u) << 4);
  }
}

}  // namespace

void decode_small_block(DType dtype, const std::byte* block, std::span<float> values) {
  const float d = f16_to_f32(load_half(block));
  for (std::size_t i = 0; i < kSmallBlockElements; ++i) {
    switch (dtype) {
      case DType::q4_0:
        values[i] = d * static_cast<float>(nibble(block + 2, i) - 8);
        break;
      case DType::q4_1:
        values[i] = d * static_cast<float>(nibble(block + 4, i)) + f16_to_f32(load_half(block + 2));
        break;
      case DType::q5_0:
        values[i] = d * static_cast<float>((nibble(block + 6, i) | high_bit(load_word(block + 2), i)) - 16);
        break;
      case DType::q5_1:
        values[i] = d * static_cast<float>(nibble(block + 8, i) | high_bit(load_word(block + 4), i)) +
                    f16_to_f32(load_half(block + 2));
        break;
      case DType::q8_0:
        values[i] = d * static_cast<float>(static_cast<std::int8_t>(block[2 + i]));
        break;
      default:
        throw_error(ErrorCode::internal, "decoding a block of 32: {} has none", to_string(dtype));
    }
  }
}

void encode_small_block(DType dtype, std::span<const float> values, std::byte* block) {
  if (!std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); })) {
    std::memset(block, 0, static_cast<std::size_t>(block_bytes(dtype)));
    store_half(block, std::numeric_limits<float>::quiet_NaN());
    return;
  }
  switch (dtype) {
    case DType::q8_0:
      return encode_q8_0(values, block);
    case DType::q4_0:
      return encode_symmetric(values, 8, block);
    case DType::q5_0:
      return encode_symmetric(values, 16, block);
    default:
      throw_error(ErrorCode::internal, "encoding a block of 32: {} is not written", to_string(dtype));
  }
}

}  // namespace fulcrum
