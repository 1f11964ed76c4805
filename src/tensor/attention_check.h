// Checks shared by attention and its backward. A failure is a bug of the caller: Error(internal).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "tensor/attention.h"
#include "tensor/shape_check.h"

namespace fulcrum {

inline void check_heads(std::string_view operation, const AttentionShape& shape) {
  if (shape.heads <= 0 || shape.kv_heads <= 0 || shape.head_dim <= 0 || shape.heads % shape.kv_heads != 0 ||
      shape.window <= 0) {
    throw_error(ErrorCode::internal,
                "{}: {} heads over {} kv heads of dimension {} with window {} do not fit together", operation,
                shape.heads, shape.kv_heads, shape.head_dim, shape.window);
  }
}

inline void check_attention(std::string_view operation, ConstMatrix q, ConstMatrix k, ConstMatrix v,
                            std::span<const std::int32_t> starts, const AttentionShape& shape) {
  check_heads(operation, shape);
  check_shape(operation, "q", q, q.rows, shape.heads * shape.head_dim);
  check_shape(operation, "k", k, q.rows, shape.kv_heads * shape.head_dim);
  check_shape(operation, "v", v, q.rows, shape.kv_heads * shape.head_dim);
  bool ordered = !starts.empty() && starts.front() == 0 && starts.back() == q.rows;
  for (std::size_t s = 0; s + 1 < starts.size(); ++s) ordered = ordered && starts[s] <= starts[s + 1];
  if (!ordered) {
    throw_error(ErrorCode::internal, "{}: starts of sequences must ascend from 0 to {} rows", operation,
                q.rows);
  }
}

}  // namespace fulcrum
