// Rows of a table chosen by token ids. An id outside of the table is Error(invalid_argument).
#pragma once

#include <cstdint>
#include <span>

#include "tensor/tensor.h"

namespace fulcrum {

// table [V, C], ids [T], y [T, C].
void embed(std::span<const std::int32_t> ids, ConstMatrix table, Matrix y);
// d_table is added to, in the order of ids.
void embed_backward(ConstMatrix dy, std::span<const std::int32_t> ids, Matrix d_table);

}  // namespace fulcrum
