#include "tensor/paged_layout.h"

#include <algorithm>

#include "base/error.h"
#include "tensor/aligned_vector.h"
#include "tensor/f16_rows.h"

namespace fulcrum {
namespace {

template <typename Stored>
void store(const Stored* k, const Stored* v, std::int64_t slot, std::int64_t block_tokens,
           const AttentionShape& shape, std::byte* key_block, std::byte* value_block) {
  auto* keys = reinterpret_cast<Stored*>(key_block);
  auto* values = reinterpret_cast<Stored*>(value_block);
  const std::int64_t head_dim = shape.head_dim, width = shape.kv_heads * head_dim;
  for (std::int64_t i = 0; i < width; ++i) keys[i * block_tokens + slot] = k[i];
  for (std::int64_t head = 0; head < shape.kv_heads; ++head)
    std::copy_n(v + head * head_dim, head_dim, values + (head * block_tokens + slot) * head_dim);
}

}  // namespace

void store_paged(const float* k, const float* v, std::int64_t slot, std::int64_t block_tokens,
                 const AttentionShape& shape, DType dtype, std::byte* key_block, std::byte* value_block) {
  if (dtype == DType::f32) return store(k, v, slot, block_tokens, shape, key_block, value_block);
  if (dtype != DType::f16)
    throw_error(ErrorCode::internal, "storing keys and values: a cache holds f32 or f16, not {}",
                to_string(dtype));
  const std::int64_t width = shape.kv_heads * shape.head_dim;
  thread_local AlignedVector<std::uint16_t> rounded;
  grow(rounded, static_cast<std::size_t>(2 * width));
  round_to_f16(k, width, rounded.data());
  round_to_f16(v, width, rounded.data() + width);
  store(rounded.data(), rounded.data() + width, slot, block_tokens, shape, key_block, value_block);
}

}  // namespace fulcrum
