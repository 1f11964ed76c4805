#include "regret.h"

#include <algorithm>

namespace fulcrum {

namespace {

std::size_t position_of(const SimulatedTask& task, const std::string& id) {
  for (std::size_t i = 0; i < task.recipes.size(); ++i)
    if (task.recipes[i].id == id) return i;
  return 0;
}

}  // namespace

void RegretParts::add(const RegretParts& other) {
  search += other.search, aim += other.aim, noise += other.noise, proof += other.proof;
}

RegretParts regret_parts(const SimulatedTask& task, std::uint64_t seed,
                         const std::vector<std::string>& confirmed, const std::string& chosen) {
  SimulatedGround ground(task, seed);
  std::vector<std::size_t> positions;
  std::vector<RuleOption> known, measured;
  for (const std::string& id : confirmed) {
    positions.push_back(position_of(task, id));
    const Candidate c = ground.measure(positions.back());
    const double quality = task.recipes[positions.back()].quality;
    known.push_back({id, c.arm.levers, quality, quality, c.cost});
    measured.push_back({id, c.arm.levers, c.quality.estimate, c.quality.high, c.cost});
  }
  const PairTest proven = [](std::size_t, std::size_t) { return 0.0; };
  const auto value = [&](std::size_t option) { return value_of(task, positions[option]); };
  const double best = value_of(task, best_recipe(task));
  double best_confirmed = value(0);
  for (std::size_t i = 1; i < positions.size(); ++i) best_confirmed = std::max(best_confirmed, value(i));
  const double by_known = value(choose(known, task.circumstances, proven).chosen);
  const double by_measured = value(choose(measured, task.circumstances, proven).chosen);
  const double taken = value_of(task, position_of(task, chosen));
  return {(best - best_confirmed) / best, (best_confirmed - by_known) / best,
          (by_known - by_measured) / best, (by_measured - taken) / best};
}

}  // namespace fulcrum
