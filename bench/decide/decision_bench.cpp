// The decision benchmark: simulated tasks whose best lever is known by construction, each decided again and
// again at a part of the exhaustive cost. Three sets of them: the scenarios (scenarios.h) and the development
// tasks (development.h), on which the search and the rule were tuned, and the held-out ones (held_out.h), on
// which nothing was. Prints a line a task and whether the claims hold for each set; exit status 1 if they do
// not.
//
//   decision_bench [RUNS] [PART] [SET]
// RUNS a task, default 20; PART of the exhaustive cost, default 0.2; SET one of scenarios, development,
// held_out, held_out_second or all, which is the scenarios and the first held-out ones and the default
//
// right           the verdict's recipe is the best by construction, or worth as much to within 1%
// within          right, or it says that it cannot tell, or it names the best. A recipe counts as named only
// if
//                 both the verdict's text and its JSON name it as possibly as good: at least 5% of the
//                 resampled tests, or a tie (measured better, or as well at a lower cost, without proof);
//                 and, where the verdict is not called clear, what the race let go with a share of at least
//                 5% or had no budget to try. A tie is never called clear
// named           how many recipes it names so beside its own, in the mean: naming all would be easy
// regret          of the value of the best recipe, lost by the one recommended: the mean over tasks and runs
// lost            all that was lost over all that the best recipes bring: a task whose best is worth next to
//                 nothing counts for that little, however large a share of it was lost
// sure and wrong  wrong, and called clear
#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <string_view>

#include "development.h"
#include "held_out.h"
#include "regret.h"
#include "scenarios.h"

namespace fulcrum {
namespace {

constexpr double kAsGood = 0.01;
constexpr double kLeastWithin = 0.95, kMostRegret = 0.02, kMostSureAndWrong = 0.05;

struct Tally {
  double runs = 0, right = 0, within = 0, unsure = 0, sure_and_wrong = 0, regret = 0, cost = 0, named = 0;
  double lost = 0, best = 0;  // money
  RegretParts parts;
  std::map<std::string, int> wrong;
  void add(const Tally& other) {
    parts.add(other.parts);
    runs += other.runs, right += other.right, within += other.within, unsure += other.unsure;
    sure_and_wrong += other.sure_and_wrong, regret += other.regret, cost += other.cost;
    named += other.named, lost += other.lost, best += other.best;
  }
};

std::set<std::string> as_set(const std::vector<std::string>& ids) {
  return {ids.begin(), ids.end()};
}

std::size_t position_of(const SimulatedTask& task, const std::string& id) {
  for (std::size_t i = 0; i < task.recipes.size(); ++i)
    if (task.recipes[i].id == id) return i;
  return 0;
}

// Beside its own recipe; see `within` above. `search` is empty where everything was measured.
std::set<std::string> named_by(const Verdict& verdict, const SearchRecord& search) {
  std::set<std::string> named(verdict.ties.begin(), verdict.ties.end());
  for (const ChoiceShare& choice : verdict.choice_shares)
    if (choice.share >= kNotableRival) named.insert(choice.recipe);
  if (verdict.certainty != Certainty::clear) {
    named.merge(as_set(search.untried()));
    // Its sentence is left out where the whole chance is small.
    if (search.chance_missed() >= kNotableRival) named.merge(as_set(search.possibly_missed(kNotableRival)));
  }
  named.erase(verdict.recipe);
  return named;
}

std::vector<std::string> all_of(const SimulatedTask& task) {
  std::vector<std::string> ids;
  for (const SimulatedRecipe& recipe : task.recipes)
    if (recipe.stands_in_for.empty()) ids.push_back(recipe.id);
  return ids;
}

void judge(Tally& tally, const SimulatedTask& task, std::uint64_t seed, const Verdict& verdict,
           const SearchRecord& search) {
  const double best = value_of(task, best_recipe(task));
  const auto loss = [&](const std::string& id) {
    return (best - value_of(task, position_of(task, id))) / best;
  };
  const bool right = loss(verdict.recipe) <= kAsGood;
  const bool unsure = verdict.certainty == Certainty::cannot_tell;
  const std::set<std::string> named = named_by(verdict, search);
  const bool names_best =
      std::any_of(named.begin(), named.end(), [&](const std::string& id) { return loss(id) <= kAsGood; });
  ++tally.runs;
  tally.right += right;
  tally.within += right || unsure || names_best;
  tally.unsure += unsure;
  tally.sure_and_wrong += !right && verdict.certainty == Certainty::clear;
  tally.regret += loss(verdict.recipe);
  tally.lost += loss(verdict.recipe) * best;
  tally.best += best;
  tally.named += static_cast<double>(named.size());
  tally.parts.add(
      regret_parts(task, seed, search.confirmed.empty() ? all_of(task) : search.confirmed, verdict.recipe));
  if (!right) ++tally.wrong[verdict.recipe];
}

std::string row(const std::string& name, const Tally& tally) {
  const auto share = [&](double count) { return 100 * count / tally.runs; };
  const RegretParts& parts = tally.parts;
  return fmt::format(
      "{:<52} {:5.0f} {:6.0f} {:6.0f} {:7.1f} {:7.2f} {:6.2f} {:6.2f} {:6.1f} {:7.2f} {:6.2f} {:6.2f} "
      "{:6.2f}",
      name, share(tally.right), share(tally.within), share(tally.unsure), share(tally.sure_and_wrong),
      share(tally.regret), 100 * tally.lost / tally.best, tally.cost / tally.runs, tally.named / tally.runs,
      share(parts.search), share(parts.aim), share(parts.noise), share(parts.proof));
}

constexpr std::string_view kHead =
    "right within unsure wrong*  regret   lost   cost  named  search    aim  noise  proof";
// Of the runs, how many are also decided with everything measured.
constexpr int kExhaustiveEvery = 4;

struct Tallies {
  Tally raced, told, exhaustive;
};

// `runs` decisions on one task; prints its row.
Tallies decide_often(const SimulatedTask& task, int runs, double part) {
  const double whole = exhaustive_seconds(task);
  Tallies tallies;
  for (int run = 0; run < runs; ++run) {
    const auto seed = static_cast<std::uint64_t>(run) + 1;
    const SimulatedDecision decision = simulate_decision(task, part * whole, seed);
    judge(tallies.raced, task, seed, decision.verdict, decision.search);
    tallies.raced.cost += decision.search.total_seconds / whole;
    const SimulatedDecision told = simulate_decision(task, part * whole, seed, Worth::said);
    judge(tallies.told, task, seed, told.verdict, told.search);
    tallies.told.cost += told.search.total_seconds / whole;
    if (run % kExhaustiveEvery != 0) continue;
    judge(tallies.exhaustive, task, seed, simulate_exhaustive(task, seed), {});
    tallies.exhaustive.cost += 1;
  }
  std::string line = row(task.name, tallies.raced);
  for (const auto& [recipe, count] : tallies.raced.wrong) line += fmt::format("  {} x{}", recipe, count);
  fmt::print("{}\n", line);
  return tallies;
}

bool claim(bool holds, std::string_view text) {
  fmt::print("{}: {}\n", holds ? "holds" : "DOES NOT HOLD", text);
  return holds;
}

bool claims(const Tally& all, double part) {
  bool good = claim(all.within >= kLeastWithin * all.runs, "right or within its own uncertainty in 95%");
  good &= claim(all.regret <= kMostRegret * all.runs, "mean regret at most 2% of the best recipe's value");
  good &= claim(all.cost <= 1.02 * part * all.runs, "at the part of the exhaustive cost that was given");
  return good;
}

void print_head(std::string_view which, std::size_t tasks, int runs, double part) {
  fmt::print(
      "{} {}, {} runs each, at {:g} of the exhaustive cost. Percent, but for cost and named.\n\n{:<52} {}\n",
      tasks, which, runs, part, "task", kHead);
}

bool run_scenarios(int runs, double part) {
  const std::vector<Scenario> scenarios = decision_scenarios();
  Tally all, tellable, untellable, exhaustive;
  print_head("scenarios, which were tuned on", scenarios.size(), runs, part);
  for (const Scenario& scenario : scenarios) {
    const std::string& best = scenario.task.recipes[best_recipe(scenario.task)].id;
    if (!best.starts_with(scenario.intended)) {
      fmt::print("{}: made for {}, but its best recipe is {}\n", scenario.task.name, scenario.intended, best);
      return false;
    }
    const Tallies tallies = decide_often(scenario.task, runs, part);
    all.add(tallies.raced);
    (scenario.tellable ? tellable : untellable).add(tallies.raced);
    exhaustive.add(tallies.exhaustive);
  }
  fmt::print("\n{}\n{}\n{}\n{}\n* wrong though called clear\n", row("all", all),
             row("those that can be told", tellable), row("those that cannot", untellable),
             row("all, everything measured (fewer runs)", exhaustive));
  const bool good = claims(all, part);
  return claim(untellable.sure_and_wrong <= kMostSureAndWrong * untellable.runs,
               "sure and wrong in at most 5% where nothing can be told") &&
         good;
}

bool run_drawn(std::string_view which, const std::vector<SimulatedTask>& tasks, int runs, double part) {
  Tally all, told, exhaustive;
  print_head(which, tasks.size(), runs, part);
  for (const SimulatedTask& task : tasks) {
    const Tallies tallies = decide_often(task, runs, part);
    all.add(tallies.raced);
    told.add(tallies.told);
    exhaustive.add(tallies.exhaustive);
  }
  fmt::print("\n{}\n{}\n{}\n* wrong though called clear\n", row("all", all),
             row("all, told what a right answer is worth", told),
             row("all, everything measured (fewer runs)", exhaustive));
  bool good = claims(all, part);
  fmt::print("told what a right answer is worth:\n");
  good &= claims(told, part);
  good &= claim(told.sure_and_wrong <= kMostSureAndWrong * told.runs, "sure and wrong in at most 5%");
  return claim(all.sure_and_wrong <= kMostSureAndWrong * all.runs, "sure and wrong in at most 5%") && good;
}

int run(int runs, double part, std::string_view which) {
  bool good = true;
  if (which == "development")
    return run_drawn("drawn tasks to develop on", development_tasks(), runs, part) ? 0 : 1;
  if (which == "held_out_second")
    return run_drawn("drawn tasks, held out, the second set", held_out_tasks(kSecondHeldOutSeed), runs, part)
               ? 0
               : 1;
  if (which != "held_out") good = run_scenarios(runs, part);
  if (which == "all") fmt::print("\n");
  if (which != "scenarios") good &= run_drawn("drawn tasks, held out", held_out_tasks(), runs, part);
  return good ? 0 : 1;
}

}  // namespace
}  // namespace fulcrum

int main(int argc, char** argv) {
  const int runs = argc > 1 ? std::atoi(argv[1]) : 20;
  const double part = argc > 2 ? std::atof(argv[2]) : 0.2;
  const std::string_view which = argc > 3 ? argv[3] : "all";
  constexpr std::string_view kSets[] = {"all", "scenarios", "development", "held_out", "held_out_second"};
  const bool known = std::ranges::find(kSets, which) != std::end(kSets);
  if (runs < 1 || !(part > 0) || !known) {
    fmt::print(stderr,
               "decision_bench [RUNS] [PART] [SET]: the first two must be above 0, SET one of scenarios, "
               "development, held_out, held_out_second, all\n");
    return 2;
  }
  return fulcrum::run(runs, part, which);
}
