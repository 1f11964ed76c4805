// An interval for a mean that may be looked at after every value: the chance that it ever misses the mean is
// at most the miscoverage, whenever and why ever one stops looking. What a search needs to drop recipes
// early; the intervals of measure/intervals.h are narrower, but hold for one look at a number of items fixed
// beforehand.
//
// The hedged capital process of Waudby-Smith & Ramdas ("Estimating means of bounded random variables by
// betting", JRSS B 2024, arXiv 2010.09686, section 4.2): for each candidate mean two gamblers bet on values
// above and below it; a candidate that makes one of them rich is out (Ville's inequality). Values are
// independent draws from one distribution within [lowest, highest]; nothing else is assumed.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "measure/intervals.h"

namespace fulcrum {

class ConfidenceSequence {
 public:
  // Error invalid_argument unless lowest < highest and miscoverage lies in (0, 1).
  ConfidenceSequence(double lowest, double highest, double miscoverage = 1.0 - kConfidenceLevel);

  // Error invalid_argument for a value outside the bounds.
  void add(double value);
  void add(std::span<const double> values);

  std::size_t count() const { return values_.size(); }
  // Of all candidates that no look so far has ruled out; the whole range before the first value.
  Interval interval() const;
  // Two-sided, of "the mean is this", valid at any stopping time: below the miscoverage exactly where
  // interval() leaves the candidate out.
  double p_value(double mean) const;

 private:
  enum class Side { above, below };  // the gambler who bets that the true mean lies there
  double log_capital(Side side, double scaled_mean) const;

  double lowest_, highest_, miscoverage_;
  std::vector<double> values_;         // scaled to [0, 1]
  std::vector<double> bets_;           // each fixed before its value was seen
  double sum_ = 0.5, squares_ = 0.25;  // with half a value and its variance in advance, as the paper has it
};

}  // namespace fulcrum
