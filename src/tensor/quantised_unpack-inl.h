// Quantised panels to unsigned bytes and f32 scales, in registers or up to 256 inputs into a buffer. Included
// once per instruction set (Highway's foreach_target); not a header for anything else.
#include <cstdint>
#include <type_traits>
#include <utility>

#include "hwy/highway.h"
#include "tensor/q6_k_words.h"
#include "tensor/quantised_panels.h"

// Not #pragma once: the file is meant to be read again for each instruction set.
#if defined(FULCRUM_TENSOR_QUANTISED_UNPACK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FULCRUM_TENSOR_QUANTISED_UNPACK_INL_H_
#undef FULCRUM_TENSOR_QUANTISED_UNPACK_INL_H_
#else
#define FULCRUM_TENSOR_QUANTISED_UNPACK_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace fulcrum {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

inline constexpr int kOutputs = kQuantisedPanelOutputs;
inline constexpr int kChunkInputs = 256;
inline constexpr int kChunkGroups = kChunkInputs / 16;

// Groups of 32 outputs by 16 or 32 inputs. quants[g] is [group_elements / 4][32] words of four inputs.
struct UnpackedChunk {
  const std::uint32_t* quants[kChunkGroups];
  alignas(64) float scales[kChunkGroups * kOutputs];
  alignas(64) float minima[kChunkGroups * kOutputs];
  alignas(64) std::uint32_t words[kChunkInputs / 4 * kOutputs];
};

namespace quantised_unpack_detail {

using WordTag = hn::ScalableTag<std::uint32_t>;
using FloatTag = hn::ScalableTag<float>;
using WordVector = hn::Vec<WordTag>;
using FloatVector = hn::Vec<FloatTag>;
inline constexpr int kLanes = static_cast<int>(hn::MaxLanes(WordTag()));

// The fields of one record, 32 outputs wide.
struct Record {
  const std::uint32_t* words;
  const hwy::float16_t* halves;
  const std::int8_t* bytes;

  Record(const PanelFormat& format, const std::byte* record)
      : words(reinterpret_cast<const std::uint32_t*>(record)),
        halves(reinterpret_cast<const hwy::float16_t*>(words + format.words * kOutputs)),
        bytes(reinterpret_cast<const std::int8_t*>(halves + format.halves * kOutputs)) {}

  HWY_INLINE WordVector word(int i, int column) const {
    return hn::LoadU(WordTag(), words + i * kOutputs + column);
  }
  HWY_INLINE FloatVector half(int i, int column) const {
    return hn::PromoteTo(FloatTag(),
                         hn::LoadU(hn::Rebind<hwy::float16_t, FloatTag>(), halves + i * kOutputs + column));
  }
  HWY_INLINE hn::Vec<hn::RebindToSigned<FloatTag>> byte(int i, int column) const {
    return hn::PromoteTo(hn::RebindToSigned<FloatTag>(),
                         hn::LoadU(hn::Rebind<std::int8_t, FloatTag>(), bytes + i * kOutputs + column));
  }
};

HWY_INLINE WordVector low_halves(WordVector words) {
  return hn::And(words, hn::Set(WordTag(), 0x0F0F0F0Fu));
}
HWY_INLINE WordVector high_halves(WordVector words) {
  return low_halves(hn::ShiftRight<4>(words));
}
// Bits kFirst to kFirst + 1, or kFirst alone, of each byte.
template <int kFirst>
HWY_INLINE WordVector two_bits(WordVector words) {
  return hn::And(hn::ShiftRight<kFirst>(words), hn::Set(WordTag(), 0x03030303u));
}
template <int kFirst>
HWY_INLINE WordVector one_bit(WordVector words) {
  return hn::And(hn::ShiftRight<kFirst>(words), hn::Set(WordTag(), 0x01010101u));
}

// body(0), body(1), ... as compile-time constants: shifts by a constant are one instruction.
template <typename Body, int... kIndices>
HWY_INLINE void unrolled(std::integer_sequence<int, kIndices...>, const Body& body) {
  (body(std::integral_constant<int, kIndices>()), ...);
}
using FourTimes = std::make_integer_sequence<int, 4>;

// Calls put(group, step, vector, words) for the block's quants, in a lane for each of the columns: the group
// a compile-time constant, step counting the group's words of four inputs, vector counting kCount vectors of
// columns from `column` on.
template <DType kType, int kCount, typename Put>
HWY_INLINE void unpack_quants(const Record& from, int column, const Put& put) {
  constexpr std::integral_constant<int, 0> kOnlyGroup;
  const auto each = [&](const auto& body) HWY_ATTR {
    for (int v = 0; v < kCount; ++v) {
      body(v, [&](int i) HWY_ATTR { return from.word(i, column + v * kLanes); });
    }
  };
  if constexpr (kType == DType::q8_0) {
    for (int s = 0; s < 8; ++s)
      each([&](int v, const auto& word) HWY_ATTR { put(kOnlyGroup, s, v, word(s)); });
  } else if constexpr (kType == DType::q4_0 || kType == DType::q4_1) {
    for (int s = 0; s < 4; ++s) {
      each([&](int v, const auto& word) HWY_ATTR {
        const auto quants = word(s);
        put(kOnlyGroup, s, v, low_halves(quants));
        put(kOnlyGroup, s + 4, v, high_halves(quants));
      });
    }
  } else if constexpr (kType == DType::q5_0 || kType == DType::q5_1) {
    unrolled(FourTimes(), [&](auto s) HWY_ATTR {
      each([&](int v, const auto& word) HWY_ATTR {
        const auto quants = word(s), high = word(4);
        put(kOnlyGroup, s, v, hn::Or(low_halves(quants), hn::ShiftLeft<4>(one_bit<s>(high))));
        put(kOnlyGroup, s + 4, v, hn::Or(high_halves(quants), hn::ShiftLeft<4>(one_bit<s + 4>(high))));
      });
    });
  } else if constexpr (kType == DType::q2_k || kType == DType::q3_k) {
    // i: which half of the block, and within it which half of each 32 elements.
    unrolled(FourTimes(), [&](auto i) HWY_ATTR {
      constexpr int kHalf = i / 2, kPart = i % 2;
      for (int s = 0; s < 4; ++s) {
        each([&](int v, const auto& word) HWY_ATTR {
          const auto quants = word(kHalf * 8 + kPart * 4 + s);
          unrolled(FourTimes(), [&](auto pair) HWY_ATTR {
            auto q = two_bits<2 * pair>(quants);
            if constexpr (kType == DType::q3_k) {
              q = hn::Or(q, hn::ShiftLeft<2>(one_bit<kHalf * 4 + pair>(word(16 + kPart * 4 + s))));
            }
            put(std::integral_constant<int, kHalf * 8 + pair * 2 + kPart>(), s, v, q);
          });
        });
      }
    });
  } else if constexpr (kType == DType::q4_k || kType == DType::q5_k) {
    unrolled(FourTimes(), [&](auto i) HWY_ATTR {
      for (int s = 0; s < 8; ++s) {
        each([&](int v, const auto& word) HWY_ATTR {
          const auto quants = word(i * 8 + s);
          auto low = low_halves(quants), high = high_halves(quants);
          if constexpr (kType == DType::q5_k) {
            const auto fifth = word(32 + s);
            low = hn::Or(low, hn::ShiftLeft<4>(one_bit<2 * i>(fifth)));
            high = hn::Or(high, hn::ShiftLeft<4>(one_bit<2 * i + 1>(fifth)));
          }
          put(std::integral_constant<int, 2 * i>(), s, v, low);
          put(std::integral_constant<int, 2 * i + 1>(), s, v, high);
        });
      }
    });
  } else {
    static_assert(kType == DType::q6_k);
    unrolled(FourTimes(), [&](auto i) HWY_ATTR {
      constexpr int kHalf = i / 2, kPart = i % 2, kFirst = kHalf * 8 + kPart;
      for (int s = 0; s < 4; ++s) {
        each([&](int v, const auto& word) HWY_ATTR {
          const int at = q6_k_word(i, s);
          const auto first = word(at), second = word(at + 1), high = word(at + 2);
          const auto put_pair = [&](auto pair, WordVector low) HWY_ATTR {
            put(std::integral_constant<int, kFirst + 2 * pair>(), s, v,
                hn::Or(low, hn::ShiftLeft<4>(two_bits<2 * pair>(high))));
          };
          put_pair(std::integral_constant<int, 0>(), low_halves(first));
          put_pair(std::integral_constant<int, 1>(), low_halves(second));
          put_pair(std::integral_constant<int, 2>(), high_halves(first));
          put_pair(std::integral_constant<int, 3>(), high_halves(second));
        });
      }
    });
  }
}

// Scale and minimum of a group, products rounded to f32 as the formats say. `d` and `d_min` are the block's
// own.
struct BlockScales {
  FloatVector d, d_min;
};
template <DType kType>
HWY_INLINE BlockScales block_scales(const Record& from, int column) {
  const auto d = from.half(0, column);
  if constexpr (panel_format(kType).halves == 2) return {d, from.half(1, column)};
  return {d, hn::Zero(FloatTag())};
}
template <DType kType>
HWY_INLINE FloatVector group_scale(const Record& from, const BlockScales& block, int group, int column) {
  if constexpr (panel_format(kType).bytes == 0) {
    return block.d;
  } else {
    auto scale = from.byte(group, column);
    if constexpr (kType == DType::q2_k) scale = hn::And(scale, hn::Set(hn::RebindToSigned<FloatTag>(), 15));
    return hn::Mul(block.d, hn::ConvertTo(FloatTag(), scale));
  }
}
template <DType kType>
HWY_INLINE FloatVector group_minimum(const Record& from, const BlockScales& block, int group, int column) {
  if constexpr (panel_format(kType).bytes == 0) {
    return hn::Neg(block.d_min);  // q4_1 and q5_1 add theirs
  } else if constexpr (kType == DType::q2_k) {
    const auto minimum = hn::ShiftRight<4>(from.byte(group, column));
    return hn::Mul(block.d_min,
                   hn::ConvertTo(FloatTag(), hn::And(minimum, hn::Set(hn::RebindToSigned<FloatTag>(), 15))));
  } else {
    return hn::Mul(block.d_min, hn::ConvertTo(FloatTag(), from.byte(8 + group, column)));
  }
}

template <DType kType>
void unpack_block(const std::byte* record, int first_input, UnpackedChunk& to) {
  constexpr PanelFormat kFormat = panel_format(kType);
  constexpr int kGroups = kFormat.block_elements / kFormat.group_elements,
                kSteps = kFormat.group_elements / 4;
  const Record from(kFormat, record);
  const int first_group = first_input / kFormat.group_elements;
  std::uint32_t* words = to.words + first_input / 4 * kOutputs;
  for (int g = 0; g < kGroups; ++g) {
    to.quants[first_group + g] = (kType == DType::q8_0 ? from.words : words) + g * kSteps * kOutputs;
  }
  for (int column = 0; column < kOutputs; column += kLanes) {
    const BlockScales block = block_scales<kType>(from, column);
    for (int g = 0; g < kGroups; ++g) {
      const int at = (first_group + g) * kOutputs + column;
      hn::StoreU(group_scale<kType>(from, block, g, column), FloatTag(), to.scales + at);
      if constexpr (kFormat.has_minimum) {
        hn::StoreU(group_minimum<kType>(from, block, g, column), FloatTag(), to.minima + at);
      }
    }
    if constexpr (kType != DType::q8_0) {
      unpack_quants<kType, 1>(from, column, [&](auto group, int step, int, WordVector quants) HWY_ATTR {
        hn::StoreU(quants, WordTag(), words + (group * kSteps + step) * kOutputs + column);
      });
    }
  }
}

}  // namespace quantised_unpack_detail

}  // namespace HWY_NAMESPACE
}  // namespace fulcrum
HWY_AFTER_NAMESPACE();

#endif  // FULCRUM_TENSOR_QUANTISED_UNPACK_INL_H_
