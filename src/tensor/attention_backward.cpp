#include <algorithm>
#include <cmath>
#include <vector>

#include "tensor/aligned_vector.h"
#include "tensor/attention.h"
#include "tensor/attention_check.h"
#include "tensor/parallel_rows.h"
#include "tensor/shape_check.h"

#ifndef FULCRUM_TENSOR_ATTENTION_BACKWARD_CPP_ONCE_
#define FULCRUM_TENSOR_ATTENTION_BACKWARD_CPP_ONCE_

namespace fulcrum {

struct AttentionGradients {
  ConstMatrix dy, q, k, v, y;
  AttentionShape shape;
  std::span<const float> log_sums;
  Matrix dq, dk, dv;
};

// A sequence [start, start + rows) and a kv head: the sums into its dk and dv are one thread's.
struct GradientPiece {
  std::int64_t start = 0, rows = 0, kv_head = 0;
};

}  // namespace fulcrum

#endif  // FULCRUM_TENSOR_ATTENTION_BACKWARD_CPP_ONCE_

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/attention_backward.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "tensor/attention_rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fulcrum {
namespace HWY_NAMESPACE {

constexpr std::int64_t kQueryRows = 64;  // rows whose weights are recomputed at a time

// One thread's memory, laid out anew for each piece; kept between calls.
struct GradientScratch {
  float *key_columns, *value_columns, *key_rows;  // packed keys and values of the head
  float *query_rows, *dy_rows;       // the block's queries and output gradients, [panels, rows, 32]
  float *weights, *score_gradients;  // [rows, tiles*32]
  float *dq, *dk, *dv;               // sums, [rows, panels*32]

  GradientScratch(std::int64_t tiles, std::int64_t head_dim) {
    const std::int64_t padded = (head_dim + kPanelColumns - 1) / kPanelColumns * kPanelColumns;
    const std::int64_t keys = tiles * kPanelColumns;
    thread_local AlignedVector<float> memory;
    const auto size = static_cast<std::size_t>(keys * (2 * head_dim + 3 * padded + 2 * kQueryRows) +
                                               3 * kQueryRows * padded);
    grow(memory, size);
    float* next = memory.data();
    const auto take = [&next](std::int64_t count) {
      float* taken = next;
      next += count;
      return taken;
    };
    key_columns = take(keys * head_dim);
    value_columns = take(keys * head_dim);
    key_rows = take(keys * padded);
    dk = take(keys * padded);
    dv = take(keys * padded);
    weights = take(keys * kQueryRows);
    score_gradients = take(keys * kQueryRows);
    query_rows = take(kQueryRows * padded);
    dy_rows = take(kQueryRows * padded);
    dq = take(kQueryRows * padded);
    std::fill(dk, dk + 2 * keys * padded, 0.0f);
  }
};

struct HeadRows {
  const float* first;
  std::ptrdiff_t stride;
  const float* operator()(std::int64_t i) const { return first + i * stride; }
};

// A row of products q.k and of weight gradients (dy . v) become weights and gradients of the products: with p
// = exp(score - log_sum), ds = slope * p * (dp - dy . y). Keys outside of [low, high] get 0.
void softmax_backward_row(float* scores, float* gradients, std::int64_t columns, std::int64_t low,
                          std::int64_t high, const ScoreMap& map, float log_sum, float dy_dot_y) {
  using panel_product_detail::kLanes;
  const hn::ScalableTag<float> d;
  const hn::RebindToSigned<decltype(d)> di;
  const auto low_v = hn::Set(di, static_cast<std::int32_t>(low));
  const auto high_v = hn::Set(di, static_cast<std::int32_t>(high));
  const auto log_sum_v = hn::Set(d, log_sum);
  const auto dot_v = hn::Set(d, dy_dot_y);
  const auto step = hn::Set(di, kLanes);
  auto at = hn::Iota(di, 0);
  for (std::int64_t j = 0; j < columns; j += kLanes, at = hn::Add(at, step)) {
    const auto out = hn::RebindMask(d, hn::Or(hn::Lt(at, low_v), hn::Gt(at, high_v)));
    const auto score = map.score(d, hn::LoadU(d, scores + j));
    const auto weight = hn::IfThenZeroElse(out, exponential(d, hn::Sub(score, log_sum_v)));
    const auto slope = hn::Mul(hn::Sub(hn::LoadU(d, gradients + j), dot_v), map.slope(d, score));
    hn::StoreU(weight, d, scores + j);
    hn::StoreU(hn::Mul(weight, slope), d, gradients + j);
  }
}

float dot_product(const float* a, const float* b, std::int64_t n) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  auto sums = hn::Zero(d);
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) sums = hn::MulAdd(hn::LoadU(d, a + i), hn::LoadU(d, b + i), sums);
  float sum = hn::GetLane(hn::SumOfLanes(d, sums));
  for (; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

void copy_heads(const float* from, std::int64_t rows, std::int64_t padded, std::int64_t head_dim,
                std::int64_t offset, std::int64_t first_row, Matrix to) {
  for (std::int64_t i = 0; i < rows; ++i) {
    std::copy_n(from + i * padded, head_dim, to.row(first_row + i) + offset);
  }
}

void attention_backward_piece(const AttentionGradients& a, const GradientPiece& piece) {
  const std::int64_t head_dim = a.shape.head_dim, group = a.shape.heads / a.shape.kv_heads;
  const std::int64_t panels = (head_dim + kPanelColumns - 1) / kPanelColumns, padded = panels * kPanelColumns;
  const std::int64_t tiles = (piece.rows + kPanelColumns - 1) / kPanelColumns, keys = tiles * kPanelColumns;
  const std::int64_t kv_offset = piece.kv_head * head_dim;
  const ScoreMap map(a.shape);
  const GradientScratch s(tiles, head_dim);
  const HeadRows key_source{a.k.row(piece.start) + kv_offset, a.k.stride};
  pack_columns(key_source, piece.rows, head_dim, s.key_columns);
  pack_rows(key_source, piece.rows, keys, head_dim, s.key_rows);
  pack_columns(HeadRows{a.v.row(piece.start) + kv_offset, a.v.stride}, piece.rows, head_dim, s.value_columns);

  for (std::int64_t h = piece.kv_head * group; h < (piece.kv_head + 1) * group; ++h) {
    const std::int64_t offset = h * head_dim;
    for (std::int64_t first = 0; first < piece.rows; first += kQueryRows) {
      const std::int64_t rows = std::min(kQueryRows, piece.rows - first), row = piece.start + first;
      const auto first_visible = [&](std::int64_t i) {
        return std::max<std::int64_t>(0, i - a.shape.window + 1);
      };
      const std::int64_t first_tile = first_visible(first) / kPanelColumns;
      const std::int64_t base = first_tile * kPanelColumns;
      const std::int64_t block_tiles = (first + rows - 1) / kPanelColumns + 1 - first_tile;
      const std::int64_t columns = block_tiles * kPanelColumns;
      const HeadRows q{a.q.row(row) + offset, a.q.stride}, dy{a.dy.row(row) + offset, a.dy.stride};

      PanelOperands<float> o;
      o.a_row = a.q.stride;
      o.b_panel = head_dim * kPanelColumns;
      o.c_row = columns;
      o.k = head_dim;
      o.a = q.first;
      o.b = s.key_columns + base * head_dim;
      o.c = s.weights;
      multiply_panels<SumFrom::zero>(o, rows, block_tiles);
      o.a = dy.first;
      o.a_row = a.dy.stride;
      o.b = s.value_columns + base * head_dim;
      o.c = s.score_gradients;
      multiply_panels<SumFrom::zero>(o, rows, block_tiles);

      for (std::int64_t r = 0; r < rows; ++r) {
        const float* y = a.y.row(row + r) + offset;
        softmax_backward_row(s.weights + r * columns, s.score_gradients + r * columns, columns,
                             first_visible(first + r) - base, first + r - base, map,
                             a.log_sums[static_cast<std::size_t>(h * a.q.rows + row + r)],
                             dot_product(dy(r), y, head_dim));
      }

      // dq = ds k
      PanelOperands<float> to_dq;
      to_dq.a = s.score_gradients;
      to_dq.a_row = columns;
      to_dq.b = s.key_rows + base * kPanelColumns;
      to_dq.b_panel = keys * kPanelColumns;
      to_dq.c = s.dq;
      to_dq.c_row = padded;
      to_dq.k = first + rows - base;
      multiply_panels<SumFrom::zero>(to_dq, rows, panels);
      copy_heads(s.dq, rows, padded, head_dim, offset, row, a.dq);

      // dk += ds^T q, dv += p^T dy
      pack_rows(q, rows, kQueryRows, head_dim, s.query_rows);
      pack_rows(dy, rows, kQueryRows, head_dim, s.dy_rows);
      PanelOperands<float> to_keys;
      to_keys.a_row = 1;
      to_keys.a_step = columns;
      to_keys.b_panel = kQueryRows * kPanelColumns;
      to_keys.c_row = padded;
      to_keys.k = rows;
      to_keys.a = s.score_gradients;
      to_keys.b = s.query_rows;
      to_keys.c = s.dk + base * padded;
      multiply_panels<SumFrom::held>(to_keys, first + rows - base, panels);
      to_keys.a = s.weights;
      to_keys.b = s.dy_rows;
      to_keys.c = s.dv + base * padded;
      multiply_panels<SumFrom::held>(to_keys, first + rows - base, panels);
    }
  }
  copy_heads(s.dk, piece.rows, padded, head_dim, kv_offset, piece.start, a.dk);
  copy_heads(s.dv, piece.rows, padded, head_dim, kv_offset, piece.start, a.dv);
}

}  // namespace HWY_NAMESPACE
}  // namespace fulcrum
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace fulcrum {
namespace {

HWY_EXPORT(attention_backward_piece);

}  // namespace

void attention_backward(ConstMatrix dy, ConstMatrix q, ConstMatrix k, ConstMatrix v, ConstMatrix y,
                        std::span<const std::int32_t> starts, const AttentionShape& shape,
                        std::span<const float> log_sums, Matrix dq, Matrix dk, Matrix dv) {
  check_attention("attention_backward", q, k, v, starts, shape);
  check_shape("attention_backward", "dy", dy, q.rows, q.columns);
  check_shape("attention_backward", "y", y, q.rows, q.columns);
  check_shape("attention_backward", "dq", dq, q.rows, q.columns);
  check_shape("attention_backward", "dk", dk, k.rows, k.columns);
  check_shape("attention_backward", "dv", dv, v.rows, v.columns);
  check_size("attention_backward", "log_sums", log_sums.size(), shape.heads * q.rows);
  std::vector<GradientPiece> pieces;
  for (std::size_t s = 0; s + 1 < starts.size(); ++s) {
    if (starts[s] == starts[s + 1]) continue;
    for (std::int64_t head = 0; head < shape.kv_heads; ++head) {
      pieces.push_back({starts[s], starts[s + 1] - starts[s], head});
    }
  }
  // Long sequences first: what is left at the end is short, and threads finish together.
  std::stable_sort(pieces.begin(), pieces.end(),
                   [](const auto& a, const auto& b) { return a.rows > b.rows; });
  const AttentionGradients work{dy, q, k, v, y, shape, log_sums, dq, dk, dv};
  auto* kernel = &HWY_DYNAMIC_DISPATCH(attention_backward_piece);
#pragma omp parallel for schedule(dynamic) if (pieces.size() > 1 && q.rows * q.columns * 64 >= kParallelWork)
  for (std::size_t i = 0; i < pieces.size(); ++i) kernel(work, pieces[i]);
}

}  // namespace fulcrum

#endif  // HWY_ONCE
