#include "decide/confirmation.h"

#include <algorithm>
#include <set>

#include "recipe/levers.h"

namespace fulcrum {

LeverKind kind_of(std::span<const std::string> levers) {
  const auto has = [&](std::string_view lever) {
    return std::find(levers.begin(), levers.end(), lever) != levers.end();
  };
  if (has(lever::kFineTune))
    return has(lever::kRetrieval) ? LeverKind::fine_tune_and_retrieval : LeverKind::fine_tune;
  return has(lever::kRetrieval) ? LeverKind::retrieval : LeverKind::prompt;
}

std::size_t preferred(std::span<const double> quality, std::span<const double> total_cost,
                      const Circumstances& circumstances) {
  const double top = *std::max_element(quality.begin(), quality.end());
  const auto& target = circumstances.target;
  const bool reached = target && top >= *target;
  std::size_t best = quality.size();
  if (!reached && circumstances.worth_of_right_answer) {
    const double calls = circumstances.calls_per_month * circumstances.horizon_months;
    const auto worth = [&](std::size_t i) {
      return quality[i] * calls * *circumstances.worth_of_right_answer - total_cost[i];
    };
    for (std::size_t i = 0; i < quality.size(); ++i)
      if (best == quality.size() || worth(i) > worth(best)) best = i;
    return best;
  }
  const double bar = reached ? *target : top - kIndifference;
  for (std::size_t i = 0; i < quality.size(); ++i)
    if (quality[i] >= bar && (best == quality.size() || total_cost[i] < total_cost[best])) best = i;
  return best;
}

std::vector<Confirmed> to_be_confirmed(std::span<const Contender> best_first,
                                       const Circumstances& circumstances, std::size_t most) {
  std::vector<Confirmed> confirmed;
  std::set<LeverKind> seen;
  const auto add = [&](std::size_t contender, ConfirmedFor reason) {
    if (confirmed.size() >= most) return;
    confirmed.push_back({contender, reason});
    seen.insert(kind_of(best_first[contender].levers));
  };
  for (std::size_t i = 0; i < best_first.size(); ++i)
    if (i == 0 || best_first[i].share >= kLeastConfirmedShare) add(i, ConfirmedFor::promise);
  for (const Contender& each : best_first) {
    const LeverKind kind = kind_of(each.levers);
    if (seen.contains(kind)) continue;
    std::vector<std::size_t> own;
    std::vector<double> quality, total_cost;
    for (std::size_t i = 0; i < best_first.size(); ++i) {
      if (kind_of(best_first[i].levers) != kind) continue;
      own.push_back(i);
      quality.push_back(best_first[i].quality);
      total_cost.push_back(best_first[i].total_cost);
    }
    add(own[preferred(quality, total_cost, circumstances)], ConfirmedFor::kind);
  }
  return confirmed;
}

}  // namespace fulcrum
