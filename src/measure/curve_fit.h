// A curve of quality against an amount (training examples, demonstrations), fitted so that it can be carried
// on a little way, with the spread of that.
//
// Shapes, each rising and at most 1: power a - b n^-c, logarithmic power a - b / (1 + ln n)^c and saturating
// a - b exp(-n / c), which level off, and straight in the logarithm a + b ln n, which does not before 1. For
// a given c the best (a, b) is linear least squares, clipped to the bounds; c is searched on a grid. The
// interval comes from a bootstrap over runs and test items in which every replicate draws its shape by how
// well it fits, so that the choice of the shape is part of the spread. Nominally 95%, the interval of a gain
// covers more, by 400 simulations a curve: steep power 96%, straight 98%, power, saturating and flat 99%; it
// is too wide there, never too narrow (curve_fit_test). Sources: Mahmood et al. 2022, arXiv 2207.01725
// (ensembles of shapes; a single power law misleads); Hesterberg 2015 (small-sample expansion of percentile
// intervals).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "measure/intervals.h"

namespace fulcrum {

// One run: an amount, and the scores of the same items in the same order as in every other run of the curve.
struct CurveRun {
  double amount = 0;  // above 0
  std::uint64_t seed = 0;
  std::vector<double> scores;
};

struct CurvePoint {
  double amount = 0;
  Estimate quality;          // over the runs of this amount; its interval covers runs and items
  double run_deviation = 0;  // standard deviation between the runs; 0 for one run
};

enum class CurveShape { power, logarithmic, saturating, straight };
std::string_view to_string(CurveShape shape);

struct FittedCurve {
  CurveShape shape = CurveShape::power;
  double a = 0, b = 0, c = 1;
  double at(double amount) const;
};

struct CurveFit {
  std::vector<CurvePoint> points;  // by amount
  FittedCurve best;                // of least squares
  double asymptote = 0;            // of the best; 1 for a straight one that rises
  // Quality at twice the largest amount minus quality at the largest, and its interval.
  double doubled_amount = 0;
  Estimate gain_of_doubling;
  // The band to draw: quality at each of `amounts`.
  struct BandPoint {
    double amount = 0, estimate = 0, low = 0, high = 0;
  };
  std::vector<BandPoint> band;
};

inline constexpr int kFewestCurveAmounts = 3;

// Error invalid_argument for fewer than kFewestCurveAmounts different amounts, runs without scores or of
// unequal length.
CurveFit fit_curve(std::span<const CurveRun> runs, std::uint64_t seed);

// Points alone, for a curve that is not to be carried on.
std::vector<CurvePoint> curve_points(std::span<const CurveRun> runs, std::uint64_t seed);

}  // namespace fulcrum
