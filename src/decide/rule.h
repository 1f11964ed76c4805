// The rule that picks a recipe, as a pure function of figures. decide/verdict.h runs it, asks what would turn
// it, and puts it into words.
//
// 1. Target given and a prompt alone reaches it: the cheapest such prompt, unless another recipe that reaches
// it, and is
//    not proven worse, is cheaper over the horizon and surely repays in it: even at the far end of the
//    interval.
// 2. Otherwise the cheapest recipe that reaches the target. A combination of levers counts only if it is
// proven better
//    than its best measured part, or that part is shown to miss the target.
// 3. Nothing reaches the target, or none is given: start from the cheapest and move up only to a recipe that
// is proven
//    better (Holm over those dearer than where it stands). Not proven different means the cheaper one.
// 4. In place of 3 where it is said what a right answer is worth: the recipe that is worth the most after its
//    costs. Both sides are then money, and a proof is no reason to leave money lying; the confidence says how
//    often resampled tests agree, and the expected loss what that may cost.
//
// Out from the start: weights without retrieval where facts change (they would be stale), and any fine-tuning
// where the wanted behaviour itself keeps changing. Cheap means the total cost at the task's volume over the
// horizon. "Reaches" compares the estimate with the target; "shown to miss" its upper end.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "measure/cost.h"

namespace fulcrum {

enum class Admission { open, blocked };  // blocked: measured, but a gate forbids to recommend it

struct RuleOption {
  std::string recipe;
  std::vector<std::string> levers;
  double quality = 0, quality_high = 0;
  Cost cost;
  Admission admission = Admission::open;
};

struct Circumstances {
  std::optional<double> target;
  double calls_per_month = 0;
  double horizon_months = 12;
  bool facts_change = false;
  bool behaviour_stable = true;
  std::optional<double> documents_change_days;       // how often, where facts change
  std::optional<double> worth_of_right_answer = {};  // in the currency of the costs
};

// Quality within which two recipes are as good.
inline constexpr double kIndifference = 0.01;

// Two-sided p-value of "options a and b are equally good", unadjusted.
using PairTest = std::function<double(std::size_t a, std::size_t b)>;

enum class RulePath { prompt_is_enough, volume_pays, reaches_target, proven_better, worth_most };
enum class Standing {
  chosen,
  blocked,               // out: a gate forbids it
  stale_facts,           // out: facts change and it keeps them in weights alone
  unstable_behaviour,    // out: the wanted behaviour changes
  unproven_combination,  // reaches the target without proof that it adds anything to its parts
  misses_target,
  dearer,               // reaches the target too, at a higher total cost
  does_not_repay,       // cheaper in all by the estimates, but not at the far end of the break-even interval
  dearer_and_unproven,  // rule 3: costs more and is not proven better
  proven_worse,         // cheaper, and what the rule went on to is proven better
  unproven_step,  // rule 3: cheaper than the chosen one, but not proven better than what is cheaper still
  worth_less,     // rule 4
};

std::string_view to_string(RulePath path);  // "prompt_is_enough", ...

struct Choice {
  // A pair that rule 3 tested, with the p-value adjusted among those of the same step: what its steps rest
  // on.
  struct Proof {
    std::size_t better = 0, than = 0;
    double p_value = 1;
  };
  std::size_t chosen = 0;
  RulePath path = RulePath::proven_better;
  std::vector<Standing> standings;  // one an option
  std::vector<Proof> proofs;
  // The prompt that reaches the target: does_not_repay and proven_worse are against it.
  std::optional<std::size_t> prompt_that_does = {};
};

Choice choose(const std::vector<RuleOption>& options, const Circumstances& circumstances,
              const PairTest& p_value);

// What its right answers bring over the horizon, up to the target and not beyond it, less what it costs; a
// right answer of which no worth is said brings nothing.
double net_worth(const RuleOption& option, const Circumstances& circumstances);

// stale_facts or unstable_behaviour where the circumstances alone take a recipe out, whatever it measures.
std::optional<Standing> ruled_out(const std::vector<std::string>& levers, const Circumstances& circumstances);
bool is_prompt_only(const std::vector<std::string>& levers);
// Positions of the other options whose added levers are a proper, non-empty part of this one's.
std::vector<std::size_t> parts_of(const std::vector<RuleOption>& options, std::size_t option);

}  // namespace fulcrum
