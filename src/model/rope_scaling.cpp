#include "model/rope_scaling.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"

namespace fulcrum {
namespace {

constexpr double kTurn = 2 * std::numbers::pi;

double frequency(std::int64_t pair, std::int64_t rotary_dim, double theta) {
  return std::pow(theta, -2.0 * static_cast<double>(pair) / static_cast<double>(rotary_dim));
}

// Long waves are divided by the factor, short ones left, those between mixed.
double llama3_divisor(double frequency, const RopeScaling& s) {
  const double waves = static_cast<double>(s.original_context_tokens) * frequency / kTurn;  // in the context
  if (waves < s.low_frequency_factor) return s.factor;
  if (waves > s.high_frequency_factor) return 1;
  const double smooth = (waves - s.low_frequency_factor) / (s.high_frequency_factor - s.low_frequency_factor);
  return 1 / ((1 - smooth) / s.factor + smooth);
}

// The pair of dimensions that turns so many times over the original context.
double turning_pair(double turns, std::int64_t rotary_dim, double theta, const RopeScaling& s) {
  return static_cast<double>(rotary_dim) *
         std::log(static_cast<double>(s.original_context_tokens) / (turns * kTurn)) / (2 * std::log(theta));
}

double yarn_divisor(std::int64_t pair, std::int64_t rotary_dim, double theta, const RopeScaling& s) {
  const double low = std::max(0.0, std::floor(turning_pair(s.beta_fast, rotary_dim, theta, s)));
  double high = std::min(static_cast<double>(rotary_dim - 1),
                         std::ceil(turning_pair(s.beta_slow, rotary_dim, theta, s)));
  if (high == low) high += 0.001;
  const double stretched = std::clamp((static_cast<double>(pair) - low) / (high - low), 0.0, 1.0);
  return 1 / (stretched / s.factor + (1 - stretched));
}

double magnitude(const RopeScaling& s) {
  if (s.attention_factor) return *s.attention_factor;
  if (s.kind == RopeScalingKind::yarn) return s.factor > 1 ? 0.1 * std::log(s.factor) + 1 : 1.0;
  if (s.kind != RopeScalingKind::longrope) return 1;
  const auto original = static_cast<double>(s.original_context_tokens);
  const double stretch = static_cast<double>(s.extended_context_tokens) / original;
  return stretch > 1 ? std::sqrt(1 + std::log(stretch) / std::log(original)) : 1.0;
}

}  // namespace

std::string_view to_string(RopeScalingKind kind) {
  constexpr std::string_view kNames[] = {"none", "linear", "llama3", "yarn", "longrope", "given"};
  return kNames[static_cast<std::size_t>(kind)];
}

void RopeScaling::check(std::int64_t rotary_dim) const {
  const auto refuse = [&](std::string_view field, double value) {
    throw_error(ErrorCode::corrupt, "RoPE scaling of type {}: {} is {}, which cannot be", to_string(kind),
                field, value);
  };
  const auto positive = [&](std::string_view field, double value) {
    if (!(value > 0 && std::isfinite(value))) refuse(field, value);
  };
  if (kind == RopeScalingKind::none) return;
  positive("factor", factor);
  if (attention_factor) positive("attention_factor", *attention_factor);
  if (kind == RopeScalingKind::llama3 || kind == RopeScalingKind::yarn || kind == RopeScalingKind::longrope) {
    if (original_context_tokens < 2)
      refuse("the original context", static_cast<double>(original_context_tokens));
  }
  if (kind == RopeScalingKind::llama3) {
    positive("low_freq_factor", low_frequency_factor);
    if (!(high_frequency_factor > low_frequency_factor)) refuse("high_freq_factor", high_frequency_factor);
  }
  if (kind == RopeScalingKind::yarn) {
    positive("beta_slow", beta_slow);
    positive("beta_fast", beta_fast);
  }
  if (kind == RopeScalingKind::longrope || kind == RopeScalingKind::given) {
    if (static_cast<std::int64_t>(divisors.size()) != rotary_dim / 2)
      refuse("the number of factors", static_cast<double>(divisors.size()));
    for (const float divisor : divisors) positive("a factor", static_cast<double>(divisor));
  }
}

std::vector<float> frequency_divisors(std::int64_t rotary_dim, double theta, const RopeScaling& scaling) {
  if (scaling.kind == RopeScalingKind::none) return {};
  if (!scaling.divisors.empty()) return scaling.divisors;
  std::vector<float> divisors;
  for (std::int64_t pair = 0; pair < rotary_dim / 2; ++pair) {
    double divisor = scaling.factor;
    if (scaling.kind == RopeScalingKind::llama3)
      divisor = llama3_divisor(frequency(pair, rotary_dim, theta), scaling);
    if (scaling.kind == RopeScalingKind::yarn) divisor = yarn_divisor(pair, rotary_dim, theta, scaling);
    divisors.push_back(static_cast<float>(divisor));
  }
  return divisors;
}

RopeFrequencies scaled_frequencies(RopeLayout layout, std::int64_t head_dim, std::int64_t rotary_dim,
                                   double theta, const RopeScaling& scaling) {
  RopeFrequencies frequencies = make_rope_frequencies(layout, head_dim, rotary_dim, theta,
                                                      frequency_divisors(rotary_dim, theta, scaling));
  frequencies.magnitude = magnitude(scaling);
  return frequencies;
}

}  // namespace fulcrum
