#include "decide/confidence.h"

#include <algorithm>
#include <functional>

#include "base/random.h"
#include "measure/distributions.h"

namespace fulcrum {

namespace {

using Values = std::vector<std::vector<double>>;  // by recipe, then by drawn item

double quick_p_value(const std::vector<double>& a, const std::vector<double>& b, bool zero_or_one) {
  if (zero_or_one) {
    const PairedCounts counts = count_pairs(a, b);
    return mcnemar_exact(counts.only_a, counts.only_b);
  }
  std::vector<double> differences(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) differences[i] = a[i] - b[i];
  return paired_t_p_value(differences);
}

// Moves the cost of a call, and its interval with it, by a draw from that interval.
void draw_cost(Cost& cost, double standard_normal) {
  Estimate& call = cost.per_call;
  const double deviation = (call.high - call.low) / (2 * normal_quantile(0.5 * (1 + kConfidenceLevel)));
  const double moved = std::max(0.0, call.estimate + deviation * standard_normal) - call.estimate;
  call.estimate += moved;
  call.low = std::max(0.0, call.low + moved);
  call.high += moved;
  cost.per_call_uncached = std::max(0.0, cost.per_call_uncached + moved);
}

// What the rule sees of a resample: the options as they would have come out, and the drawn values by recipe.
using Resampled = std::function<void(const std::vector<RuleOption>&, const Values&)>;

void for_each_resample(const Values& values, const std::vector<RuleOption>& options, std::uint64_t seed,
                       int resamples, const Resampled& visit) {
  Values drawn = values;
  std::vector<std::uint32_t> indices(values.front().size());
  Random cost_draws(seed, stream_of("confidence costs"));
  for (int draw = 0; draw < resamples; ++draw) {
    resample_indices(seed, draw, indices);
    std::vector<RuleOption> resampled = options;
    for (std::size_t r = 0; r < options.size(); ++r) {
      for (std::size_t i = 0; i < indices.size(); ++i) drawn[r][i] = values[r][indices[i]];
      const double quality = mean(drawn[r]);
      resampled[r].quality_high += quality - resampled[r].quality;
      resampled[r].quality = quality;
      draw_cost(resampled[r].cost, cost_draws.normal());
    }
    visit(resampled, drawn);
  }
}

Values values_of(std::span<const Arm> arms) {
  Values values;
  for (const Arm& arm : arms) values.push_back(item_values(arm));
  return values;
}

}  // namespace

std::vector<ChoiceShare> resample_choices(std::span<const Arm> arms, const std::vector<RuleOption>& options,
                                          const Circumstances& circumstances, std::uint64_t seed,
                                          int resamples) {
  const bool zero_or_one = std::all_of(arms.begin(), arms.end(), [](const Arm& arm) {
    return arm.metric != Metric::macro_f1 && is_zero_or_one(arm.metric);
  });
  std::vector<int> counts(options.size());
  for_each_resample(values_of(arms), options, seed, resamples,
                    [&](const std::vector<RuleOption>& resampled, const Values& drawn) {
                      const Choice choice =
                          choose(resampled, circumstances, [&](std::size_t a, std::size_t b) {
                            return quick_p_value(drawn[a], drawn[b], zero_or_one);
                          });
                      ++counts[choice.chosen];
                    });
  std::vector<ChoiceShare> shares;
  for (std::size_t r = 0; r < options.size(); ++r)
    if (counts[r] > 0) shares.push_back({options[r].recipe, static_cast<double>(counts[r]) / resamples});
  std::stable_sort(shares.begin(), shares.end(),
                   [](const auto& a, const auto& b) { return a.share > b.share; });
  return shares;
}

double expected_loss(std::span<const Arm> arms, const std::vector<RuleOption>& options,
                     std::span<const std::size_t> among, std::size_t chosen,
                     const Circumstances& circumstances, std::uint64_t seed, int resamples) {
  double lost = 0;
  for_each_resample(values_of(arms), options, seed, resamples,
                    [&](const std::vector<RuleOption>& resampled, const Values&) {
                      const double own = net_worth(resampled[chosen], circumstances);
                      double best = own;
                      for (const std::size_t i : among)
                        best = std::max(best, net_worth(resampled[i], circumstances));
                      lost += best - own;
                    });
  return lost / resamples;
}

}  // namespace fulcrum
