#include "decide/rule.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "measure/multiplicity.h"
#include "recipe/levers.h"

namespace fulcrum {

namespace {

bool has(const std::vector<std::string>& levers, std::string_view lever) {
  return std::find(levers.begin(), levers.end(), lever) != levers.end();
}

std::set<std::string> added_levers(const std::vector<std::string>& levers) {
  std::set<std::string> added(levers.begin(), levers.end());
  added.erase(std::string(lever::kPrompt));
  return added;
}

class Chooser {
 public:
  Chooser(const std::vector<RuleOption>& options, const Circumstances& circumstances, const PairTest& p_value)
      : options_(options), circumstances_(circumstances), p_value_(p_value) {
    for (const RuleOption& option : options)
      totals_.push_back(option.cost.total(circumstances.calls_per_month, circumstances.horizon_months));
    choice_.standings.assign(options.size(), Standing::misses_target);
  }

  Choice choose() {
    std::vector<std::size_t> eligible = screen();
    // Circumstances that leave nothing over are no reason to name nothing: the screen is then dropped.
    if (eligible.empty())
      for (std::size_t i = 0; i < options_.size(); ++i)
        if (options_[i].admission == Admission::open) eligible.push_back(i);
    // Only gates are stronger: the untouched base is then what remains.
    if (eligible.empty()) eligible.push_back(0);
    if (circumstances_.target && choose_by_target(eligible)) return choice_;
    if (circumstances_.worth_of_right_answer)
      choose_by_worth(eligible);
    else
      choose_by_proof(eligible);
    return choice_;
  }

 private:
  std::vector<std::size_t> screen() {
    std::vector<std::size_t> eligible;
    for (std::size_t i = 0; i < options_.size(); ++i) {
      if (options_[i].admission == Admission::blocked)
        choice_.standings[i] = Standing::blocked;
      else if (const auto standing = ruled_out(options_[i].levers, circumstances_))
        choice_.standings[i] = *standing;
      else
        eligible.push_back(i);
    }
    return eligible;
  }

  bool proven_better(std::size_t a, std::size_t b) const {
    return options_[a].quality > options_[b].quality && p_value_(a, b) < kSignificanceLevel;
  }

  bool adds_something(std::size_t option, const std::vector<std::size_t>& eligible) const {
    std::optional<std::size_t> best;
    for (const std::size_t part : parts_of(options_, option)) {
      if (std::find(eligible.begin(), eligible.end(), part) == eligible.end()) continue;
      if (!best || options_[part].quality > options_[*best].quality) best = part;
    }
    return !best || options_[*best].quality_high < *circumstances_.target || proven_better(option, *best);
  }

  std::size_t cheapest(const std::vector<std::size_t>& among) const {
    return *std::min_element(among.begin(), among.end(),
                             [&](auto a, auto b) { return totals_[a] < totals_[b]; });
  }

  // Upkeep counts: calls alone may have repaid what a month's upkeep takes back.
  bool surely_repays(std::size_t option, std::size_t against) const {
    return repay_months(options_[option].cost, options_[against].cost, circumstances_.calls_per_month).high <=
           circumstances_.horizon_months;
  }

  bool choose_by_target(const std::vector<std::size_t>& eligible) {
    std::vector<std::size_t> reaching, prompts;
    for (const std::size_t i : eligible) {
      if (options_[i].quality < *circumstances_.target) continue;
      if (!adds_something(i, eligible)) {
        choice_.standings[i] = Standing::unproven_combination;
        continue;
      }
      choice_.standings[i] = Standing::dearer;
      reaching.push_back(i);
      if (is_prompt_only(options_[i].levers)) prompts.push_back(i);
    }
    if (reaching.empty()) return false;
    std::size_t chosen = cheapest(prompts.empty() ? reaching : prompts);
    choice_.path = prompts.empty() ? RulePath::reaches_target : RulePath::prompt_is_enough;
    if (!prompts.empty()) {
      const std::size_t prompt = chosen;
      choice_.prompt_that_does = prompt;
      std::vector<std::size_t> cheaper;
      for (const std::size_t i : reaching) {
        if (totals_[i] >= totals_[prompt]) continue;
        if (!surely_repays(i, prompt))
          choice_.standings[i] = Standing::does_not_repay;
        else if (proven_better(prompt, i))
          choice_.standings[i] = Standing::proven_worse;
        else
          cheaper.push_back(i);
      }
      if (!cheaper.empty()) {
        chosen = cheapest(cheaper);
        choice_.path = RulePath::volume_pays;
        for (const std::size_t i : reaching)
          if (totals_[i] >= totals_[chosen]) choice_.standings[i] = Standing::dearer;
      }
    }
    choice_.chosen = chosen;
    choice_.standings[chosen] = Standing::chosen;
    return true;
  }

  void choose_by_worth(const std::vector<std::size_t>& eligible) {
    choice_.path = RulePath::worth_most;
    choice_.chosen = *std::max_element(eligible.begin(), eligible.end(), [&](auto a, auto b) {
      return net_worth(options_[a], circumstances_) < net_worth(options_[b], circumstances_);
    });
    for (const std::size_t i : eligible) choice_.standings[i] = Standing::worth_less;
    choice_.standings[choice_.chosen] = Standing::chosen;
  }

  void choose_by_proof(const std::vector<std::size_t>& eligible) {
    choice_.path = RulePath::proven_better;
    std::size_t standing = cheapest(eligible);
    std::set<std::size_t> left_behind;  // what the steps went on from
    while (true) {
      std::vector<std::size_t> dearer;
      std::vector<double> p_values;
      for (const std::size_t i : eligible) {
        if (i == standing || totals_[i] < totals_[standing]) continue;
        dearer.push_back(i);
        p_values.push_back(p_value_(i, standing));
      }
      const std::vector<double> adjusted = holm_adjusted(p_values);
      std::vector<std::size_t> better;
      for (std::size_t k = 0; k < dearer.size(); ++k) {
        choice_.proofs.push_back({dearer[k], standing, adjusted[k]});
        if (adjusted[k] < kSignificanceLevel && options_[dearer[k]].quality > options_[standing].quality)
          better.push_back(dearer[k]);
      }
      if (better.empty()) break;
      left_behind.insert(standing);
      standing = cheapest(better);
    }
    for (const std::size_t i : eligible) {
      if (choice_.standings[i] == Standing::unproven_combination) continue;
      if (totals_[i] >= totals_[standing])
        choice_.standings[i] = Standing::dearer_and_unproven;
      else
        choice_.standings[i] = left_behind.contains(i) ? Standing::proven_worse : Standing::unproven_step;
    }
    choice_.chosen = standing;
    choice_.standings[standing] = Standing::chosen;
  }

  const std::vector<RuleOption>& options_;
  const Circumstances& circumstances_;
  const PairTest& p_value_;
  std::vector<double> totals_;
  Choice choice_;
};

}  // namespace

std::string_view to_string(RulePath path) {
  switch (path) {
    case RulePath::prompt_is_enough:
      return "prompt_is_enough";
    case RulePath::volume_pays:
      return "volume_pays";
    case RulePath::reaches_target:
      return "reaches_target";
    case RulePath::worth_most:
      return "worth_most";
    case RulePath::proven_better:
      break;
  }
  return "proven_better";
}

double net_worth(const RuleOption& option, const Circumstances& circumstances) {
  const double calls = circumstances.calls_per_month * circumstances.horizon_months;
  const double right =
      circumstances.target ? std::min(option.quality, *circumstances.target) : option.quality;
  return right * calls * circumstances.worth_of_right_answer.value_or(0) -
         option.cost.total(circumstances.calls_per_month, circumstances.horizon_months);
}

std::optional<Standing> ruled_out(const std::vector<std::string>& levers,
                                  const Circumstances& circumstances) {
  if (!has(levers, lever::kFineTune)) return std::nullopt;
  if (!circumstances.behaviour_stable) return Standing::unstable_behaviour;
  if (circumstances.facts_change && !has(levers, lever::kRetrieval)) return Standing::stale_facts;
  return std::nullopt;
}

bool is_prompt_only(const std::vector<std::string>& levers) {
  return !has(levers, lever::kRetrieval) && !has(levers, lever::kFineTune);
}

std::vector<std::size_t> parts_of(const std::vector<RuleOption>& options, std::size_t option) {
  const std::set<std::string> whole = added_levers(options[option].levers);
  std::vector<std::size_t> parts;
  for (std::size_t i = 0; i < options.size(); ++i) {
    const std::set<std::string> part = added_levers(options[i].levers);
    if (!part.empty() && part.size() < whole.size() &&
        std::includes(whole.begin(), whole.end(), part.begin(), part.end()))
      parts.push_back(i);
  }
  return parts;
}

Choice choose(const std::vector<RuleOption>& options, const Circumstances& circumstances,
              const PairTest& p_value) {
  if (options.empty()) throw_error(ErrorCode::invalid_argument, "deciding: no recipe was measured");
  return Chooser(options, circumstances, p_value).choose();
}

}  // namespace fulcrum
