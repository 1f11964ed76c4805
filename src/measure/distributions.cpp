#include "measure/distributions.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace fulcrum {

namespace {

// The continued fraction of the incomplete beta function; converges fast for x < (a + 1) / (a + b + 2).
double beta_fraction(double x, double a, double b) {
  constexpr double kTiny = 1e-300, kPrecision = 1e-15;
  constexpr int kMaxTerms = 2000;
  double c = 1.0;
  double d = 1.0 - (a + b) * x / (a + 1.0);
  if (std::abs(d) < kTiny) d = kTiny;
  d = 1.0 / d;
  double fraction = d;
  for (int m = 1; m <= kMaxTerms; ++m) {
    const double even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
    double step = 1.0;
    for (const double term : {even, odd}) {
      d = 1.0 + term * d;
      if (std::abs(d) < kTiny) d = kTiny;
      c = 1.0 + term / c;
      if (std::abs(c) < kTiny) c = kTiny;
      d = 1.0 / d;
      step = d * c;
      fraction *= step;
    }
    if (std::abs(step - 1.0) < kPrecision) break;
  }
  return fraction;
}

// The x in [low, high] where an increasing `distribution` reaches `probability`.
template <typename Distribution>
double invert(const Distribution& distribution, double probability, double low, double high) {
  for (int i = 0; i < 200; ++i) {
    const double middle = 0.5 * (low + high);
    if (middle <= low || middle >= high) break;  // neighbours in double
    (distribution(middle) < probability ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

void require_probability(double probability) {
  if (!(probability > 0.0 && probability < 1.0))
    throw_error(ErrorCode::invalid_argument, "a quantile needs a probability inside (0, 1), found {}",
                probability);
}

double polynomial(std::initializer_list<double> highest_first, double x) {
  double value = 0;
  for (const double coefficient : highest_first) value = value * x + coefficient;
  return value;
}

}  // namespace

double normal_distribution(double x) {
  return 0.5 * std::erfc(-x / std::sqrt(2.0));
}

double normal_quantile(double probability) {
  require_probability(probability);
  const double q = probability - 0.5;
  if (std::abs(q) <= 0.425) {
    const double r = 0.180625 - q * q;
    return q *
           polynomial(
               {2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
                13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608},
               r) /
           polynomial(
               {5226.495278852545925, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867,
                5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1.0},
               r);
  }
  double r = std::sqrt(-std::log(q < 0 ? probability : 1.0 - probability));
  double value;
  if (r <= 5.0) {
    r -= 1.6;
    value = polynomial({7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177,
                        1.27045825245236838258, 3.64784832476320460504, 5.7694972214606914055,
                        4.6303378461565452959, 1.42343711074968357734},
                       r) /
            polynomial({1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966,
                        0.14810397642748007459, 0.68976733498510000455, 1.6763848301838038494,
                        2.05319162663775882187, 1.0},
                       r);
  } else {
    r -= 5.0;
    value = polynomial({2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386,
                        0.026532189526576123093, 0.29656057182850489123, 1.7848265399172913358,
                        5.4637849111641143699, 6.6579046435011037772},
                       r) /
            polynomial({2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5,
                        7.868691311456132591e-4, 0.0148753612908506148525, 0.13692988092273580531,
                        0.59983220655588793769, 1.0},
                       r);
  }
  return q < 0 ? -value : value;
}

double beta_distribution(double x, double a, double b) {
  if (!(a > 0.0 && b > 0.0))
    throw_error(ErrorCode::invalid_argument, "the beta distribution needs positive shapes, found {} and {}",
                a, b);
  if (x <= 0.0) return 0.0;
  if (x >= 1.0) return 1.0;
  const double front =
      std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x));
  if (x < (a + 1.0) / (a + b + 2.0)) return front * beta_fraction(x, a, b) / a;
  return 1.0 - front * beta_fraction(1.0 - x, b, a) / b;
}

double beta_quantile(double probability, double a, double b) {
  require_probability(probability);
  return invert([&](double x) { return beta_distribution(x, a, b); }, probability, 0.0, 1.0);
}

double student_distribution(double t, double freedom) {
  const double tail = 0.5 * beta_distribution(freedom / (freedom + t * t), 0.5 * freedom, 0.5);
  return t > 0 ? 1.0 - tail : tail;
}

double student_quantile(double probability, double freedom) {
  require_probability(probability);
  double reach = 2.0;
  while (student_distribution(reach, freedom) < std::max(probability, 1.0 - probability) && reach < 1e12)
    reach *= 2;
  return invert([&](double t) { return student_distribution(t, freedom); }, probability, -reach, reach);
}

double binomial_mass(std::int64_t successes, std::int64_t trials, double probability) {
  if (successes < 0 || successes > trials) return 0.0;
  if (probability <= 0.0) return successes == 0 ? 1.0 : 0.0;
  if (probability >= 1.0) return successes == trials ? 1.0 : 0.0;
  const double n = static_cast<double>(trials), k = static_cast<double>(successes);
  return std::exp(std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) +
                  k * std::log(probability) + (n - k) * std::log1p(-probability));
}

double binomial_distribution(std::int64_t successes, std::int64_t trials, double probability) {
  if (successes < 0) return 0.0;
  if (successes >= trials) return 1.0;
  if (probability <= 0.0) return 1.0;
  if (probability >= 1.0) return 0.0;
  return 1.0 - beta_distribution(probability, static_cast<double>(successes) + 1.0,
                                 static_cast<double>(trials - successes));
}

}  // namespace fulcrum
