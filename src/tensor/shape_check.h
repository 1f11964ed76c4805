// Checks that callers hold to an operation's shapes. A failure is a bug of the caller: Error(internal).
#pragma once

#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "tensor/tensor.h"

namespace fulcrum {

inline void check_shape(std::string_view operation, std::string_view operand, ConstMatrix matrix,
                        std::int64_t rows, std::int64_t columns) {
  if (matrix.rows != rows || matrix.columns != columns) {
    throw_error(ErrorCode::internal, "{}: {} must be [{}, {}], but is [{}, {}]", operation, operand, rows,
                columns, matrix.rows, matrix.columns);
  }
  if (matrix.rows > 1 && matrix.stride < matrix.columns) {
    throw_error(ErrorCode::internal, "{}: {} has {} columns, but rows only {} elements apart", operation,
                operand, matrix.columns, matrix.stride);
  }
}

inline void check_size(std::string_view operation, std::string_view operand, std::size_t found,
                       std::int64_t expected) {
  if (static_cast<std::int64_t>(found) != expected) {
    throw_error(ErrorCode::internal, "{}: {} must hold {} values, but holds {}", operation, operand, expected,
                found);
  }
}

}  // namespace fulcrum
