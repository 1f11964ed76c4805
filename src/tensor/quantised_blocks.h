// Rows of quantised blocks to f32 and back: the one door to all of ggml's block types that are read here.
//
// A block is a fixed number of elements (block_elements) that share scales. Decoding follows each format's
// definition to the last bit and is the readable twin of the kernels in tensor/quantised_product.h; encoding
// searches the scales for a small error. The types themselves: tensor/small_blocks.h, tensor/super_blocks.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "tensor/dtype.h"

namespace fulcrum {

// `bytes` are whole blocks and `values` as many elements; Error(internal) otherwise.
void decode_blocks(DType dtype, std::span<const std::byte> bytes, std::span<float> values);

// Whether encode_blocks writes this type: q8_0, q4_0, q5_0, q4_k and q6_k.
bool is_encodable(DType dtype);
// A value that is NaN or infinite spoils its block, whose scale then is not finite; the others are encoded as
// ever.
void encode_blocks(DType dtype, std::span<const float> values, std::span<std::byte> bytes);

// Index of the first block with a scale or minimum that is NaN or infinite; -1 if there is none.
std::int64_t find_not_finite_block(DType dtype, std::span<const std::byte> bytes);

}  // namespace fulcrum
