// The exponential as softmax and SwiGLU need it. Highway's own is exact to 1 ulp, but takes NaN for a very
// small number and wraps around far beyond overflow. Included once per instruction set.
#include "hwy/contrib/math/math-inl.h"
#include "hwy/highway.h"

// Not #pragma once: the file is meant to be read again for each instruction set.
#if defined(FULCRUM_TENSOR_EXPONENTIAL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FULCRUM_TENSOR_EXPONENTIAL_INL_H_
#undef FULCRUM_TENSOR_EXPONENTIAL_INL_H_
#else
#define FULCRUM_TENSOR_EXPONENTIAL_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace fulcrum {
namespace HWY_NAMESPACE {

// exp(x) for x up to 88 (above, exp(88) = 1.7e38); NaN stays NaN.
template <class D, class V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE V exponential(D d, V x) {
  namespace hn = hwy::HWY_NAMESPACE;
  const V result = hn::Exp(d, hn::Min(x, hn::Set(d, 88.0f)));
  return hn::IfThenElse(hn::Eq(x, x), result, x);
}

}  // namespace HWY_NAMESPACE
}  // namespace fulcrum
HWY_AFTER_NAMESPACE();

#endif  // FULCRUM_TENSOR_EXPONENTIAL_INL_H_
