#include "tensor/bf16_rows.h"

#include "tensor/dtype.h"
#include "tensor/parallel_rows.h"
#include "tensor/shape_check.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/bf16_rows.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace fulcrum {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

void round_to_bf16(const float* from, std::int64_t n, std::uint16_t* to) {
  const hn::ScalableTag<float> d;
  const hn::RebindToUnsigned<decltype(d)> du;
  const hn::Rebind<std::uint16_t, decltype(d)> half;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto one = hn::Set(du, 1u), below_half = hn::Set(du, 0x7FFFu), quiet = hn::Set(du, 0x400000u);
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto value = hn::LoadU(d, from + i);
    const auto bits = hn::BitCast(du, value);
    const auto odd = hn::And(hn::ShiftRight<16>(bits), one);
    const auto rounded = hn::Add(bits, hn::Add(below_half, odd));
    const auto is_number = hn::RebindMask(du, hn::Eq(value, value));
    const auto upper = hn::ShiftRight<16>(hn::IfThenElse(is_number, rounded, hn::Or(bits, quiet)));
    hn::StoreU(hn::TruncateTo(half, upper), half, to + i);
  }
  for (; i < n; ++i) to[i] = f32_to_bf16(from[i]);
}

}  // namespace HWY_NAMESPACE
}  // namespace fulcrum
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace fulcrum {
namespace {

HWY_EXPORT(round_to_bf16);

}  // namespace

void round_rows_to_bf16(ConstMatrix from, std::span<std::uint16_t> to) {
  check_size("round_rows_to_bf16", "to", to.size(), from.rows * from.columns);
  auto* round = &HWY_DYNAMIC_DISPATCH(round_to_bf16);
  // Rows that follow each other without gaps are one long row.
  const bool dense = from.rows <= 1 || from.stride == from.columns;
  constexpr std::int64_t kBlock = 64;
  parallel_row_blocks(from.rows, kBlock, from.columns, [&](std::int64_t first, std::int64_t last) {
    if (dense) {
      round(from.row(first), (last - first) * from.columns, to.data() + first * from.columns);
      return;
    }
    for (std::int64_t i = first; i < last; ++i)
      round(from.row(i), from.columns, to.data() + i * from.columns);
  });
}

}  // namespace fulcrum

#endif  // HWY_ONCE
