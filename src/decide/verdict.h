// The verdict: which recipe to use, how sure, why, why not the others, and what would turn it. Numbers in,
// words out; nothing here runs a model. The rule itself is decide/rule.h.
//
// The recipes are fixed before the test split is seen and no setting is tuned on it, so what the rule takes
// from the test is one choice among a few; the confidence says how often resampled tests and latencies lead
// to the same choice.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "decide/comparisons.h"
#include "decide/confidence.h"
#include "decide/diagnosis.h"
#include "decide/rule.h"
#include "measure/cost.h"

namespace fulcrum {

struct Candidate {
  Arm arm;
  Estimate quality;
  Cost cost;
};

struct DecisionInput {
  std::vector<Candidate> candidates;  // the first is the zero-shot base
  Circumstances circumstances;
  std::optional<Diagnosis> diagnosis;
  std::uint64_t seed = 0;
  int confidence_resamples = 500;
};

struct Rejection {
  std::string recipe, why;
};

struct BreakEvenLine {
  std::string recipe, against;  // `recipe` has the higher up-front cost
  BreakEven calls;
  double months = 0;  // at the task's volume; infinite when it never pays
};

enum class Certainty { clear, likely, cannot_tell };  // confidence from 0.9, from 0.7, below
std::string_view to_string(Certainty certainty);

struct Verdict {
  std::string recipe;
  RulePath path = RulePath::proven_better;
  std::string summary;  // one sentence
  double confidence =
      0;  // share of resampled test sets and latencies on which the rule picks the same recipe
  Certainty certainty = Certainty::cannot_tell;
  bool target_reached = false;  // by the estimate; false without a target
  bool target_proven = false;   // by the lower end of the interval
  std::vector<std::string> reasons;
  std::vector<Rejection> rejected;        // every other recipe
  std::vector<BreakEvenLine> break_even;  // the recommended one against each other one
  std::vector<std::string> flips_if;
  std::vector<std::string> next_steps;
  std::vector<ChoiceShare> choice_shares;  // where the resamples went, largest first
  std::vector<Comparison> contrasts;       // the recommended one (a) against each other one, Holm over these
};

Verdict decide(const DecisionInput& input);

}  // namespace fulcrum
