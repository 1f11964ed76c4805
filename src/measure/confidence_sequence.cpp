#include "measure/confidence_sequence.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace fulcrum {

namespace {

// A bet risks at most this share of the capital on one value, so that no value can ruin a gambler.
constexpr double kMostRisked = 0.5;
constexpr int kBisections = 40;

}  // namespace

ConfidenceSequence::ConfidenceSequence(double lowest, double highest, double miscoverage)
    : lowest_(lowest), highest_(highest), miscoverage_(miscoverage) {
  if (!(lowest < highest) || !(miscoverage > 0 && miscoverage < 1))
    throw_error(
        ErrorCode::invalid_argument,
        "a confidence sequence needs bounds in order and a miscoverage between 0 and 1, found [{}, {}] "
        "and {}",
        lowest, highest, miscoverage);
}

void ConfidenceSequence::add(double value) {
  if (!(value >= lowest_ && value <= highest_))
    throw_error(ErrorCode::invalid_argument, "a confidence sequence over [{}, {}] was given {}", lowest_,
                highest_, value);
  const double scaled = (value - lowest_) / (highest_ - lowest_);
  const double seen = static_cast<double>(values_.size());
  // The variance known so far sets the bet; the count of this value keeps the capital growing at every
  // horizon.
  const double variance = squares_ / (seen + 1);
  const double position = seen + 1;
  bets_.push_back(std::sqrt(2 * std::log(2 / miscoverage_) / (variance * position * std::log(position + 1))));
  values_.push_back(scaled);
  sum_ += scaled;
  const double mean = sum_ / (position + 1);
  squares_ += (scaled - mean) * (scaled - mean);
}

void ConfidenceSequence::add(std::span<const double> values) {
  for (const double value : values) add(value);
}

// The most that the gambler has ever had, starting from one half.
double ConfidenceSequence::log_capital(Side side, double scaled_mean) const {
  const double room = side == Side::above ? scaled_mean : 1 - scaled_mean;
  const double largest_bet = room > 0 ? kMostRisked / room : HUGE_VAL;
  const double direction = side == Side::above ? 1 : -1;
  double now = std::log(0.5), most = now;
  for (std::size_t i = 0; i < values_.size(); ++i) {
    now += std::log1p(direction * std::min(bets_[i], largest_bet) * (values_[i] - scaled_mean));
    most = std::max(most, now);
  }
  return most;
}

Interval ConfidenceSequence::interval() const {
  const double rich = std::log(1 / miscoverage_);
  // The capital of the one who bets upwards falls as the candidate rises, that of the other rises.
  const auto edge = [&](Side side, double out, double in) {
    if (log_capital(side, out) < rich) return out;
    for (int i = 0; i < kBisections; ++i) {
      const double middle = 0.5 * (out + in);
      (log_capital(side, middle) < rich ? in : out) = middle;
    }
    return out;
  };
  const double low = edge(Side::above, 0, 1), high = edge(Side::below, 1, 0);
  const double width = highest_ - lowest_;
  return {lowest_ + width * low, lowest_ + width * high};
}

double ConfidenceSequence::p_value(double mean) const {
  const double scaled = std::clamp((mean - lowest_) / (highest_ - lowest_), 0.0, 1.0);
  const double most = std::max(log_capital(Side::above, scaled), log_capital(Side::below, scaled));
  return std::min(1.0, std::exp(-most));
}

}  // namespace fulcrum
