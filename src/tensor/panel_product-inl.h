// The one inner loop of the engine: rows times a panel of 32 columns, C[r][j] += sum over k of A[r][k] *
// B[k][j].
//
// Columns lie side by side in vector lanes, so no sum crosses lanes: each element of C is one chain of
// multiply-adds in ascending k, whatever the tile of rows and panels around it. That is what makes results
// independent of the number of rows. Included once per instruction set (Highway's foreach_target); not a
// header for anything else.
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "hwy/highway.h"

// Not #pragma once: the file is meant to be read again for each instruction set.
#if defined(FULCRUM_TENSOR_PANEL_PRODUCT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FULCRUM_TENSOR_PANEL_PRODUCT_INL_H_
#undef FULCRUM_TENSOR_PANEL_PRODUCT_INL_H_
#else
#define FULCRUM_TENSOR_PANEL_PRODUCT_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace fulcrum {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

inline constexpr int kPanelColumns = 32;

// Strides are in elements. A(r, k) = a[r * a_row + k * a_step]; B(k, j) of panel p = b[p * b_panel + k *
// b_step + j], widened to f32; C(r, j) of panel p = c[r * c_row + p * 32 + j].
template <typename Stored>
struct PanelOperands {
  const float* a = nullptr;
  std::ptrdiff_t a_row = 0, a_step = 1;
  const Stored* b = nullptr;
  std::ptrdiff_t b_step = kPanelColumns, b_panel = 0;
  float* c = nullptr;
  std::ptrdiff_t c_row = 0;
  std::int64_t k = 0;
};

// Whether sums start at zero or at what C holds.
enum class SumFrom { zero, held };

namespace panel_product_detail {

using FloatTag = hn::ScalableTag<float>;
inline constexpr int kLanes = static_cast<int>(hn::MaxLanes(FloatTag()));
inline constexpr int kPanelVectors = kPanelColumns / kLanes;
static_assert(kPanelVectors * kLanes == kPanelColumns);

// Rows of a register tile: as many as accumulators fit beside a row of B (32 registers of AVX-512, 16 of
// AVX2).
inline constexpr int kTileRows = kPanelVectors <= 2 ? 8 : kPanelVectors <= 4 ? 3 : kPanelVectors <= 8 ? 2 : 1;

// Panels of a register tile: with few rows, more panels keep enough independent chains in flight.
template <int kRows>
inline constexpr int kTilePanels = kPanelVectors <= 2   ? (kRows <= 2   ? 4
                                                           : kRows <= 4 ? 2
                                                                        : 1)
                                   : kPanelVectors <= 4 ? (kRows == 1 ? 2 : 1)
                                                        : 1;

HWY_INLINE hn::Vec<FloatTag> widen(FloatTag d, const float* from) {
  return hn::LoadU(d, from);
}
HWY_INLINE hn::Vec<FloatTag> widen(FloatTag d, const hwy::float16_t* from) {
  return hn::PromoteTo(d, hn::LoadU(hn::Rebind<hwy::float16_t, FloatTag>(), from));
}
HWY_INLINE hn::Vec<FloatTag> widen(FloatTag d, const hwy::bfloat16_t* from) {
  return hn::PromoteTo(d, hn::LoadU(hn::Rebind<hwy::bfloat16_t, FloatTag>(), from));
}
template <int kRows, int kPanels, SumFrom kFrom, typename Stored>
HWY_INLINE void multiply_tile(const PanelOperands<Stored>& o) {
  const FloatTag d;
  constexpr int kVectors = kPanels * kPanelVectors;
  hn::Vec<FloatTag> sums[kRows][kVectors];
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) {
      sums[r][v] = kFrom == SumFrom::zero ? hn::Zero(d) : hn::LoadU(d, o.c + r * o.c_row + v * kLanes);
    }
  }
  const float* a = o.a;
  const Stored* b = o.b;
  for (std::int64_t k = 0; k < o.k; ++k) {
    hn::Vec<FloatTag> columns[kVectors];
    for (int v = 0; v < kVectors; ++v) {
      columns[v] = widen(d, b + (v / kPanelVectors) * o.b_panel + (v % kPanelVectors) * kLanes);
    }
    for (int r = 0; r < kRows; ++r) {
      const auto factor = hn::Set(d, a[r * o.a_row]);
      for (int v = 0; v < kVectors; ++v) sums[r][v] = hn::MulAdd(factor, columns[v], sums[r][v]);
    }
    a += o.a_step;
    b += o.b_step;
  }
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) hn::StoreU(sums[r][v], d, o.c + r * o.c_row + v * kLanes);
  }
}

template <int kRows, SumFrom kFrom, typename Stored>
void multiply_rows(PanelOperands<Stored> o, std::int64_t panels) {
  constexpr int kPanels = kTilePanels<kRows>;
  for (; panels >= kPanels; panels -= kPanels) {
    multiply_tile<kRows, kPanels, kFrom>(o);
    o.b += kPanels * o.b_panel;
    o.c += kPanels * kPanelColumns;
  }
  for (; panels > 0; --panels) {
    multiply_tile<kRows, 1, kFrom>(o);
    o.b += o.b_panel;
    o.c += kPanelColumns;
  }
}

template <int kRows, SumFrom kFrom, typename Stored>
void multiply_last_rows(const PanelOperands<Stored>& o, std::int64_t rows, std::int64_t panels) {
  if (rows == kRows) {
    multiply_rows<kRows, kFrom>(o, panels);
  } else if constexpr (kRows > 1) {
    multiply_last_rows<kRows - 1, kFrom>(o, rows, panels);
  }
}

}  // namespace panel_product_detail

template <SumFrom kFrom, typename Stored>
void multiply_panels(PanelOperands<Stored> o, std::int64_t rows, std::int64_t panels) {
  constexpr int kRows = panel_product_detail::kTileRows;
  for (; rows >= kRows; rows -= kRows) {
    panel_product_detail::multiply_rows<kRows, kFrom>(o, panels);
    o.a += kRows * o.a_row;
    o.c += kRows * o.c_row;
  }
  panel_product_detail::multiply_last_rows<kRows, kFrom>(o, rows, panels);
}

}  // namespace HWY_NAMESPACE
}  // namespace fulcrum
HWY_AFTER_NAMESPACE();

#endif  // FULCRUM_TENSOR_PANEL_PRODUCT_INL_H_
