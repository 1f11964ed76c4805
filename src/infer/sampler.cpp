#include "infer/sampler.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "base/random.h"
#include "tensor/ops.h"

namespace fulcrum {

Sampler::Sampler(const Sampling& sampling) : sampling_(sampling) {
  if (!(sampling.temperature >= 0) || std::isinf(sampling.temperature)) {
    throw_error(ErrorCode::invalid_argument, "sampling: temperature is {}, expected 0 or a positive number",
                sampling.temperature);
  }
  if (sampling.top_k && *sampling.top_k < 1) {
    throw_error(ErrorCode::invalid_argument,
                "sampling: top_k is {}, expected at least 1; leave it out for no cut", *sampling.top_k);
  }
  if (sampling.top_p && !(*sampling.top_p > 0 && *sampling.top_p <= 1)) {
    throw_error(ErrorCode::invalid_argument, "sampling: top_p is {}, expected more than 0 and at most 1",
                *sampling.top_p);
  }
}

TokenId largest_logit(std::span<const float> logits) {
  return static_cast<TokenId>(index_of_largest(logits));
}

double Sampler::normalizer(std::span<const float> logits, std::int64_t position) const {
  // A NaN anywhere makes this sum NaN, an infinite logit makes it infinite: one look finds both.
  const double normalizer = log_sum_exp(logits);
  if (!std::isfinite(normalizer)) {
    throw_error(
        ErrorCode::corrupt,
        "choosing token {} of the answer: the model's logits are not finite; the weights or the adapter are "
        "broken",
        position);
  }
  return normalizer;
}

SampledToken Sampler::sample(std::span<const float> logits, std::int64_t position) {
  const double sum = normalizer(logits, position);
  TokenId token = 0;
  if (sampling_.temperature == 0) {
    token = largest_logit(logits);
  } else {
    order_.resize(logits.size());
    std::iota(order_.begin(), order_.end(), 0);
    token = draw(logits, position);
  }
  return {token, static_cast<double>(logits[static_cast<std::size_t>(token)]) - sum};
}

SampledToken Sampler::sample_among(std::span<const TokenId> allowed, std::span<const float> logits,
                                   std::int64_t position) {
  const double sum = normalizer(logits, position);
  TokenId token = allowed.front();
  if (sampling_.temperature == 0) {
    for (const TokenId each : allowed)
      if (logits[static_cast<std::size_t>(each)] > logits[static_cast<std::size_t>(token)]) token = each;
  } else {
    order_.assign(allowed.begin(), allowed.end());
    token = draw(logits, position);
  }
  return {token, static_cast<double>(logits[static_cast<std::size_t>(token)]) - sum};
}

TokenId Sampler::draw(std::span<const float> logits, std::int64_t position) {
  const auto before = [&](TokenId a, TokenId b) {
    const float x = logits[static_cast<std::size_t>(a)], y = logits[static_cast<std::size_t>(b)];
    return x != y ? x > y : a < b;
  };
  const std::size_t kept =
      sampling_.top_k ? std::min(order_.size(), static_cast<std::size_t>(*sampling_.top_k)) : order_.size();
  std::partial_sort(order_.begin(), order_.begin() + static_cast<std::ptrdiff_t>(kept), order_.end(), before);
  order_.resize(kept);

  weights_.resize(kept);
  const double top = logits[static_cast<std::size_t>(order_[0])];
  double sum = 0;
  for (std::size_t i = 0; i < kept; ++i) {
    weights_[i] = std::exp((logits[static_cast<std::size_t>(order_[i])] - top) / sampling_.temperature);
    sum += weights_[i];
  }
  if (sampling_.top_p) {
    // The fewest tokens, most likely first, that hold top_p of the probability.
    double held = 0;
    std::size_t count = 0;
    while (count < kept && held < *sampling_.top_p * sum) held += weights_[count++];
    weights_.resize(count);
    sum = held;
  }

  double left =
      Random(sampling_.seed, stream_of("sampling")).uniform_at(static_cast<std::uint64_t>(position)) * sum;
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    left -= weights_[i];
    if (left < 0) return order_[i];
  }
  // Rounding can leave a sliver behind the last token.
  return order_[weights_.size() - 1];
}

}  // namespace fulcrum
