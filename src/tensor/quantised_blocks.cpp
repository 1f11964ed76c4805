#include "tensor/quantised_blocks.h"

#include <cstring>

#include "base/error.h"
#include "tensor/parallel_rows.h"
#include "tensor/small_blocks.h"
#include "tensor/super_block_encoder.h"
#include "tensor/super_blocks.h"

namespace fulcrum {
namespace {

bool is_small(DType dtype) {
  return block_elements(dtype) == static_cast<std::int64_t>(kSmallBlockElements);
}

// The number of blocks that both sides have.
std::int64_t count_blocks(DType dtype, std::size_t bytes, std::size_t values) {
  const auto size = static_cast<std::size_t>(block_bytes(dtype));
  const auto elements = static_cast<std::size_t>(block_elements(dtype));
  if (!is_quantised(dtype) || bytes % size != 0 || bytes / size * elements != values) {
    throw_error(ErrorCode::internal, "blocks of {}: {} bytes for {} values", to_string(dtype), bytes, values);
  }
  return static_cast<std::int64_t>(bytes / size);
}

// Blocks that one thread takes at a time, and about what encoding one element costs beside a multiply-add.
constexpr std::int64_t kBlocksAtATime = 64;
constexpr std::int64_t kEncodingWork = 64;

}  // namespace

void decode_blocks(DType dtype, std::span<const std::byte> bytes, std::span<float> values) {
  const std::int64_t blocks = count_blocks(dtype, bytes.size(), values.size());
  const auto size = static_cast<std::size_t>(block_bytes(dtype));
  const auto elements = static_cast<std::size_t>(block_elements(dtype));
  const auto decode = is_small(dtype) ? decode_small_block : decode_super_block;
  parallel_row_blocks(
      blocks, kBlocksAtATime, block_elements(dtype), [&](std::int64_t first, std::int64_t last) {
        for (auto i = static_cast<std::size_t>(first); i < static_cast<std::size_t>(last); ++i) {
          decode(dtype, bytes.data() + i * size, values.subspan(i * elements, elements));
        }
      });
}

bool is_encodable(DType dtype) {
  return dtype == DType::q8_0 || dtype == DType::q4_0 || dtype == DType::q5_0 || dtype == DType::q4_k ||
         dtype == DType::q6_k;
}

void encode_blocks(DType dtype, std::span<const float> values, std::span<std::byte> bytes) {
  if (!is_encodable(dtype)) {
    throw_error(ErrorCode::unsupported,
                "encoding blocks: {} is read but not written; q8_0, q4_0, q5_0, q4_k and q6_k are",
                to_string(dtype));
  }
  const std::int64_t blocks = count_blocks(dtype, bytes.size(), values.size());
  const auto size = static_cast<std::size_t>(block_bytes(dtype));
  const auto elements = static_cast<std::size_t>(block_elements(dtype));
  const auto encode = is_small(dtype) ? encode_small_block : encode_super_block;
  parallel_row_blocks(blocks, kBlocksAtATime, block_elements(dtype) * kEncodingWork,
                      [&](std::int64_t first, std::int64_t last) {
                        for (auto i = static_cast<std::size_t>(first); i < static_cast<std::size_t>(last);
                             ++i) {
                          encode(dtype, values.subspan(i * elements, elements), bytes.data() + i * size);
                        }
                      });
}

std::int64_t find_not_finite_block(DType dtype, std::span<const std::byte> bytes) {
  const auto size = static_cast<std::size_t>(block_bytes(dtype));
  std::size_t d = 0, other = 0;  // where the block's one or two f16 numbers stand
  if (is_small(dtype)) {
    other = dtype == DType::q4_1 || dtype == DType::q5_1 ? 2 : 0;
  } else {
    const SuperBlockLayout at = super_block_layout(dtype);
    d = static_cast<std::size_t>(at.d);
    other = at.d_min < 0 ? d : static_cast<std::size_t>(at.d_min);
  }
  const auto is_finite = [&](std::size_t at) {
    std::uint16_t bits;
    std::memcpy(&bits, bytes.data() + at, sizeof(bits));
    return (bits & 0x7C00u) != 0x7C00u;
  };
  for (std::size_t i = 0; i < bytes.size() / size; ++i) {
    if (!is_finite(i * size + d) || !is_finite(i * size + other)) return static_cast<std::int64_t>(i);
  }
  return -1;
}

}  // namespace fulcrum
