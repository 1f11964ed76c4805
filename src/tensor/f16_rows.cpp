#include "tensor/f16_rows.h"

#include <algorithm>
#include <cmath>

#include "tensor/dtype.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/f16_rows.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace fulcrum {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// In integers, as f32_to_f16 does it: Highway's own conversion does not round on every instruction set.
void round_to_f16(const float* from, std::int64_t count, std::uint16_t* to) {
  const hn::ScalableTag<float> d;
  const hn::RebindToUnsigned<decltype(d)> du;
  const hn::Rebind<std::uint16_t, decltype(d)> half;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto all_but_sign = hn::Set(du, 0x7FFFFFFFu), infinity = hn::Set(du, 0x7F800000u);
  const auto largest = hn::Set(du, 0x477FE000u), least_normal = hn::Set(du, 0x38800000u);
  const auto below_half = hn::Set(du, 0xFFFu - (112u << 23)), one = hn::Set(du, 1u);
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto bits = hn::BitCast(du, hn::LoadU(d, from + i));
    const auto magnitude = hn::And(bits, all_but_sign);
    const auto sign = hn::ShiftRight<16>(hn::AndNot(all_but_sign, bits));
    const auto within = hn::Min(magnitude, largest);
    const auto odd = hn::And(hn::ShiftRight<13>(within), one);
    const auto normal = hn::ShiftRight<13>(hn::Add(within, hn::Add(below_half, odd)));
    const auto shifted = hn::Add(hn::BitCast(d, within), hn::Set(d, 0.5f));
    const auto subnormal = hn::Sub(hn::BitCast(du, shifted), hn::Set(du, 0x3F000000u));
    const auto finite = hn::IfThenElse(hn::Lt(within, least_normal), subnormal, normal);
    const auto other =
        hn::IfThenElse(hn::Eq(magnitude, infinity), hn::Set(du, 0x7C00u), hn::Set(du, 0x7E00u));
    const auto rounded = hn::IfThenElse(hn::Lt(magnitude, infinity), finite, other);
    hn::StoreU(hn::TruncateTo(half, hn::Or(sign, rounded)), half, to + i);
  }
  for (; i < count; ++i) {
    const float value = std::isfinite(from[i]) ? std::clamp(from[i], -65504.0f, 65504.0f) : from[i];
    to[i] = f32_to_f16(value);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace fulcrum
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace fulcrum {
namespace {

HWY_EXPORT(round_to_f16);

}  // namespace

void round_to_f16(const float* from, std::int64_t count, std::uint16_t* to) {
  HWY_DYNAMIC_DISPATCH(round_to_f16)(from, count, to);
}

}  // namespace fulcrum

#endif  // HWY_ONCE
