#include "tensor/attention.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "tensor/aligned_vector.h"
#include "tensor/attention_check.h"
#include "tensor/parallel_rows.h"
#include "tensor/shape_check.h"

#ifndef FULCRUM_TENSOR_ATTENTION_CPP_ONCE_
#define FULCRUM_TENSOR_ATTENTION_CPP_ONCE_

namespace fulcrum {

// Rows [first, first + rows) of one kv head's group of query heads: what one thread does at a time. Packing
// keys costs about as much as attending one row, so pieces hold many rows where there are many.
struct AttentionPiece {
  std::int64_t first = 0, rows = 0, kv_head = 0;
  std::int64_t sequence = 0;  // index into starts or into the paged sequences
};

struct TrainingAttention {
  ConstMatrix q, k, v;
  std::span<const std::int32_t> starts;
  AttentionShape shape;
  Matrix y;
  std::span<float> log_sums;
};

struct PagedAttention {
  ConstMatrix q;
  std::span<const PagedKeysValues> sequences;
  std::span<const std::int32_t> positions;
  AttentionShape shape;
  Matrix y;
};

// A thread's memory for packed keys, packed values, scores, sums and widened blocks; it grows and is kept.
struct AttentionScratch {
  AlignedVector<float> columns, rows, scores, sums, widened;
  std::vector<const std::byte*> key_blocks, value_blocks;  // in `widened`

  void reserve(std::int64_t tiles, std::int64_t head_dim, std::int64_t query_rows) {
    const std::int64_t value_panels = (head_dim + 31) / 32;
    grow(columns, static_cast<std::size_t>(tiles * 32 * head_dim));
    grow(rows, static_cast<std::size_t>(tiles * 32 * value_panels * 32));
    grow(scores, static_cast<std::size_t>(query_rows * tiles * 32));
    grow(sums, static_cast<std::size_t>(query_rows * value_panels * 32));
  }
};

inline AttentionScratch& attention_scratch() {
  thread_local AttentionScratch scratch;
  return scratch;
}

// First key that a token at `position` sees.
inline std::int64_t first_visible(std::int64_t position, std::int32_t window) {
  return std::max<std::int64_t>(0, position - window + 1);
}

}  // namespace fulcrum

#endif  // FULCRUM_TENSOR_ATTENTION_CPP_ONCE_

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/attention.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "tensor/attention_blocks-inl.h"
#include "tensor/attention_rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fulcrum {
namespace HWY_NAMESPACE {

// One kv head's part of consecutive rows, from `first` on.
struct MatrixRows {
  const float* first;
  std::ptrdiff_t stride;
  const float* operator()(std::int64_t i) const { return first + i * stride; }
};

// Packs keys and values [first_key, last_key] of one kv head into the scratch.
PackedHead pack_head(const MatrixRows& keys, const MatrixRows& values, std::int64_t first_key,
                     std::int64_t last_key, std::int64_t head_dim, AttentionScratch& scratch) {
  const std::int64_t count = last_key - first_key + 1;
  PackedHead head;
  head.head_dim = head_dim;
  head.first_key = first_key;
  head.tiles = (count + kPanelColumns - 1) / kPanelColumns;
  scratch.reserve(head.tiles, head_dim, kAttentionRows);
  pack_columns(keys, count, head_dim, scratch.columns.data());
  pack_rows(values, count, head.tiles * kPanelColumns, head_dim, scratch.rows.data());
  head.columns = scratch.columns.data();
  head.rows = scratch.rows.data();
  return head;
}

void attend_training_piece(const TrainingAttention& a, const AttentionPiece& piece) {
  const std::int64_t head_dim = a.shape.head_dim, group = a.shape.heads / a.shape.kv_heads;
  const std::int64_t start = a.starts[static_cast<std::size_t>(piece.sequence)];
  const std::int64_t first_position = piece.first - start;
  const std::int64_t first_key =
      first_visible(first_position, a.shape.window) / kPanelColumns * kPanelColumns;
  const std::int64_t offset = piece.kv_head * head_dim;
  AttentionScratch& scratch = attention_scratch();
  const PackedHead head = pack_head(MatrixRows{a.k.row(start + first_key) + offset, a.k.stride},
                                    MatrixRows{a.v.row(start + first_key) + offset, a.v.stride}, first_key,
                                    first_position + piece.rows - 1, head_dim, scratch);
  const ScoreMap map(a.shape);
  for (std::int64_t h = piece.kv_head * group; h < (piece.kv_head + 1) * group; ++h) {
    for (std::int64_t done = 0; done < piece.rows; done += kAttentionRows) {
      const std::int64_t row = piece.first + done;
      AttentionRows job;
      job.rows = std::min(kAttentionRows, piece.rows - done);
      job.q = a.q.row(row) + h * head_dim;
      job.q_row = a.q.stride;
      job.y = a.y.row(row) + h * head_dim;
      job.y_row = a.y.stride;
      job.log_sums = a.log_sums.data() + h * a.q.rows + row;
      for (std::int64_t r = 0; r < job.rows; ++r) {
        job.high[r] = row + r - start;
        job.low[r] = first_visible(job.high[r], a.shape.window);
      }
      attend(job, head, map, scratch.scores.data(), scratch.sums.data());
    }
  }
}

template <typename Stored>
void attend_rows_of_head(const PagedAttention& a, const AttentionPiece& piece,
                         const BlockHead<Stored>& head) {
  const std::int64_t head_dim = a.shape.head_dim, group = a.shape.heads / a.shape.kv_heads;
  const auto positions =
      a.positions.subspan(static_cast<std::size_t>(piece.first), static_cast<std::size_t>(piece.rows));
  AttentionScratch& scratch = attention_scratch();
  scratch.reserve(0, head_dim, kAttentionRows);
  const ScoreMap map(a.shape);
  const auto run = [&](AttentionRows& job) {
    attend_blocks(job, head, map, scratch.scores, scratch.sums.data());
  };
  // A token alone fills the tile with the heads of its group, several tokens with their rows.
  const std::int64_t first_head = piece.kv_head * group;
  if (piece.rows == 1) {
    for (std::int64_t done = 0; done < group; done += kAttentionRows) {
      AttentionRows job;
      job.rows = std::min(kAttentionRows, group - done);
      job.q = a.q.row(piece.first) + (first_head + done) * head_dim;
      job.y = a.y.row(piece.first) + (first_head + done) * head_dim;
      job.q_row = job.y_row = head_dim;
      std::fill_n(job.high, job.rows, positions[0]);
      std::fill_n(job.low, job.rows, first_visible(positions[0], a.shape.window));
      run(job);
    }
    return;
  }
  for (std::int64_t h = first_head; h < first_head + group; ++h) {
    for (std::int64_t done = 0; done < piece.rows; done += kAttentionRows) {
      AttentionRows job;
      job.rows = std::min(kAttentionRows, piece.rows - done);
      job.q = a.q.row(piece.first + done) + h * head_dim;
      job.q_row = a.q.stride;
      job.y = a.y.row(piece.first + done) + h * head_dim;
      job.y_row = a.y.stride;
      for (std::int64_t r = 0; r < job.rows; ++r) {
        job.high[r] = positions[static_cast<std::size_t>(done + r)];
        job.low[r] = first_visible(job.high[r], a.shape.window);
      }
      run(job);
    }
  }
}

// Query rows, over all heads of a group, from which on a head's blocks are widened once for all of them.
constexpr std::int64_t kWidenedRows = 32;

// The blocks that a piece sees, as f32 in the scratch; `cache` is what the result stands in.
BlockHead<float> widen_head(const BlockHead<hwy::float16_t>& head, std::span<const std::int32_t> positions,
                            std::int32_t window, AttentionScratch& scratch, PagedKeysValues& cache) {
  using panel_product_detail::FloatTag;
  using panel_product_detail::kLanes;
  const std::int64_t block_tokens = head.cache->block_tokens, elements = head.head_dim * block_tokens;
  const auto [least, most] = std::minmax_element(positions.begin(), positions.end());
  const std::int64_t first = first_visible(*least, window) / kPanelColumns * kPanelColumns / block_tokens;
  const std::int64_t blocks = *most / block_tokens + 1;
  grow(scratch.widened, static_cast<std::size_t>(2 * (blocks - first) * elements + kPagedSlack));
  scratch.key_blocks.assign(static_cast<std::size_t>(blocks), nullptr);
  scratch.value_blocks = scratch.key_blocks;
  float* to = scratch.widened.data();
  // In ascending memory: what a last vector writes beyond its block, the next block replaces.
  const auto widen_block = [&](const hwy::float16_t* from) HWY_ATTR {
    for (std::int64_t i = 0; i < elements; i += kLanes)
      hn::StoreU(panel_product_detail::widen(FloatTag(), from + i), FloatTag(), to + i);
    const auto* widened = reinterpret_cast<const std::byte*>(to);
    to += elements;
    return widened;
  };
  for (std::int64_t block = first; block < blocks; ++block) {
    scratch.key_blocks[static_cast<std::size_t>(block)] = widen_block(head.keys(block));
    scratch.value_blocks[static_cast<std::size_t>(block)] = widen_block(head.values(block));
  }
  cache = {DType::f32, block_tokens, scratch.key_blocks, scratch.value_blocks};
  return {&cache, head.head_dim, 0};
}

void attend_paged_piece(const PagedAttention& a, const AttentionPiece& piece) {
  const PagedKeysValues& cache = a.sequences[static_cast<std::size_t>(piece.sequence)];
  if (cache.dtype == DType::f32)
    return attend_rows_of_head(a, piece, BlockHead<float>{&cache, a.shape.head_dim, piece.kv_head});
  const BlockHead<hwy::float16_t> head{&cache, a.shape.head_dim, piece.kv_head};
  // Either way a row computes with the same f32 values.
  if (piece.rows * a.shape.heads / a.shape.kv_heads < kWidenedRows)
    return attend_rows_of_head(a, piece, head);
  const auto positions =
      a.positions.subspan(static_cast<std::size_t>(piece.first), static_cast<std::size_t>(piece.rows));
  PagedKeysValues widened;
  attend_rows_of_head(a, piece, widen_head(head, positions, a.shape.window, attention_scratch(), widened));
}

}  // namespace HWY_NAMESPACE
}  // namespace fulcrum
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace fulcrum {
namespace {

HWY_EXPORT(attend_training_piece);
HWY_EXPORT(attend_paged_piece);

constexpr std::int64_t kPieceRows = 128;

// Cuts rows [first, last) of one sequence into pieces, one for each kv head.
void add_pieces(std::int64_t first, std::int64_t last, std::int64_t sequence, const AttentionShape& shape,
                std::vector<AttentionPiece>& pieces) {
  for (; first < last; first += kPieceRows) {
    for (std::int64_t head = 0; head < shape.kv_heads; ++head) {
      pieces.push_back({first, std::min(kPieceRows, last - first), head, sequence});
    }
  }
}

void check_cache(const PagedKeysValues& cache, std::int32_t position) {
  const auto tokens = cache.block_tokens *
                      static_cast<std::int64_t>(std::min(cache.key_blocks.size(), cache.value_blocks.size()));
  if (cache.dtype != DType::f32 && cache.dtype != DType::f16) {
    throw_error(ErrorCode::internal, "attention_paged: a cache holds f32 or f16, not {}",
                to_string(cache.dtype));
  }
  if (cache.block_tokens <= 0 || position < 0 || position >= tokens) {
    throw_error(ErrorCode::internal, "attention_paged: position {} lies outside of a cache of {} tokens",
                position, tokens);
  }
}

}  // namespace

void attention(ConstMatrix q, ConstMatrix k, ConstMatrix v, std::span<const std::int32_t> starts,
               const AttentionShape& shape, Matrix y, std::span<float> log_sums) {
  check_attention("attention", q, k, v, starts, shape);
  check_shape("attention", "y", y, q.rows, q.columns);
  check_size("attention", "log_sums", log_sums.size(), shape.heads * q.rows);
  std::vector<AttentionPiece> pieces;
  for (std::size_t s = 0; s + 1 < starts.size(); ++s) {
    add_pieces(starts[s], starts[s + 1], static_cast<std::int64_t>(s), shape, pieces);
  }
  const TrainingAttention work{q, k, v, starts, shape, y, log_sums};
  auto* kernel = &HWY_DYNAMIC_DISPATCH(attend_training_piece);
#pragma omp parallel for schedule(dynamic) if (pieces.size() > 1 && q.rows * q.columns * 32 >= kParallelWork)
  for (std::size_t i = 0; i < pieces.size(); ++i) kernel(work, pieces[i]);
}

void attention_paged(ConstMatrix q, std::span<const PagedKeysValues> sequences,
                     std::span<const std::int32_t> row_sequence, std::span<const std::int32_t> positions,
                     const AttentionShape& shape, Matrix y) {
  check_heads("attention_paged", shape);
  check_shape("attention_paged", "q", q, q.rows, shape.heads * shape.head_dim);
  check_shape("attention_paged", "y", y, q.rows, q.columns);
  check_size("attention_paged", "row_sequence", row_sequence.size(), q.rows);
  check_size("attention_paged", "positions", positions.size(), q.rows);
  std::vector<AttentionPiece> pieces;
  std::int64_t work_estimate = 0;
  for (std::int64_t first = 0; first < q.rows;) {
    const std::int32_t sequence = row_sequence[static_cast<std::size_t>(first)];
    if (sequence < 0 || static_cast<std::size_t>(sequence) >= sequences.size()) {
      throw_error(ErrorCode::internal, "attention_paged: row {} belongs to sequence {} of {}", first,
                  sequence, sequences.size());
    }
    std::int64_t last = first;
    for (; last < q.rows && row_sequence[static_cast<std::size_t>(last)] == sequence; ++last) {
      const std::int32_t position = positions[static_cast<std::size_t>(last)];
      check_cache(sequences[static_cast<std::size_t>(sequence)], position);
      work_estimate += 2 * position * q.columns;
    }
    add_pieces(first, last, sequence, shape, pieces);
    first = last;
  }
  const PagedAttention work{q, sequences, positions, shape, y};
  auto* kernel = &HWY_DYNAMIC_DISPATCH(attend_paged_piece);
#pragma omp parallel for schedule(dynamic) if (pieces.size() > 1 && work_estimate >= kParallelWork)
  for (std::size_t i = 0; i < pieces.size(); ++i) kernel(work, pieces[i]);
}

}  // namespace fulcrum

#endif  // HWY_ONCE
