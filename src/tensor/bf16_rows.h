// Rounding of f32 rows to bf16, to nearest even, as fast as memory allows.
#pragma once

#include <cstdint>
#include <span>

#include "tensor/tensor.h"

namespace fulcrum {

// `to` holds rows * columns values, dense. NaN stays NaN. The same bits as f32_to_bf16.
void round_rows_to_bf16(ConstMatrix from, std::span<std::uint16_t> to);

}  // namespace fulcrum
