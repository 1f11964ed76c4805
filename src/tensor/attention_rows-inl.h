// Attention of a few query rows over keys and values of one head, packed into panels: the part that training
// and inference share. Included once per instruction set.
//
// Everything about a row is independent of the rows beside it: a score is one chain over the head's
// dimensions, a softmax sum adds key j into lane j mod 32, an output is one chain over the keys in ascending
// order, and a key that a row does not see enters with weight exactly 0.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include "hwy/highway.h"
#include "tensor/attention.h"
#include "tensor/exponential-inl.h"
#include "tensor/panel_product-inl.h"

// Not #pragma once: the file is meant to be read again for each instruction set.
#if defined(FULCRUM_TENSOR_ATTENTION_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FULCRUM_TENSOR_ATTENTION_ROWS_INL_H_
#undef FULCRUM_TENSOR_ATTENTION_ROWS_INL_H_
#else
#define FULCRUM_TENSOR_ATTENTION_ROWS_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace fulcrum {
namespace HWY_NAMESPACE {

// Keys first_key.. of one kv head. first_key is a multiple of 32, so that a key's lane follows from its
// position.
struct PackedHead {
  std::int64_t head_dim = 0, first_key = 0, tiles = 0;
  const float* columns = nullptr;  // [tiles, D, 32]: keys side by side
  const float* rows = nullptr;     // [ceil(D/32), tiles*32, 32]: dimensions side by side
};

// Packs `count` vectors [D], `source(i)` each, side by side; what is missing in the last tile is 0.
template <typename Source>
void pack_columns(const Source& source, std::int64_t count, std::int64_t head_dim, float* to) {
  for (std::int64_t first = 0; first < count; first += kPanelColumns) {
    const std::int64_t filled = std::min<std::int64_t>(kPanelColumns, count - first);
    const float* from[kPanelColumns];
    for (std::int64_t j = 0; j < filled; ++j) from[j] = source(first + j);
    for (std::int64_t i = 0; i < head_dim; ++i, to += kPanelColumns) {
      for (std::int64_t j = 0; j < filled; ++j) to[j] = from[j][i];
      for (std::int64_t j = filled; j < kPanelColumns; ++j) to[j] = 0.0f;
    }
  }
}

// Packs `count` vectors [D] one below the other, in panels of 32 dimensions of `panel_rows` rows each.
template <typename Source>
void pack_rows(const Source& source, std::int64_t count, std::int64_t panel_rows, std::int64_t head_dim,
               float* to) {
  for (std::int64_t first = 0; first < head_dim; first += kPanelColumns, to += panel_rows * kPanelColumns) {
    const std::int64_t filled = std::min<std::int64_t>(kPanelColumns, head_dim - first);
    for (std::int64_t i = 0; i < panel_rows; ++i) {
      float* row = to + i * kPanelColumns;
      if (i < count && filled == kPanelColumns) {
        std::memcpy(row, source(i) + first, kPanelColumns * sizeof(float));
      } else {
        std::fill_n(row, kPanelColumns, 0.0f);
        if (i < count) std::copy_n(source(i) + first, filled, row);
      }
    }
  }
}

// From a product q.k to a score: scaled, then capped if there is a cap. With slope = d score / d product.
class ScoreMap {
 public:
  explicit ScoreMap(const AttentionShape& shape)
      : scale_(shape.scale.value_or(1.0f / std::sqrt(static_cast<float>(shape.head_dim)))),
        cap_(shape.soft_cap.value_or(0.0f)) {}

  template <class D, class V = hn::Vec<D>>
  HWY_INLINE V score(D d, V product) const {
    const V scaled = hn::Mul(product, hn::Set(d, scale_));
    if (cap_ == 0.0f) return scaled;
    return hn::Mul(hn::Tanh(d, hn::Mul(scaled, hn::Set(d, 1.0f / cap_))), hn::Set(d, cap_));
  }

  template <class D, class V = hn::Vec<D>>
  HWY_INLINE V slope(D d, V score) const {
    const V scale = hn::Set(d, scale_);
    if (cap_ == 0.0f) return scale;
    const V tangent = hn::Mul(score, hn::Set(d, 1.0f / cap_));
    return hn::Mul(scale, hn::NegMulAdd(tangent, tangent, hn::Set(d, 1.0f)));
  }

 private:
  float scale_, cap_;  // 0: none
};

// Products [0, columns) of keys `base`.. become exp(score - maximum), 0 for keys outside of [low, high].
struct SoftmaxRow {
  float maximum, sum;
};
inline SoftmaxRow masked_exponentials(float* scores, std::int64_t columns, std::int64_t low,
                                      std::int64_t high, const ScoreMap& map) {
  using panel_product_detail::kLanes;
  using panel_product_detail::kPanelVectors;
  const hn::ScalableTag<float> d;
  const hn::RebindToSigned<decltype(d)> di;
  const auto low_v = hn::Set(di, static_cast<std::int32_t>(low));
  const auto high_v = hn::Set(di, static_cast<std::int32_t>(high));
  const auto hidden = hn::Set(d, -std::numeric_limits<float>::infinity());
  auto maxima = hidden;
  const auto step = hn::Set(di, kLanes);
  auto at = hn::Iota(di, 0);
  for (std::int64_t j = 0; j < columns; j += kLanes, at = hn::Add(at, step)) {
    const auto out = hn::Or(hn::Lt(at, low_v), hn::Gt(at, high_v));
    const auto scaled = map.score(d, hn::LoadU(d, scores + j));
    const auto score = hn::IfThenElse(hn::RebindMask(d, out), hidden, scaled);
    maxima = hn::Max(maxima, score);
    hn::StoreU(score, d, scores + j);
  }
  const float maximum = hn::GetLane(hn::MaxOfLanes(d, maxima));
  const auto maximum_v = hn::Set(d, maximum);
  decltype(maxima) sums[kPanelVectors];
  for (auto& sum : sums) sum = hn::Zero(d);
  for (std::int64_t j = 0; j < columns; j += kPanelColumns) {
    for (int v = 0; v < kPanelVectors; ++v) {
      float* score = scores + j + v * kLanes;
      const auto weight = exponential(d, hn::Sub(hn::LoadU(d, score), maximum_v));
      sums[v] = hn::Add(sums[v], weight);
      hn::StoreU(weight, d, score);
    }
  }
  for (int v = 1; v < kPanelVectors; ++v) sums[0] = hn::Add(sums[0], sums[v]);
  return {maximum, hn::GetLane(hn::SumOfLanes(d, sums[0]))};
}

inline constexpr std::int64_t kAttentionRows = 8;

// Row r: query at q + r*q_row, sees keys [low[r], high[r]], writes y + r*y_row, and log_sums[r] unless that
// is null.
struct AttentionRows {
  std::int64_t rows = 0;  // at most kAttentionRows
  const float* q = nullptr;
  std::ptrdiff_t q_row = 0;
  std::int64_t low[kAttentionRows] = {}, high[kAttentionRows] = {};
  float* y = nullptr;
  std::ptrdiff_t y_row = 0;
  float* log_sums = nullptr;
};

// `scores` holds kAttentionRows * tiles * 32 values, `sums` kAttentionRows * D rounded up to panels.
inline void attend(const AttentionRows& job, const PackedHead& head, const ScoreMap& map, float* scores,
                   float* sums) {
  std::int64_t low = job.low[0], high = job.high[0];
  for (std::int64_t r = 1; r < job.rows; ++r) {
    low = std::min(low, job.low[r]);
    high = std::max(high, job.high[r]);
  }
  const std::int64_t first_tile = (low - head.first_key) / kPanelColumns;
  const std::int64_t tiles = (high - head.first_key) / kPanelColumns + 1 - first_tile;
  const std::int64_t base = head.first_key + first_tile * kPanelColumns;
  const std::int64_t columns = tiles * kPanelColumns;

  PanelOperands<float> o;
  o.a = job.q;
  o.a_row = job.q_row;
  o.b = head.columns + first_tile * head.head_dim * kPanelColumns;
  o.b_panel = head.head_dim * kPanelColumns;
  o.c = scores;
  o.c_row = columns;
  o.k = head.head_dim;
  multiply_panels<SumFrom::zero>(o, job.rows, tiles);

  SoftmaxRow softmax[kAttentionRows];
  for (std::int64_t r = 0; r < job.rows; ++r) {
    softmax[r] =
        masked_exponentials(scores + r * columns, columns, job.low[r] - base, job.high[r] - base, map);
    if (job.log_sums != nullptr) job.log_sums[r] = softmax[r].maximum + std::log(softmax[r].sum);
  }

  const std::int64_t value_panels = (head.head_dim + kPanelColumns - 1) / kPanelColumns;
  o.a = scores;
  o.a_row = columns;
  o.b = head.rows + first_tile * kPanelColumns * kPanelColumns;
  o.b_panel = head.tiles * kPanelColumns * kPanelColumns;
  o.c = sums;
  o.c_row = value_panels * kPanelColumns;
  o.k = high - base + 1;
  multiply_panels<SumFrom::zero>(o, job.rows, value_panels);
  for (std::int64_t r = 0; r < job.rows; ++r) {
    const float inverse = 1.0f / softmax[r].sum;
    const float* from = sums + r * o.c_row;
    float* to = job.y + r * job.y_row;
    for (std::int64_t i = 0; i < head.head_dim; ++i) to[i] = from[i] * inverse;
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace fulcrum
HWY_AFTER_NAMESPACE();

#endif  // FULCRUM_TENSOR_ATTENTION_ROWS_INL_H_
