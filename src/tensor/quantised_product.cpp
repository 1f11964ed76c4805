#include "tensor/quantised_product.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>

#include "hwy/cache_control.h"
#include "tensor/parallel_rows.h"
#include "tensor/shape_check.h"

#ifndef FULCRUM_TENSOR_QUANTISED_PRODUCT_CPP_ONCE_
#define FULCRUM_TENSOR_QUANTISED_PRODUCT_CPP_ONCE_

namespace fulcrum {

inline constexpr std::int64_t kXBlock = 32;          // inputs of x that share a scale
inline constexpr float kLeastMagnitude = 0x1p-120f;  // below it 127 / magnitude would not be finite

// Rows of a panel that one piece of work computes: few enough that their sums stay in the first cache.
inline constexpr std::int64_t kPieceRows = 64;

// Rounded rows of x: values [T][K], and for each 32 inputs the scale, for each group of the weights the sum
// of its values times minus the quants' offset, with which the integer sums begin, and that sum times the
// scale.
struct RoundedRows {
  std::int64_t inputs = 0, group_elements = 0;
  std::int32_t offset = 0;
  std::unique_ptr<std::int8_t[]> values;
  std::unique_ptr<float[]> scales, scaled_sums;
  std::unique_ptr<std::int32_t[]> starts;

  RoundedRows(std::int64_t rows, std::int64_t row_inputs, const PanelFormat& format)
      : inputs(row_inputs),
        group_elements(format.group_elements),
        offset(format.offset),
        values(new std::int8_t[static_cast<std::size_t>(rows * inputs)]),
        scales(new float[static_cast<std::size_t>(rows * blocks())]),
        scaled_sums(new float[static_cast<std::size_t>(rows * groups())]),
        starts(new std::int32_t[static_cast<std::size_t>(rows * groups())]) {}
  std::int64_t blocks() const { return inputs / kXBlock; }
  std::int64_t groups() const { return inputs / group_elements; }
};

}  // namespace fulcrum

#endif  // FULCRUM_TENSOR_QUANTISED_PRODUCT_CPP_ONCE_

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/quantised_product.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "tensor/quantised_unpack-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fulcrum {
namespace HWY_NAMESPACE {

using IntTag = hn::ScalableTag<std::int32_t>;
using IntVector = hn::Vec<IntTag>;
using quantised_unpack_detail::BlockScales;
using quantised_unpack_detail::FloatTag;
using quantised_unpack_detail::kLanes;
using quantised_unpack_detail::Record;
using quantised_unpack_detail::WordTag;
using quantised_unpack_detail::WordVector;
constexpr int kVectors = kOutputs / kLanes;
static_assert(kVectors * kLanes == kOutputs);

// Rows of a register tile: their integer and float sums fit into 32 registers of AVX-512; elsewhere one row
// does.
constexpr int kTileRows = kVectors <= 2 ? 4 : 1;

// Vectors of outputs that one row takes a block for at a time. All, where the registers hold them: they share
// the inputs, and a record is read once from front to back; in two halves it came at 0.2 to 0.6 of the rate.
constexpr int kBlockVectors = kVectors <= 2 ? kVectors : 1;

// Asks for the lines that are about to be written: other threads have read what stood there before, and
// taking them back one by one takes longer than the rounding.
HWY_INLINE void claim(const void* begin, std::int64_t bytes) {
#if HWY_ARCH_X86
  const auto* from = static_cast<const std::byte*>(begin);
  for (std::int64_t i = 0; i < bytes; i += 64) asm volatile("prefetchw %0" : : "m"(from[i]));
#else
  (void)begin, (void)bytes;
#endif
}

void round_row(const float* x, std::int64_t row, RoundedRows& to) {
  const FloatTag d;
  const IntTag di;
  constexpr int kInputs = static_cast<int>(kXBlock);
  static_assert(kLanes <= 16);  // a group is whole vectors
  constexpr std::uint32_t kInfinity = 0x7F800000u;
  const hn::Rebind<std::int8_t, FloatTag> bytes;
  const std::int64_t blocks = to.blocks(), groups = kXBlock / to.group_elements;
  const int group_elements = static_cast<int>(to.group_elements);
  std::int8_t* values = to.values.get() + row * to.inputs;
  float* scales = to.scales.get() + row * blocks;
  float* scaled_sums = to.scaled_sums.get() + row * to.groups();
  std::int32_t* starts = to.starts.get() + row * to.groups();
  claim(values, to.inputs);
  claim(scales, blocks * 4);
  claim(scaled_sums, to.groups() * 4);
  claim(starts, to.groups() * 4);
  for (std::int64_t b = 0; b < blocks; ++b, x += kXBlock, values += kXBlock) {
    // As integers, magnitudes are in the same order, and what is not finite is above all others.
    auto magnitudes = hn::Zero(di);
    for (int i = 0; i < kInputs; i += kLanes)
      magnitudes = hn::Max(magnitudes, hn::BitCast(di, hn::Abs(hn::LoadU(d, x + i))));
    const std::int32_t bits = hn::GetLane(hn::MaxOfLanes(di, magnitudes));
    float largest;
    std::memcpy(&largest, &bits, sizeof(largest));
    const bool finite = static_cast<std::uint32_t>(bits) < kInfinity;
    const bool usable = finite && largest >= kLeastMagnitude;
    const float scale = usable ? largest / 127.0f : finite ? 0.0f : std::numeric_limits<float>::quiet_NaN();
    const auto inverse = hn::Set(d, usable ? 127.0f / largest : 0.0f);
    scales[b] = scale;
    for (int g = 0, first = 0; first < kInputs; ++g, first += group_elements) {
      auto sums = hn::Zero(di);
      for (int i = first; i < first + group_elements; i += kLanes) {
        const auto scaled = usable ? hn::Mul(hn::LoadU(d, x + i), inverse) : hn::Zero(d);
        const auto rounded = hn::NearestInt(scaled);
        sums = hn::Add(sums, rounded);
        hn::StoreU(hn::DemoteTo(bytes, rounded), bytes, values + i);
      }
      const std::int32_t sum = hn::GetLane(hn::SumOfLanes(di, sums));
      starts[b * groups + g] = -to.offset * sum;
      scaled_sums[b * groups + g] = scale * static_cast<float>(sum);
    }
  }
}

// Four rounded inputs in every lane, and the sums of their products with four unsigned quants a lane.
#if HWY_TARGET == HWY_AVX3_DL
struct FourInputs {
  IntVector all;
  HWY_INLINE explicit FourInputs(std::int32_t packed) : all(hn::Set(IntTag(), packed)) {}
};
// In assembly because Highway 1.0 demands VNNI of the CPU for this target but does not tell the compiler of
// it.
HWY_INLINE IntVector add_products(IntVector sum, WordVector quants, const FourInputs& x) {
  asm("vpdpbusd %[x], %[quants], %[sum]"
      : [sum] "+v"(sum.raw)
      : [quants] "v"(quants.raw), [x] "v"(x.all.raw));
  return sum;
}
#elif HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX2
// Even and odd bytes apart, in 16 bits: products of 8 by 8 bits added in pairs can pass 16 bits.
struct FourInputs {
  IntVector even, odd;
  HWY_INLINE explicit FourInputs(std::int32_t packed) {
    const hn::Repartition<std::int16_t, IntTag> halves;
    const auto all = hn::BitCast(halves, hn::Set(IntTag(), packed));
    even = hn::BitCast(IntTag(), hn::ShiftRight<8>(hn::ShiftLeft<8>(all)));
    odd = hn::BitCast(IntTag(), hn::ShiftRight<8>(all));
  }
};
HWY_INLINE IntVector multiply_pairs(IntVector a, IntVector b) {
#if HWY_TARGET == HWY_AVX3
  return IntVector{_mm512_madd_epi16(a.raw, b.raw)};
#else
  return IntVector{_mm256_madd_epi16(a.raw, b.raw)};
#endif
}
HWY_INLINE IntVector add_products(IntVector sum, WordVector quants, const FourInputs& x) {
  const hn::RebindToUnsigned<IntTag> words;
  const hn::Repartition<std::uint16_t, IntTag> halves;
  const auto even = hn::BitCast(IntTag(), hn::And(quants, hn::Set(words, 0x00FF00FFu)));
  const auto odd = hn::BitCast(IntTag(), hn::ShiftRight<8>(hn::BitCast(halves, quants)));
  return hn::Add(sum, hn::Add(multiply_pairs(even, x.even), multiply_pairs(odd, x.odd)));
}
#else
struct FourInputs {
  std::int32_t inputs[4];
  HWY_INLINE explicit FourInputs(std::int32_t packed) {
    for (int i = 0; i < 4; ++i) inputs[i] = static_cast<std::int8_t>(packed >> (8 * i));
  }
};
HWY_INLINE IntVector add_products(IntVector sum, WordVector quants, const FourInputs& x) {
  const IntTag d;
  const hn::RebindToUnsigned<IntTag> words;
  const auto byte = hn::Set(words, 0xFFu);
  const auto product = [&](auto quant, int i) HWY_ATTR {
    return hn::Mul(hn::BitCast(d, hn::And(quant, byte)), hn::Set(d, x.inputs[i]));
  };
  sum = hn::Add(sum, product(quants, 0));
  sum = hn::Add(sum, product(hn::ShiftRight<8>(quants), 1));
  sum = hn::Add(sum, product(hn::ShiftRight<16>(quants), 2));
  return hn::Add(sum, product(hn::ShiftRight<24>(quants), 3));
}
#endif

// One row times one block, the quants never leaving the registers. The same steps as multiply_tile, in the
// same order.
template <DType kType>
HWY_INLINE void multiply_block(const std::byte* record, const RoundedRows& x, std::int64_t row,
                               std::int64_t input, float* sums) {
  constexpr PanelFormat kFormat = panel_format(kType);
  constexpr int kGroups = kFormat.block_elements / kFormat.group_elements,
                kSteps = kFormat.group_elements / 4;
  const FloatTag d;
  const Record from(kFormat, record);
  const auto* inputs = reinterpret_cast<const std::int32_t*>(x.values.get() + row * x.inputs + input);
  const std::int32_t* starts = x.starts.get() + row * x.groups() + input / kFormat.group_elements;
  const float* scaled_sums = x.scaled_sums.get() + row * x.groups() + input / kFormat.group_elements;
  const float* x_scales = x.scales.get() + row * x.blocks() + input / kXBlock;
  for (int column = 0; column < kOutputs; column += kBlockVectors * kLanes) {
    IntVector products[kGroups][kBlockVectors];
    for (int g = 0; g < kGroups; ++g) {
      for (int v = 0; v < kBlockVectors; ++v) products[g][v] = hn::Set(IntTag(), starts[g]);
    }
    quantised_unpack_detail::unpack_quants<kType, kBlockVectors>(
        from, column, [&](auto group, int step, int v, WordVector quants) HWY_ATTR {
          products[group][v] =
              add_products(products[group][v], quants, FourInputs(inputs[group * kSteps + step]));
        });
    for (int v = 0; v < kBlockVectors; ++v) {
      const int first = column + v * kLanes;
      const BlockScales block = quantised_unpack_detail::block_scales<kType>(from, first);
      auto total = hn::LoadU(d, sums + first);
      for (int g = 0; g < kGroups; ++g) {
        const auto scale = quantised_unpack_detail::group_scale<kType>(from, block, g, first);
        const auto x_scale = hn::Set(d, x_scales[g * kSteps * 4 / kXBlock]);
        total = hn::MulAdd(hn::ConvertTo(d, products[g][v]), hn::Mul(scale, x_scale), total);
        if constexpr (kFormat.has_minimum) {
          const auto minimum = quantised_unpack_detail::group_minimum<kType>(from, block, g, first);
          total = hn::NegMulAdd(minimum, hn::Set(d, scaled_sums[g]), total);
        }
      }
      hn::StoreU(total, d, sums + first);
    }
  }
}

// What a tile multiplies: an unpacked chunk with rows of x from `row` and `input` on. Sums go on from `from`
// [rows][from_row] and are left in `to` [rows][to_row].
struct TileOperands {
  const UnpackedChunk* chunk;
  const RoundedRows* x;
  std::int64_t row, input;
  int groups;
  const float* from;
  std::ptrdiff_t from_row;
  float* to;
  std::ptrdiff_t to_row;
  const std::byte* ahead;      // what comes after the chunk in memory: fetched while this one is multiplied
  std::ptrdiff_t ahead_bytes;  // of it, for each group of a tile
};

template <DType kType, int kRows>
HWY_INLINE void multiply_tile(const TileOperands& o) {
  constexpr PanelFormat kFormat = panel_format(kType);
  constexpr int kSteps = kFormat.group_elements / 4, kGroupsOfScale = kXBlock / kFormat.group_elements;
  const FloatTag d;
  const IntTag di;
  const std::int64_t groups_row = o.x->groups(), blocks_row = o.x->blocks(), words_row = o.x->inputs / 4;
  const std::int64_t first_group = o.row * groups_row + o.input / kFormat.group_elements;
  const std::int32_t* starts = o.x->starts.get() + first_group;
  const float* scaled_sums = o.x->scaled_sums.get() + first_group;
  const float* x_scales = o.x->scales.get() + o.row * blocks_row + o.input / kXBlock;
  const auto* x = reinterpret_cast<const std::int32_t*>(o.x->values.get() + o.row * o.x->inputs + o.input);
  hn::Vec<FloatTag> totals[kRows][kVectors];
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) totals[r][v] = hn::LoadU(d, o.from + r * o.from_row + v * kLanes);
  }
  const std::byte* ahead = o.ahead;
  for (int g = 0; g < o.groups; ++g, x += kSteps) {
    for (std::ptrdiff_t i = 0; i < o.ahead_bytes; i += 64) hwy::Prefetch(ahead + i);
    ahead += o.ahead_bytes;
    IntVector products[kRows][kVectors];
    for (int r = 0; r < kRows; ++r) {
      for (int v = 0; v < kVectors; ++v) products[r][v] = hn::Set(di, starts[r * groups_row + g]);
    }
    const std::uint32_t* quants = o.chunk->quants[g];
    for (int s = 0; s < kSteps; ++s, quants += kOutputs) {
      WordVector words[kVectors];
      for (int v = 0; v < kVectors; ++v) words[v] = hn::Load(WordTag(), quants + v * kLanes);
      for (int r = 0; r < kRows; ++r) {
        const FourInputs inputs(x[r * words_row + s]);
        for (int v = 0; v < kVectors; ++v) products[r][v] = add_products(products[r][v], words[v], inputs);
      }
    }
    for (int v = 0; v < kVectors; ++v) {
      const auto scale = hn::LoadU(d, o.chunk->scales + g * kOutputs + v * kLanes);
      for (int r = 0; r < kRows; ++r) {
        const auto x_scale = hn::Set(d, x_scales[r * blocks_row + g / kGroupsOfScale]);
        totals[r][v] = hn::MulAdd(hn::ConvertTo(d, products[r][v]), hn::Mul(scale, x_scale), totals[r][v]);
      }
      if constexpr (kFormat.has_minimum) {
        const auto minimum = hn::LoadU(d, o.chunk->minima + g * kOutputs + v * kLanes);
        for (int r = 0; r < kRows; ++r) {
          const auto x_sum = hn::Set(d, scaled_sums[r * groups_row + g]);
          totals[r][v] = hn::NegMulAdd(minimum, x_sum, totals[r][v]);
        }
      }
    }
  }
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) hn::StoreU(totals[r][v], d, o.to + r * o.to_row + v * kLanes);
  }
}

template <DType kType, int kRows>
void multiply_last_rows(const TileOperands& o, std::int64_t rows) {
  if (rows == kRows) {
    multiply_tile<kType, kRows>(o);
  } else if constexpr (kRows > 1) {
    multiply_last_rows<kType, kRows - 1>(o, rows);
  }
}

template <DType kType>
void multiply_rows(TileOperands o, std::int64_t rows) {
  for (; rows >= kTileRows; rows -= kTileRows) {
    multiply_tile<kType, kTileRows>(o);
    o.row += kTileRows;
    o.from += kTileRows * o.from_row;
    o.to += kTileRows * o.to_row;
    o.ahead += o.groups * o.ahead_bytes;
  }
  multiply_last_rows<kType, kTileRows>(o, rows);
}

// Products of `rows` rows of x from `first_row` on with a panel, whose records these are, added to the bias.
template <DType kType>
void multiply_panel(const RoundedRows& x, std::int64_t first_row, std::int64_t rows, const std::byte* records,
                    const float* bias, float* to, std::ptrdiff_t to_row) {
  constexpr PanelFormat kFormat = panel_format(kType);
  if (rows == 1) {
    std::copy_n(bias, kOutputs, to);
    for (std::int64_t input = 0; input < x.inputs; input += kFormat.block_elements) {
      multiply_block<kType>(records, x, first_row, input, to);
      records += kFormat.record_bytes();
    }
    return;
  }
  UnpackedChunk chunk;
  // Sums between two chunks; rows of y may lie a power of two apart and push each other out of the cache.
  alignas(64) float sums[kPieceRows * kOutputs];
  const std::int64_t tiles = (rows + kTileRows - 1) / kTileRows;
  for (std::int64_t input = 0; input < x.inputs; input += kChunkInputs) {
    const int inputs = static_cast<int>(std::min<std::int64_t>(kChunkInputs, x.inputs - input));
    const std::byte* begin = records;
    for (int first = 0; first < inputs; first += kFormat.block_elements) {
      quantised_unpack_detail::unpack_block<kType>(records, first, chunk);
      records += kFormat.record_bytes();
    }
    const int groups = inputs / kFormat.group_elements;
    const std::ptrdiff_t lines = ((records - begin) / 64 + tiles * groups - 1) / (tiles * groups);
    const bool is_first = input == 0, is_last = input + inputs == x.inputs;
    multiply_rows<kType>(
        {&chunk, &x, first_row, input, groups, is_first ? bias : sums, is_first ? 0 : kOutputs,
         is_last ? to : sums, is_last ? to_row : kOutputs, records, lines * 64},
        rows);
  }
}

// The columns of y that a panel holds, for at most kPieceRows rows.
void multiply_piece(const RoundedRows& x, const QuantisedPanels& weight, std::int64_t first_row,
                    std::int64_t rows, std::int64_t panel, const float* bias, Matrix y) {
  const std::int64_t column = panel * kOutputs;
  const std::int64_t columns = std::min<std::int64_t>(kOutputs, weight.outputs - column);
  // The last panel may be wider than y and gets a tile of its own.
  alignas(64) float tile[kPieceRows * kOutputs];
  const bool is_whole = columns == kOutputs;
  const PanelFormat format = panel_format(weight.dtype);
  const std::byte* records =
      weight.records.data() + panel * (weight.inputs / format.block_elements * format.record_bytes());
  visit_quantised(weight.dtype, [&](auto dtype) HWY_ATTR {
    multiply_panel<dtype>(x, first_row, rows, records, bias + column,
                          is_whole ? y.row(first_row) + column : tile, is_whole ? y.stride : kOutputs);
  });
  if (is_whole) return;
  for (std::int64_t r = 0; r < rows; ++r)
    std::copy_n(tile + r * kOutputs, columns, y.row(first_row + r) + column);
}

}  // namespace HWY_NAMESPACE
}  // namespace fulcrum
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace fulcrum {
namespace {

HWY_EXPORT(round_row);
HWY_EXPORT(multiply_piece);

}  // namespace

void multiply_quantised(ConstMatrix x, const QuantisedPanels& weight, std::span<const float> bias, Matrix y) {
  check_shape("quantised product", "x", x, x.rows, weight.inputs);
  check_shape("quantised product", "y", y, x.rows, weight.outputs);
  check_size("quantised product", "bias", bias.size(), weight.panels * kQuantisedPanelOutputs);
  auto* round = &HWY_DYNAMIC_DISPATCH(round_row);
  auto* multiply = &HWY_DYNAMIC_DISPATCH(multiply_piece);
  RoundedRows rounded(x.rows, weight.inputs, panel_format(weight.dtype));
  // By panels first: a last block of few rows then costs every thread the same.
  const std::int64_t row_blocks = (x.rows + kPieceRows - 1) / kPieceRows, pieces = row_blocks * weight.panels;
  // One team for both steps: asking for a second one costs microseconds, which is what a small product takes.
#pragma omp parallel if (x.rows * weight.inputs * weight.outputs >= 4 * kParallelWork)
  {
#pragma omp for schedule(static)
    for (std::int64_t t = 0; t < x.rows; ++t) round(x.row(t), t, rounded);
#pragma omp for schedule(static)
    for (std::int64_t piece = 0; piece < pieces; ++piece) {
      const std::int64_t row = piece % row_blocks * kPieceRows;
      multiply(rounded, weight, row, std::min(kPieceRows, x.rows - row), piece / row_blocks, bias.data(), y);
    }
  }
}

void round_inputs_reference(ConstMatrix x, Matrix rounded) {
  for (std::int64_t t = 0; t < x.rows; ++t) {
    for (std::int64_t first = 0; first < x.columns; first += kXBlock) {
      float largest = 0;
      bool finite = true;
      for (std::int64_t i = first; i < first + kXBlock; ++i) {
        largest = std::max(largest, std::fabs(x.row(t)[i]));
        finite = finite && std::isfinite(x.row(t)[i]);
      }
      for (std::int64_t i = first; i < first + kXBlock; ++i) {
        const float integer = std::nearbyint(x.row(t)[i] * (127.0f / largest));
        rounded.row(t)[i] = !finite                     ? std::numeric_limits<float>::quiet_NaN()
                            : largest < kLeastMagnitude ? 0.0f
                                                        : integer * (largest / 127.0f);
      }
    }
  }
}

}  // namespace fulcrum

#endif  // HWY_ONCE
