// The verdict: which recipe to use, how sure, why, why not the others, and what would turn it. Numbers in,
// words out; nothing here runs a model. The rule itself is decide/rule.h.
//
// The recipes are fixed before the test split is seen and no setting is tuned on it, so what the rule takes
// from the test is one choice among a few; the confidence says how often resampled tests and latencies lead
// to the same choice.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "decide/comparisons.h"
#include "decide/confidence.h"
#include "decide/diagnosis.h"
#include "decide/flips.h"
#include "decide/rule.h"
#include "decide/sentence.h"
#include "measure/cost.h"

namespace fulcrum {

struct Candidate {
  Arm arm;
  Estimate quality;
  Cost cost;
};

struct Rejection {
  std::string recipe, why;
};

struct BlockedRecipe {
  std::string recipe;
  Sentence why;
};

struct DecisionInput {
  std::vector<Candidate> candidates;  // the first is the zero-shot base
  Circumstances circumstances;
  std::optional<Diagnosis> diagnosis;
  std::uint64_t seed = 0;
  int confidence_resamples = 500;
  // Where a search chose the candidates: how many recipes it raced, and those that its budget did not pay
  // for. A verdict that misses the target is never clear while some were not tried.
  std::size_t searched_recipes = 0;
  std::vector<std::string> untried;
  // Those that it let go without a proof though they may be the best, and the chance that the best is among
  // what it let go (SearchRecord::chance_missed); the certainty counts it.
  std::vector<std::string> possibly_missed;
  double chance_missed = 0;
  // Recipes that must not be recommended, each with the reason; they are measured and shown.
  std::vector<BlockedRecipe> blocked;
  std::vector<Sentence> further_steps;  // what else is known to be worth doing next
  std::vector<Comparison> comparisons;  // compare_ladder's, where they were made; reasons quote them
};

struct BreakEvenLine {
  std::string recipe, against;  // `recipe` has the higher up-front cost
  BreakEven calls;
  double months = 0;  // at the task's volume; infinite when it never pays
  RepayRange months_range = {};
  RepayRange right_answers = {}, right_answers_uncached = {};  // counted in right answers instead of calls
};

// Confidence, times the chance that a search has not missed the best, from 0.9, from 0.7, below. Never clear
// beside a tie.
enum class Certainty { clear, likely, cannot_tell };
std::string_view to_string(Certainty certainty);

struct Verdict {
  std::string recipe;
  RulePath path = RulePath::proven_better;
  std::string summary;  // one sentence
  double confidence =
      0;  // share of resampled test sets and latencies on which the rule picks the same recipe
  Certainty certainty = Certainty::cannot_tell;
  // Recipes that measure better, or as well at a lower cost, without proof: the chosen one is a choice among
  // ties.
  std::vector<std::string> ties;
  bool target_reached = false;  // by the estimate; false without a target
  bool target_proven = false;   // by the lower end of the interval
  std::vector<std::string> reasons;
  std::vector<Rejection> rejected;        // every other recipe
  std::vector<BreakEvenLine> break_even;  // the recommended one against each other one
  std::vector<std::string> flips_if;
  std::vector<std::string> next_steps;
  std::vector<ChoiceShare> choice_shares;  // where the resamples went, largest first
  // The recommended one (a) against each other one: adjusted as the rule tested it, where it did, else Holm
  // over these.
  std::vector<Comparison> contrasts;
  std::vector<std::string> look_again;  // when this is to be decided anew
  std::vector<Flip> flips;              // what flips_if says
  // Rule 4: what is lost in the mean, over resampled tests, by taking this one and not the best there.
  std::optional<double> expected_loss;
  std::map<std::string, double> computed;  // figures that only the sentences need
  // Beside every sentence the keys of the figures in result.json that it rests on (decide/sentence.h).
  using Figures = std::vector<std::vector<std::string>>;
  std::vector<std::string> summary_figures;
  Figures reason_figures, rejected_figures, flip_figures, next_step_figures, look_again_figures;
};

// The share of resamples from which a rival is worth naming.
inline constexpr double kNotableRival = 0.05;

// From which call on each pays against each other: all pairs, the one with the higher up-front cost first.
std::vector<BreakEvenLine> break_even_pairs(std::span<const Candidate> candidates, double calls_per_month);

Verdict decide(const DecisionInput& input);

}  // namespace fulcrum
