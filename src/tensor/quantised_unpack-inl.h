// Quantised panels to unsigned bytes and f32 scales, up to 256 inputs at a time. Included once per
// instruction set (Highway's foreach_target); not a header for anything else.
#include <cstdint>

#include "hwy/highway.h"
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
// Bits `first` to `first` + 1, or `first` alone, of each byte.
HWY_INLINE WordVector two_bits(WordVector words, int first) {
  return hn::And(hn::ShiftRightSame(words, first), hn::Set(WordTag(), 0x03030303u));
}
HWY_INLINE WordVector one_bit(WordVector words, int first) {
  return hn::And(hn::ShiftRightSame(words, first), hn::Set(WordTag(), 0x01010101u));
}

// Calls put(step, words) for the block's quants, four inputs a step, in a lane for each of the columns.
template <DType kType, typename Put>
HWY_INLINE void unpack_quants(const Record& from, int column, const Put& put) {
  const auto word = [&](int i) HWY_ATTR { return from.word(i, column); };
  if constexpr (kType == DType::q4_0 || kType == DType::q4_1) {
    for (int s = 0; s < 4; ++s) {
      put(s, low_halves(word(s)));
      put(s + 4, high_halves(word(s)));
    }
  } else if constexpr (kType == DType::q5_0 || kType == DType::q5_1) {
    const auto high = word(4);
    for (int s = 0; s < 4; ++s) {
      put(s, hn::Or(low_halves(word(s)), hn::ShiftLeft<4>(one_bit(high, s))));
      put(s + 4, hn::Or(high_halves(word(s)), hn::ShiftLeft<4>(one_bit(high, s + 4))));
    }
  } else if constexpr (kType == DType::q2_k || kType == DType::q3_k) {
    for (int i = 0; i < 16; ++i) {
      const auto quants = word(i);
      for (int part = 0; part < 4; ++part) {
        auto q = two_bits(quants, 2 * part);
        if constexpr (kType == DType::q3_k) {
          q = hn::Or(q, hn::ShiftLeft<2>(one_bit(word(16 + i % 8), i / 8 * 4 + part)));
        }
        put(i / 8 * 32 + part * 8 + i % 8, q);
      }
    }
  } else if constexpr (kType == DType::q4_k || kType == DType::q5_k) {
    for (int i = 0; i < 32; ++i) {
      auto low = low_halves(word(i)), high = high_halves(word(i));
      if constexpr (kType == DType::q5_k) {
        const auto fifth = word(32 + i % 8);
        low = hn::Or(low, hn::ShiftLeft<4>(one_bit(fifth, i / 8 * 2)));
        high = hn::Or(high, hn::ShiftLeft<4>(one_bit(fifth, i / 8 * 2 + 1)));
      }
      put(i / 8 * 16 + i % 8, low);
      put(i / 8 * 16 + 8 + i % 8, high);
    }
  } else {
    static_assert(kType == DType::q6_k);
    for (int i = 0; i < 32; ++i) {
      const auto high = word(32 + i / 16 * 8 + i % 8);
      const int first = i / 16 * 32 + i % 16, part = i % 16 / 8 * 2;
      put(first, hn::Or(low_halves(word(i)), hn::ShiftLeft<4>(two_bits(high, part))));
      put(first + 16, hn::Or(high_halves(word(i)), hn::ShiftLeft<4>(two_bits(high, part + 4))));
    }
  }
}

// Scales and minima of the block's groups, products rounded to f32 as the formats say.
template <DType kType>
HWY_INLINE void unpack_scales(const Record& from, int column, float* scales, float* minima) {
  const FloatTag d;
  const auto d_scale = from.half(0, column);
  const auto put = [&](int group, FloatVector scale)
                       HWY_ATTR { hn::StoreU(scale, d, scales + group * kOutputs + column); };
  const auto put_minimum = [&](int group, FloatVector minimum)
                               HWY_ATTR { hn::StoreU(minimum, d, minima + group * kOutputs + column); };
  if constexpr (kType == DType::q4_0 || kType == DType::q5_0 || kType == DType::q8_0) {
    put(0, d_scale);
  } else if constexpr (kType == DType::q4_1 || kType == DType::q5_1) {
    put(0, d_scale);
    put_minimum(0, hn::Neg(from.half(1, column)));
  } else if constexpr (kType == DType::q3_k || kType == DType::q6_k) {
    for (int g = 0; g < 16; ++g) put(g, hn::Mul(d_scale, hn::ConvertTo(d, from.byte(g, column))));
  } else if constexpr (kType == DType::q2_k) {
    const auto d_min = from.half(1, column);
    const auto nibble = hn::Set(hn::RebindToSigned<FloatTag>(), 15);
    for (int g = 0; g < 16; ++g) {
      const auto both = from.byte(g, column);
      put(g, hn::Mul(d_scale, hn::ConvertTo(d, hn::And(both, nibble))));
      put_minimum(g, hn::Mul(d_min, hn::ConvertTo(d, hn::And(hn::ShiftRight<4>(both), nibble))));
    }
  } else {
    const auto d_min = from.half(1, column);
    for (int g = 0; g < 8; ++g) {
      put(g, hn::Mul(d_scale, hn::ConvertTo(d, from.byte(g, column))));
      put_minimum(g, hn::Mul(d_min, hn::ConvertTo(d, from.byte(8 + g, column))));
    }
  }
}

template <DType kType>
void unpack_block(const PanelFormat& format, const std::byte* record, int first_input, UnpackedChunk& to) {
  const Record from(format, record);
  const int group = first_input / format.group_elements;
  const int groups = format.block_elements / format.group_elements;
  std::uint32_t* words = to.words + first_input / 4 * kOutputs;
  for (int g = 0; g < groups; ++g) {
    to.quants[group + g] =
        (kType == DType::q8_0 ? from.words : words) + g * format.group_elements / 4 * kOutputs;
  }
  for (int column = 0; column < kOutputs; column += kLanes) {
    unpack_scales<kType>(from, column, to.scales + group * kOutputs, to.minima + group * kOutputs);
    if constexpr (kType != DType::q8_0) {
      unpack_quants<kType>(from, column, [&](int step, WordVector quants) HWY_ATTR {
        hn::StoreU(quants, WordTag(), words + step * kOutputs + column);
      });
    }
  }
}

}  // namespace quantised_unpack_detail

// `inputs` (at most 256, whole blocks) from the records on.
inline void unpack_chunk(DType dtype, const PanelFormat& format, const std::byte* records, int inputs,
                         UnpackedChunk& to) {
  using namespace quantised_unpack_detail;
  const auto each_block = [&](auto unpack) {
    for (int first = 0; first < inputs; first += format.block_elements, records += format.record_bytes()) {
      unpack(format, records, first, to);
    }
  };
  switch (dtype) {
    case DType::q4_0:
      return each_block(unpack_block<DType::q4_0>);
    case DType::q4_1:
      return each_block(unpack_block<DType::q4_1>);
    case DType::q5_0:
      return each_block(unpack_block<DType::q5_0>);
    case DType::q5_1:
      return each_block(unpack_block<DType::q5_1>);
    case DType::q8_0:
      return each_block(unpack_block<DType::q8_0>);
    case DType::q2_k:
      return each_block(unpack_block<DType::q2_k>);
    case DType::q3_k:
      return each_block(unpack_block<DType::q3_k>);
    case DType::q4_k:
      return each_block(unpack_block<DType::q4_k>);
    case DType::q5_k:
      return each_block(unpack_block<DType::q5_k>);
    default:
      return each_block(unpack_block<DType::q6_k>);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace fulcrum
HWY_AFTER_NAMESPACE();

#endif  // FULCRUM_TENSOR_QUANTISED_UNPACK_INL_H_
