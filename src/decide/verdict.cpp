#include "decide/verdict.h"

#include <algorithm>

#include "base/error.h"
#include "decide/flips.h"
#include "decide/verdict_words.h"

namespace fulcrum {

namespace {

constexpr double kClear = 0.9, kLikely = 0.7;

// Every pair tested once; the rule and the search for flips ask for them thousands of times.
class PairTable {
 public:
  PairTable(const std::vector<Candidate>& candidates, std::uint64_t seed) : size_(candidates.size()) {
    comparisons_.resize(size_ * size_);
    for (std::size_t a = 0; a < size_; ++a)
      for (std::size_t b = 0; b < size_; ++b)
        if (a != b) comparisons_[a * size_ + b] = compare_arms(candidates[a].arm, candidates[b].arm, seed);
  }
  const Comparison& at(std::size_t a, std::size_t b) const { return comparisons_[a * size_ + b]; }

 private:
  std::size_t size_;
  std::vector<Comparison> comparisons_;
};

std::vector<BreakEvenLine> break_even_lines(const DecisionInput& input, std::size_t chosen) {
  std::vector<BreakEvenLine> lines;
  const Candidate& recommended = input.candidates[chosen];
  for (std::size_t i = 0; i < input.candidates.size(); ++i) {
    if (i == chosen) continue;
    const Candidate* dearer = &recommended;
    const Candidate* cheaper = &input.candidates[i];
    if (dearer->cost.upfront < cheaper->cost.upfront) std::swap(dearer, cheaper);
    lines.push_back({dearer->arm.recipe, cheaper->arm.recipe, break_even(dearer->cost, cheaper->cost),
                     months_to_repay(dearer->cost, cheaper->cost, input.circumstances.calls_per_month)});
  }
  return lines;
}

Certainty certainty_of(double confidence) {
  return confidence >= kClear    ? Certainty::clear
         : confidence >= kLikely ? Certainty::likely
                                 : Certainty::cannot_tell;
}

}  // namespace

std::string_view to_string(Certainty certainty) {
  switch (certainty) {
    case Certainty::clear:
      return "clear";
    case Certainty::likely:
      return "likely";
    case Certainty::cannot_tell:
      break;
  }
  return "cannot tell";
}

Verdict decide(const DecisionInput& input) {
  if (input.candidates.empty()) throw_error(ErrorCode::invalid_argument, "deciding: no recipe was measured");
  std::vector<RuleOption> options;
  std::vector<Arm> arms;
  for (const Candidate& candidate : input.candidates) {
    options.push_back({candidate.arm.recipe, candidate.arm.levers, candidate.quality.estimate,
                       candidate.quality.high, candidate.cost});
    arms.push_back(candidate.arm);
  }
  const PairTable pairs(input.candidates, input.seed);
  const PairTest p_value = [&](std::size_t a, std::size_t b) { return pairs.at(a, b).p_value_unadjusted; };
  const Choice choice = choose(options, input.circumstances, p_value);
  const Candidate& chosen = input.candidates[choice.chosen];

  Verdict verdict;
  verdict.recipe = chosen.arm.recipe;
  verdict.path = choice.path;
  verdict.choice_shares =
      resample_choices(arms, options, input.circumstances, input.seed, input.confidence_resamples);
  for (const ChoiceShare& share : verdict.choice_shares)
    if (share.recipe == verdict.recipe) verdict.confidence = share.share;
  verdict.certainty = certainty_of(verdict.confidence);
  if (input.circumstances.target) {
    verdict.target_reached = chosen.quality.estimate >= *input.circumstances.target;
    verdict.target_proven = chosen.quality.low >= *input.circumstances.target;
  }
  for (std::size_t i = 0; i < options.size(); ++i)
    if (i != choice.chosen) verdict.contrasts.push_back(pairs.at(choice.chosen, i));
  adjust_by_holm(verdict.contrasts);
  verdict.break_even = break_even_lines(input, choice.chosen);

  const VerdictFacts facts{input, choice, verdict};
  verdict.summary = summary_sentence(facts);
  verdict.reasons = reason_sentences(facts);
  for (std::size_t i = 0; i < options.size(); ++i)
    if (i != choice.chosen) verdict.rejected.push_back({options[i].recipe, rejection_sentence(facts, i)});
  for (const Flip& flip : find_flips(options, input.circumstances, p_value))
    verdict.flips_if.push_back(flip_sentence(facts, flip));
  verdict.next_steps = next_steps(facts);
  return verdict;
}

}  // namespace fulcrum
