// The few distribution functions that the intervals and tests need: normal, Student's t, beta and binomial.
// Accurate to about 1e-10 relative; held against SciPy in tests/cases/statistics.json. Not a statistics
// package.
//
// Sources: Wichura 1988 (AS 241) for the normal quantile; the incomplete beta function by its continued
// fraction (Abramowitz & Stegun 26.5.8) with Lentz's method; the other quantiles by bisection on the
// distribution function.
#pragma once

#include <cstdint>

namespace fulcrum {

double normal_distribution(double x);
// probability in (0, 1), else Error(invalid_argument).
double normal_quantile(double probability);

// P(X <= x) of a Beta(a, b) variable; a and b positive, x clamped to [0, 1].
double beta_distribution(double x, double a, double b);
double beta_quantile(double probability, double a, double b);

// P(T <= t) with `freedom` degrees of freedom (positive, need not be whole).
double student_distribution(double t, double freedom);
double student_quantile(double probability, double freedom);

// P(X = successes) and P(X <= successes) of a Binomial(trials, probability) variable.
double binomial_mass(std::int64_t successes, std::int64_t trials, double probability);
double binomial_distribution(std::int64_t successes, std::int64_t trials, double probability);

}  // namespace fulcrum
