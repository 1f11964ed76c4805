// f32 to ggml's q4_k and q6_k: per group the scale (and minimum) of least weighted squared error, found by a
// search, then the block's d that carries all of them.
#pragma once

#include <cstddef>
#include <span>

#include "tensor/dtype.h"

namespace fulcrum {

// One block of 256 values; dtype q4_k or q6_k, Error(internal) otherwise.
void encode_super_block(DType dtype, std::span<const float> values, std::byte* block);

}  // namespace fulcrum
