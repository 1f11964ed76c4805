#include "tensor/embedding.h"

#include <algorithm>

#include "base/error.h"
#include "tensor/parallel_rows.h"
#include "tensor/shape_check.h"

namespace fulcrum {
namespace {

void check_ids(std::span<const std::int32_t> ids, std::int64_t vocab_size) {
  for (const std::int32_t id : ids) {
    if (id < 0 || id >= vocab_size) {
      throw_error(ErrorCode::invalid_argument, "embedding: token {} lies outside of the vocabulary of {}", id,
                  vocab_size);
    }
  }
}

}  // namespace

void embed(std::span<const std::int32_t> ids, ConstMatrix table, Matrix y) {
  check_shape("embed", "y", y, static_cast<std::int64_t>(ids.size()), table.columns);
  check_ids(ids, table.rows);
  parallel_row_blocks(y.rows, kRowBlock, y.columns, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t t = first; t < last; ++t) {
      std::copy_n(table.row(ids[static_cast<std::size_t>(t)]), y.columns, y.row(t));
    }
  });
}

void embed_backward(ConstMatrix dy, std::span<const std::int32_t> ids, Matrix d_table) {
  check_shape("embed_backward", "dy", dy, static_cast<std::int64_t>(ids.size()), d_table.columns);
  check_ids(ids, d_table.rows);
  // Threads share out columns, not tokens: equal ids meet in the same rows, and their order must stay.
  constexpr std::int64_t kColumns = 32;
  parallel_row_blocks(dy.columns, kColumns, dy.rows, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t t = 0; t < dy.rows; ++t) {
      const float* from = dy.row(t);
      float* to = d_table.row(ids[static_cast<std::size_t>(t)]);
      for (std::int64_t c = first; c < last; ++c) to[c] += from[c];
    }
  });
}

}  // namespace fulcrum
