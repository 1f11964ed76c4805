#include "measure/curve_fit.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "base/error.h"
#include "base/random.h"

namespace fulcrum {
namespace {

constexpr int kReplicates = 1000;
constexpr int kBandPoints = 25;

// Decays: falling with the amount, most of them from 1 towards 0; quality is a - b * decay.
double decay(CurveShape shape, double c, double amount) {
  switch (shape) {
    case CurveShape::power:
      return std::pow(amount, -c);
    case CurveShape::logarithmic:
      return std::pow(1 + std::log(std::max(amount, 1.0)), -c);
    case CurveShape::saturating:
      return std::exp(-amount / c);
    case CurveShape::straight:
      return -std::log(std::max(amount, 1.0));
  }
  return 0;
}

// Candidates for c, denser than the data can tell apart. The scale of a saturating curve is told in amounts.
std::vector<double> candidates_of(CurveShape shape, double least, double most) {
  if (shape == CurveShape::straight) return {1.0};  // has no c
  std::vector<double> values;
  const bool saturating = shape == CurveShape::saturating;
  const double low = saturating ? least / 3 : 0.05, high = saturating ? most * 5 : 3.0;
  constexpr int kSteps = 24;
  for (int i = 0; i <= kSteps; ++i)
    values.push_back(low * std::pow(high / low, static_cast<double>(i) / kSteps));
  return values;
}

struct Means {
  std::vector<double> amounts, values, weights;  // one an amount; weights: runs
};

struct Fitted {
  FittedCurve curve;
  double squares = 0;  // of the residuals, by weight
};

// Decays at the amounts for every candidate: the same in every replicate.
struct Shape {
  CurveShape shape;
  std::vector<double> c;
  std::vector<std::vector<double>> decays;
};

std::vector<Shape> shapes_over(const std::vector<double>& amounts) {
  std::vector<Shape> shapes;
  for (const CurveShape shape :
       {CurveShape::power, CurveShape::logarithmic, CurveShape::saturating, CurveShape::straight}) {
    Shape entry{shape, candidates_of(shape, amounts.front(), amounts.back()), {}};
    for (const double c : entry.c) {
      std::vector<double> row;
      for (const double amount : amounts) row.push_back(decay(shape, c, amount));
      entry.decays.push_back(std::move(row));
    }
    shapes.push_back(std::move(entry));
  }
  return shapes;
}

// Weighted least squares of value = a - b * decay with b >= 0 and a <= 1: inside the bounds, or on the one
// that holds.
Fitted fit_ab(const Means& means, const std::vector<double>& decays) {
  double w = 0, x = 0, y = 0, xx = 0, xy = 0;
  for (std::size_t i = 0; i < decays.size(); ++i) {
    const double weight = means.weights[i];
    w += weight;
    x += weight * decays[i];
    y += weight * means.values[i];
    xx += weight * decays[i] * decays[i];
    xy += weight * decays[i] * means.values[i];
  }
  const double spread = xx - x * x / w;
  double b = spread > 1e-15 ? -(xy - x * y / w) / spread : 0;
  double a = (y + b * x) / w;
  if (b < 0) {
    b = 0;
    a = y / w;
  }
  if (a > 1) {
    a = 1;
    b = xx > 0 ? std::max(0.0, (x - xy) / xx) : 0;
  }
  Fitted fitted;
  fitted.curve.a = a;
  fitted.curve.b = b;
  for (std::size_t i = 0; i < decays.size(); ++i) {
    const double residual = means.values[i] - (a - b * decays[i]);
    fitted.squares += means.weights[i] * residual * residual;
  }
  return fitted;
}

Fitted fit_shape(const Means& means, const Shape& shape) {
  Fitted best;
  for (std::size_t i = 0; i < shape.c.size(); ++i) {
    Fitted fitted = fit_ab(means, shape.decays[i]);
    if (i > 0 && fitted.squares >= best.squares) continue;
    best = fitted;
    best.curve.shape = shape.shape;
    best.curve.c = shape.c[i];
  }
  return best;
}

// How much each shape counts, by how well it fits: a Gaussian likelihood with the runs' own noise.
std::vector<double> shares_of(const std::vector<Fitted>& fits, double noise_variance) {
  double least = fits.front().squares, sum = 0;
  for (const Fitted& fit : fits) least = std::min(least, fit.squares);
  std::vector<double> shares;
  for (const Fitted& fit : fits) {
    shares.push_back(std::exp(-(fit.squares - least) / (2 * noise_variance)));
    sum += shares.back();
  }
  for (double& share : shares) share /= sum;
  return shares;
}

void check(std::span<const CurveRun> runs) {
  for (const CurveRun& run : runs) {
    if (!(run.amount > 0) || run.scores.empty() || run.scores.size() != runs.front().scores.size()) {
      throw_error(
          ErrorCode::invalid_argument,
          "fitting a curve: a run has amount {} and {} scores; amounts must be above 0 and all runs must "
          "hold the same items, at least one",
          run.amount, run.scores.size());
    }
  }
}

std::map<double, std::vector<const CurveRun*>> by_amount(std::span<const CurveRun> runs) {
  std::map<double, std::vector<const CurveRun*>> groups;
  for (const CurveRun& run : runs) groups[run.amount].push_back(&run);
  return groups;
}

// Variance between the runs of one amount, pooled over the amounts; absent runs leave none.
struct RunNoise {
  double variance = 0;
  int freedom = 0;
};
RunNoise run_noise(const std::map<double, std::vector<const CurveRun*>>& groups) {
  RunNoise noise;
  for (const auto& [amount, group] : groups) {
    double sum = 0;
    for (const CurveRun* run : group) sum += mean(run->scores);
    const double centre = sum / static_cast<double>(group.size());
    for (const CurveRun* run : group)
      noise.variance += (mean(run->scores) - centre) * (mean(run->scores) - centre);
    noise.freedom += static_cast<int>(group.size()) - 1;
  }
  if (noise.freedom > 0) noise.variance /= noise.freedom;
  return noise;
}

// Means over runs and items, and draws of them: runs with a normal error of the pooled variance, divided by a
// chi-square of its degrees of freedom (so that few runs spread like Student's t), items by resampling them
// once for all runs.
class Resampler {
 public:
  Resampler(std::span<const CurveRun> runs, std::uint64_t seed) : groups_(by_amount(runs)), seed_(seed) {
    noise_ = run_noise(groups_);
    items_ = runs.front().scores.size();
    for (const auto& [amount, group] : groups_) {
      std::vector<double> pooled(items_, 0);
      for (const CurveRun* run : group)
        for (std::size_t i = 0; i < items_; ++i)
          pooled[i] += run->scores[i] / static_cast<double>(group.size());
      means_.amounts.push_back(amount);
      means_.values.push_back(mean(pooled));
      means_.weights.push_back(static_cast<double>(group.size()));
      item_means_.push_back(std::move(pooled));
    }
    // Without repeated runs the noise is not known; a point's own sampling error stands in for it.
    if (noise_.freedom == 0) {
      noise_.freedom = 2;
      for (const auto& pooled : item_means_)
        noise_.variance = std::max(noise_.variance, standard_error(pooled) * standard_error(pooled));
    }
    noise_.variance =
        std::max(noise_.variance, 0.25 / (static_cast<double>(items_) * static_cast<double>(items_)));
  }

  const Means& means() const { return means_; }
  double run_variance() const { return noise_.variance; }

  Means draw(int replicate) const {
    Random random(seed_, stream_of("curve replicate") + static_cast<std::uint64_t>(replicate));
    double chi_square = 0;
    for (int i = 0; i < noise_.freedom; ++i) chi_square += std::pow(random.normal(), 2);
    const double deviation =
        std::sqrt(noise_.variance * noise_.freedom / std::max(chi_square, 1e-3 * noise_.freedom));
    std::vector<std::uint32_t> chosen(items_);
    resample_indices(seed_, replicate, chosen);
    Means drawn = means_;
    for (std::size_t i = 0; i < drawn.values.size(); ++i) {
      double sum = 0;
      for (const std::uint32_t item : chosen) sum += item_means_[i][item];
      drawn.values[i] =
          sum / static_cast<double>(items_) + deviation / std::sqrt(means_.weights[i]) * random.normal();
    }
    return drawn;
  }

  // Uniform in [0, 1), one a replicate: which shape it takes.
  double pick(int replicate) const {
    return Random(seed_, stream_of("curve shape")).uniform_at(static_cast<std::uint64_t>(replicate));
  }

 private:
  std::map<double, std::vector<const CurveRun*>> groups_;
  std::uint64_t seed_;
  RunNoise noise_;
  std::size_t items_ = 0;
  Means means_;
  std::vector<std::vector<double>> item_means_;  // an amount, an item
};

Interval percentiles(const std::vector<double>& values) {
  return {quantile(values, (1 - kConfidenceLevel) / 2), quantile(values, (1 + kConfidenceLevel) / 2)};
}

std::vector<CurvePoint> points_of(std::span<const CurveRun> runs, const Resampler& resampler,
                                  const std::vector<Means>& draws) {
  const Means& means = resampler.means();
  const auto groups = by_amount(runs);
  std::vector<CurvePoint> points;
  auto group = groups.begin();
  for (std::size_t i = 0; i < means.amounts.size(); ++i, ++group) {
    std::vector<double> values, run_means;
    for (const Means& draw : draws) values.push_back(std::clamp(draw.values[i], 0.0, 1.0));
    for (const CurveRun* run : group->second) run_means.push_back(mean(run->scores));
    const Interval interval = percentiles(values);
    const auto count = static_cast<std::int64_t>(runs.front().scores.size());
    points.push_back({means.amounts[i],
                      {means.values[i], std::min(interval.low, means.values[i]),
                       std::max(interval.high, means.values[i]), count},
                      standard_error(run_means) * std::sqrt(static_cast<double>(run_means.size()))});
  }
  return points;
}

}  // namespace

std::string_view to_string(CurveShape shape) {
  switch (shape) {
    case CurveShape::power:
      return "power";
    case CurveShape::logarithmic:
      return "logarithmic";
    case CurveShape::saturating:
      return "saturating";
    case CurveShape::straight:
      return "straight";
  }
  return {};
}

double FittedCurve::at(double amount) const {
  return std::clamp(a - b * decay(shape, c, amount), 0.0, 1.0);
}

std::vector<CurvePoint> curve_points(std::span<const CurveRun> runs, std::uint64_t seed) {
  if (runs.empty()) return {};
  check(runs);
  const Resampler resampler(runs, seed);
  std::vector<Means> draws;
  for (int replicate = 0; replicate < kReplicates; ++replicate) draws.push_back(resampler.draw(replicate));
  return points_of(runs, resampler, draws);
}

CurveFit fit_curve(std::span<const CurveRun> runs, std::uint64_t seed) {
  check(runs);
  if (by_amount(runs).size() < kFewestCurveAmounts) {
    throw_error(ErrorCode::invalid_argument,
                "fitting a curve: {} different amounts are needed, found {}; measure at more of them",
                kFewestCurveAmounts, by_amount(runs).size());
  }
  const Resampler resampler(runs, seed);
  const Means& means = resampler.means();
  const std::vector<Shape> shapes = shapes_over(means.amounts);
  const auto fit_all = [&](const Means& values) {
    std::vector<Fitted> fits;
    for (const Shape& shape : shapes) fits.push_back(fit_shape(values, shape));
    return fits;
  };
  const std::vector<Fitted> fits = fit_all(means);
  const auto better = [](const Fitted& a, const Fitted& b) { return a.squares < b.squares; };
  CurveFit result;
  result.best = std::min_element(fits.begin(), fits.end(), better)->curve;
  result.asymptote = result.best.shape == CurveShape::straight && result.best.b > 0
                         ? 1.0
                         : std::clamp(result.best.a, 0.0, 1.0);
  const double most = means.amounts.back();
  result.doubled_amount = 2 * most;
  for (int i = 0; i < kBandPoints; ++i) {
    const double share = static_cast<double>(i) / (kBandPoints - 1);
    const double amount = means.amounts.front() * std::pow(2 * most / means.amounts.front(), share);
    result.band.push_back({amount, result.best.at(amount), 0, 0});
  }

  std::vector<Means> draws;
  std::vector<double> gains;
  std::vector<std::vector<double>> band(kBandPoints);
  for (int replicate = 0; replicate < kReplicates; ++replicate) {
    draws.push_back(resampler.draw(replicate));
    const std::vector<Fitted> drawn = fit_all(draws.back());
    const std::vector<double> shares = shares_of(drawn, resampler.run_variance());
    double left = resampler.pick(replicate);
    std::size_t chosen = 0;
    while (chosen + 1 < shares.size() && left >= shares[chosen]) left -= shares[chosen++];
    const FittedCurve& curve = drawn[chosen].curve;
    gains.push_back(curve.at(2 * most) - curve.at(most));
    for (std::size_t i = 0; i < band.size(); ++i) band[i].push_back(curve.at(result.band[i].amount));
  }
  const double gain = result.best.at(2 * most) - result.best.at(most);
  const Interval interval = percentiles(gains);
  result.gain_of_doubling = {gain, std::min(interval.low, gain), std::max(interval.high, gain),
                             static_cast<std::int64_t>(runs.size())};
  for (std::size_t i = 0; i < band.size(); ++i) {
    const Interval spread = percentiles(band[i]);
    result.band[i].low = std::min(spread.low, result.band[i].estimate);
    result.band[i].high = std::max(spread.high, result.band[i].estimate);
  }
  result.points = points_of(runs, resampler, draws);
  return result;
}

}  // namespace fulcrum
