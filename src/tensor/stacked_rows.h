// The rows of matrices [N, K] of one type and width, as if they stood one below the other in memory: what a
// layer is packed from, without a copy of them side by side.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "tensor/tensor.h"

namespace fulcrum {

class StackedRows {
 public:
  // `parts` must outlive this, have two extents, and bytes as these say.
  explicit StackedRows(std::span<const Tensor> parts)
      : parts_(parts), row_bytes_(fulcrum::row_bytes(parts[0].dtype, parts[0].shape.at(1))) {
    for (const Tensor& part : parts_) rows_ += part.shape.at(0);
  }
  std::int64_t rows() const { return rows_; }
  std::int64_t row_bytes() const { return row_bytes_; }

  // Where rows [first, first + count) begin, as many of them as there are; the rest is null.
  template <std::size_t count>
  std::array<const std::byte*, count> addresses(std::int64_t first) const {
    std::array<const std::byte*, count> result{};
    std::int64_t part_first = 0;
    for (const Tensor& part : parts_) {
      const std::int64_t rows = part.shape.at(0);
      const std::int64_t from = std::max(first, part_first);
      const std::int64_t to = std::min(first + static_cast<std::int64_t>(count), part_first + rows);
      for (std::int64_t row = from; row < to; ++row)
        result[static_cast<std::size_t>(row - first)] = part.bytes.data() + (row - part_first) * row_bytes_;
      part_first += rows;
    }
    return result;
  }

 private:
  std::span<const Tensor> parts_;
  std::int64_t row_bytes_, rows_ = 0;
};

}  // namespace fulcrum
