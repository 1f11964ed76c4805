// Attention of a few query rows over keys and values that stand in a cache's blocks: nothing is copied or
// packed. Included once per instruction set.
//
// The chains are those of attention_rows-inl.h, so the bits are too: a score is one chain over the head's
// dimensions, an output one chain over the keys in ascending order, and neither knows where a block ends.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "hwy/highway.h"
#include "tensor/aligned_vector.h"
#include "tensor/attention.h"
#include "tensor/attention_rows-inl.h"
#include "tensor/paged_layout.h"

// Not #pragma once: the file is meant to be read again for each instruction set.
#if defined(FULCRUM_TENSOR_ATTENTION_BLOCKS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FULCRUM_TENSOR_ATTENTION_BLOCKS_INL_H_
#undef FULCRUM_TENSOR_ATTENTION_BLOCKS_INL_H_
#else
#define FULCRUM_TENSOR_ATTENTION_BLOCKS_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace fulcrum {
namespace HWY_NAMESPACE {

// One kv head of a paged cache of float or hwy::float16_t.
template <typename Stored>
struct BlockHead {
  const PagedKeysValues* cache = nullptr;
  std::int64_t head_dim = 0, kv_head = 0;
  // [D, block_tokens]: tokens side by side.
  const Stored* keys(std::int64_t block) const {
    return of_head(cache->key_blocks[static_cast<std::size_t>(block)]);
  }
  // [block_tokens, D]
  const Stored* values(std::int64_t block) const {
    return of_head(cache->value_blocks[static_cast<std::size_t>(block)]);
  }

 private:
  const Stored* of_head(const std::byte* block) const {
    return reinterpret_cast<const Stored*>(block) + kv_head * head_dim * cache->block_tokens;
  }
};

namespace attention_blocks_detail {

using panel_product_detail::FloatTag;
using panel_product_detail::kLanes;
using panel_product_detail::widen;

// Vectors of a register tile beside so many rows: enough chains in flight, and no more than the registers
// hold.
inline constexpr int kMostSums = kLanes >= 16 ? 16 : 8;
template <int kRows>
inline constexpr int kTileVectors = kMostSums >= 8 * kRows   ? 8
                                    : kMostSums >= 4 * kRows ? 4
                                    : kMostSums >= 2 * kRows ? 2
                                                             : 1;
// Rows of a tile.
inline constexpr int kTileRows = kLanes >= 16 ? 8 : 4;

// Where a vector of neighbouring tokens has its first dimension, and the column of its scores.
template <typename Stored>
struct KeyVector {
  const Stored* from;
  std::int64_t column;
};

template <int kRows, int kVectors, typename Stored>
HWY_INLINE void score_tile(const AttentionRows& job, std::int64_t first_row, const KeyVector<Stored>* keys,
                           std::int64_t head_dim, std::int64_t block_tokens, float* scores,
                           std::int64_t columns) {
  const FloatTag d;
  hn::Vec<FloatTag> sums[kRows][kVectors];
  for (auto& row : sums) {
    for (auto& sum : row) sum = hn::Zero(d);
  }
  const float* q = job.q + first_row * job.q_row;
  for (std::int64_t i = 0; i < head_dim; ++i) {
    hn::Vec<FloatTag> tokens[kVectors];
    for (int v = 0; v < kVectors; ++v) tokens[v] = widen(d, keys[v].from + i * block_tokens);
    for (int r = 0; r < kRows; ++r) {
      const auto factor = hn::Set(d, q[r * job.q_row + i]);
      for (int v = 0; v < kVectors; ++v) sums[r][v] = hn::MulAdd(factor, tokens[v], sums[r][v]);
    }
  }
  // In ascending columns: where a block is no whole number of vectors, the next one's scores replace what
  // lies beyond its end.
  for (int v = 0; v < kVectors; ++v) {
    for (int r = 0; r < kRows; ++r) {
      hn::StoreU(sums[r][v], d, scores + (first_row + r) * columns + keys[v].column);
    }
  }
}

// Sums of weight * value over keys [first, last]; dimensions from `dimension` on.
template <int kRows, int kVectors, typename Stored>
HWY_INLINE void value_tile(const BlockHead<Stored>& head, const float* weights, std::int64_t columns,
                           std::int64_t first, std::int64_t last, std::int64_t dimension, float* to,
                           std::int64_t to_row) {
  const FloatTag d;
  hn::Vec<FloatTag> sums[kRows][kVectors];
  for (auto& row : sums) {
    for (auto& sum : row) sum = hn::Zero(d);
  }
  const std::int64_t block_tokens = head.cache->block_tokens;
  for (std::int64_t key = first; key <= last;) {
    const std::int64_t block = key / block_tokens, begin = key - block * block_tokens;
    const std::int64_t count = std::min(block_tokens - begin, last + 1 - key);
    const Stored* values = head.values(block) + begin * head.head_dim + dimension;
    const float* weight = weights + (key - first);
    for (std::int64_t t = 0; t < count; ++t, values += head.head_dim, ++weight) {
      hn::Vec<FloatTag> value[kVectors];
      for (int v = 0; v < kVectors; ++v) value[v] = widen(d, values + v * kLanes);
      for (int r = 0; r < kRows; ++r) {
        const auto factor = hn::Set(d, weight[r * columns]);
        for (int v = 0; v < kVectors; ++v) sums[r][v] = hn::MulAdd(factor, value[v], sums[r][v]);
      }
    }
    key += count;
  }
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) hn::StoreU(sums[r][v], d, to + r * to_row + v * kLanes);
  }
}

// A run of rows of a job, what it sees and where its scores and sums go.
template <typename Stored>
struct RowRun {
  std::int64_t first;       // row of the job
  std::int64_t base, last;  // keys
  std::int64_t columns;     // from a row of scores to the next
  std::int64_t sums_row;    // from a row of sums to the next
  float *scores, *sums;     // of the job's first row
  const KeyVector<Stored>* keys;
  std::int64_t key_vectors;
};

// Vectors of keys from `done` on, in tiles that halve at the end.
template <int kRows, int kVectors = kTileVectors<kRows>, typename Stored>
void score_rows(const AttentionRows& job, const BlockHead<Stored>& head, const RowRun<Stored>& run,
                std::int64_t done = 0) {
  for (; done + kVectors <= run.key_vectors; done += kVectors) {
    score_tile<kRows, kVectors>(job, run.first, run.keys + done, head.head_dim, head.cache->block_tokens,
                                run.scores, run.columns);
  }
  if constexpr (kVectors > 1) {
    if (done < run.key_vectors) score_rows<kRows, kVectors / 2>(job, head, run, done);
  }
}

// Dimensions from `done` on.
template <int kRows, int kVectors = kTileVectors<kRows>, typename Stored>
void value_rows(const BlockHead<Stored>& head, const RowRun<Stored>& run, std::int64_t done = 0) {
  const float* weights = run.scores + run.first * run.columns;
  float* to = run.sums + run.first * run.sums_row;
  const std::int64_t vectors = (head.head_dim + kLanes - 1) / kLanes;
  for (; done + kVectors <= vectors; done += kVectors) {
    value_tile<kRows, kVectors>(head, weights, run.columns, run.base, run.last, done * kLanes,
                                to + done * kLanes, run.sums_row);
  }
  if constexpr (kVectors > 1) {
    if (done < vectors) value_rows<kRows, kVectors / 2>(head, run, done);
  }
}

// Calls visit(run, rows as a constant) for tiles of the job's rows.
template <int kRows = kTileRows, typename Stored, typename Visit>
void visit_row_tiles(RowRun<Stored> run, std::int64_t rows, const Visit& visit) {
  for (; rows >= kRows; rows -= kRows, run.first += kRows) visit(run, std::integral_constant<int, kRows>());
  if constexpr (kRows > 1) {
    if (rows > 0) visit_row_tiles<kRows - 1>(run, rows, visit);
  }
}

}  // namespace attention_blocks_detail

// `scores` grows as needed, `sums` holds kAttentionRows * D rounded up to panels. A block is read up to
// kPagedSlack elements beyond its end.
template <typename Stored>
void attend_blocks(const AttentionRows& job, const BlockHead<Stored>& head, const ScoreMap& map,
                   AlignedVector<float>& scores, float* sums) {
  using namespace attention_blocks_detail;
  static_assert(kLanes <= kPagedSlack);
  std::int64_t low = job.low[0], high = job.high[0];
  for (std::int64_t r = 1; r < job.rows; ++r) {
    low = std::min(low, job.low[r]);
    high = std::max(high, job.high[r]);
  }
  const std::int64_t block_tokens = head.cache->block_tokens;
  // A key's lane in the sum of weights follows from its position, wherever the row's first key is.
  const std::int64_t base = low / kPanelColumns * kPanelColumns;
  const std::int64_t columns = (high - base) / kPanelColumns * kPanelColumns + kPanelColumns;
  // The first block may begin before the base, the last vector end behind the columns.
  const std::int64_t first_block = base / block_tokens, lead = base - first_block * block_tokens;
  thread_local std::vector<KeyVector<Stored>> keys;
  keys.clear();
  for (std::int64_t block = first_block; block <= high / block_tokens; ++block) {
    for (std::int64_t token = 0; token < block_tokens; token += kLanes) {
      keys.push_back({head.keys(block) + token, (block - first_block) * block_tokens + token});
    }
  }
  const std::int64_t row = (lead + columns + block_tokens + 2 * kLanes + 15) / 16 * 16;
  grow(scores, static_cast<std::size_t>(job.rows * row));

  RowRun<Stored> run{};
  run.base = base;
  run.last = high;
  run.columns = row;
  run.sums_row = (head.head_dim + kPanelColumns - 1) / kPanelColumns * kPanelColumns;
  run.scores = scores.data();
  run.sums = sums;
  run.keys = keys.data();
  run.key_vectors = static_cast<std::int64_t>(keys.size());
  visit_row_tiles(run, job.rows,
                  [&](const RowRun<Stored>& tile, auto rows) { score_rows<rows>(job, head, tile); });

  SoftmaxRow softmax[kAttentionRows];
  for (std::int64_t r = 0; r < job.rows; ++r) {
    softmax[r] =
        masked_exponentials(run.scores + r * row + lead, columns, job.low[r] - base, job.high[r] - base, map);
  }
  run.scores += lead;
  visit_row_tiles(run, job.rows,
                  [&](const RowRun<Stored>& tile, auto rows) { value_rows<rows>(head, tile); });
  for (std::int64_t r = 0; r < job.rows; ++r) {
    const float inverse = 1.0f / softmax[r].sum;
    const float* from = sums + r * run.sums_row;
    float* to = job.y + r * job.y_row;
    for (std::int64_t i = 0; i < head.head_dim; ++i) to[i] = from[i] * inverse;
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace fulcrum
HWY_AFTER_NAMESPACE();

#endif  // FULCRUM_TENSOR_ATTENTION_BLOCKS_INL_H_
