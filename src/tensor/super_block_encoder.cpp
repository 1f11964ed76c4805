#include "tensor/super_block_encoder.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "base/error.h"
#include "tensor/scale_search.h"
#include "tensor/super_blocks.h"

namespace fulcrum {
namespace {

float store_half(std::byte* to, float value) {
  const std::uint16_t bits = f32_to_f16(value);
  std::memcpy(to, &bits, sizeof(bits));
  return f16_to_f32(bits);
}

void or_byte(std::byte& byte, int bits) {
  byte |= static_cast<std::byte>(bits);
}

int rounded(float value, int low, int high) {
  return static_cast<int>(
      std::clamp(std::nearbyint(value), static_cast<float>(low), static_cast<float>(high)));
}

// Large weights matter more to a model than their share in the plain squared error; a group's own size keeps
// the small ones in play.
template <std::size_t kCount>
std::array<float, kCount> error_weights(std::span<const float> values) {
  float squares = 0;
  for (const float value : values) squares += value * value;
  const float size = std::sqrt(squares / static_cast<float>(kCount));
  std::array<float, kCount> weights;
  for (std::size_t i = 0; i < kCount; ++i) weights[i] = size + std::fabs(values[i]);
  return weights;
}

void encode_q4_k(std::span<const float> values, std::byte* block) {
  constexpr std::size_t kGroup = 32, kGroups = kSuperBlockElements / kGroup;
  constexpr int kMostScale = 63, kMostQuant = 15;
  const SuperBlockLayout at = super_block_layout(DType::q4_k);
  std::array<ScaleAndMinimum, kGroups> wanted;
  float largest_scale = 0, largest_minimum = 0;
  for (std::size_t g = 0; g < kGroups; ++g) {
    const auto group = values.subspan(g * kGroup, kGroup);
    wanted[g] = search_scale_and_minimum(group, error_weights<kGroup>(group), kMostQuant);
    largest_scale = std::max(largest_scale, wanted[g].scale);
    largest_minimum = std::max(largest_minimum, wanted[g].minimum);
  }
  const float d = store_half(block + at.d, largest_scale / kMostScale);
  const float d_min = store_half(block + at.d_min, largest_minimum / kMostScale);
  for (std::size_t g = 0; g < kGroups; ++g) {
    const int s = d > 0 ? rounded(wanted[g].scale / d, 0, kMostScale) : 0;
    const int m = d_min > 0 ? rounded(wanted[g].minimum / d_min, 0, kMostScale) : 0;
    std::byte* scales = block + at.scales + g % 4;
    if (g < 4) {
      or_byte(scales[0], s);
      or_byte(scales[4], m);
    } else {
      or_byte(scales[0], s >> 4 << 6);
      or_byte(scales[4], m >> 4 << 6);
      or_byte(scales[8], (s & 15) | (m & 15) << 4);
    }
    const float scale = d * static_cast<float>(s), minimum = d_min * static_cast<float>(m);
    for (std::size_t i = 0; i < kGroup && scale > 0; ++i) {
      const int q = rounded((values[g * kGroup + i] + minimum) / scale, 0, kMostQuant);
      or_byte(block[static_cast<std::size_t>(at.quants) + g / 2 * kGroup + i], q << (g % 2 * 4));
    }
  }
}

void encode_q6_k(std::span<const float> values, std::byte* block) {
  constexpr std::size_t kGroup = 16, kGroups = kSuperBlockElements / kGroup;
  constexpr int kMost = 32;
  const SuperBlockLayout at = super_block_layout(DType::q6_k);
  std::array<float, kGroups> wanted;
  float extreme = 0;
  for (std::size_t g = 0; g < kGroups; ++g) {
    const auto group = values.subspan(g * kGroup, kGroup);
    wanted[g] = search_scale(group, error_weights<kGroup>(group), kMost);
    if (std::fabs(wanted[g]) > std::fabs(extreme)) extreme = wanted[g];
  }
  const float d = store_half(block + at.d, extreme / -128.0f);
  for (std::size_t g = 0; g < kGroups; ++g) {
    const int s = d != 0 ? rounded(wanted[g] / d, -128, 127) : 0;
    block[static_cast<std::size_t>(at.scales) + g] = static_cast<std::byte>(static_cast<std::int8_t>(s));
    const float scale = d * static_cast<float>(s);
    for (std::size_t j = 0; j < kGroup; ++j) {
      const std::size_t i = g * kGroup + j;
      const int q =
          scale != 0 && std::isfinite(scale) ? rounded(values[i] / scale, -kMost, kMost - 1) + kMost : kMost;
      or_byte(block[static_cast<std::size_t>(at.quants) + i / 128 * 64 + i % 64], (q & 15)
                                                                                      << (i % 128 / 64 * 4));
      or_byte(block[static_cast<std::size_t>(at.high_bits) + i / 128 * 32 + i % 32],
              q >> 4 << (i % 128 / 32 * 2));
    }
  }
}

}  // namespace

void encode_super_block(DType dtype, std::span<const float> values, std::byte* block) {
  std::memset(block, 0, static_cast<std::size_t>(block_bytes(dtype)));
  // Not NaN, not infinite, and with squares that f32 can hold; beyond it no f16 scale would do either.
  constexpr float kLargest = 1e15f;
  if (!std::all_of(values.begin(), values.end(), [](float value) { return std::fabs(value) <= kLargest; })) {
    store_half(block + super_block_layout(dtype).d, std::numeric_limits<float>::quiet_NaN());
    return;
  }
  switch (dtype) {
    case DType::q4_k:
      return encode_q4_k(values, block);
    case DType::q6_k:
      return encode_q6_k(values, block);
    default:
      throw_error(ErrorCode::internal, "encoding a block of 256: {} is not written", to_string(dtype));
  }
}

}  // namespace fulcrum
