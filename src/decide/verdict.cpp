#include "decide/verdict.h"

#include <algorithm>

#include "base/error.h"
#include "decide/advice.h"
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

BreakEvenLine break_even_line(const Candidate& one, const Candidate& other, double calls_per_month) {
  // Of two that cost the same up front the one whose calls cost less pays, from the first call on.
  const bool in_order = one.cost.upfront != other.cost.upfront
                            ? one.cost.upfront > other.cost.upfront
                            : one.cost.per_call.estimate <= other.cost.per_call.estimate;
  const Candidate &dearer = in_order ? one : other, &cheaper = in_order ? other : one;
  const auto right_answers = [&](PromptCaching cache) {
    return break_even_in_right_answers(dearer.cost, dearer.quality, cheaper.cost, cheaper.quality, cache);
  };
  const RepayRange months = repay_months(dearer.cost, cheaper.cost, calls_per_month);
  return {dearer.arm.recipe,
          cheaper.arm.recipe,
          break_even(dearer.cost, cheaper.cost),
          months.at,
          months,
          right_answers(PromptCaching::warm),
          right_answers(PromptCaching::cold)};
}

// Splits sentences into what is shown and what it rests on.
void put(std::vector<Sentence> sentences, std::vector<std::string>& texts, Verdict::Figures& figures) {
  for (Sentence& sentence : sentences) {
    texts.push_back(std::move(sentence.text));
    figures.push_back(std::move(sentence.figures));
  }
}

Certainty certainty_of(double confidence) {
  return confidence >= kClear    ? Certainty::clear
         : confidence >= kLikely ? Certainty::likely
                                 : Certainty::cannot_tell;
}

// Where nothing is proven the cheaper one is taken (rule 3), which is not to say that it is the better one.
std::vector<std::string> ties_of(const std::vector<RuleOption>& options, const Choice& choice) {
  std::vector<std::string> ties;
  const double quality = options[choice.chosen].quality;
  for (std::size_t i = 0; i < options.size(); ++i) {
    const Standing standing = choice.standings[i];
    const bool may_be_better =
        standing == Standing::dearer_and_unproven || standing == Standing::unproven_combination;
    if ((may_be_better && options[i].quality > quality + kIndifference) ||
        (standing == Standing::unproven_step && options[i].quality > quality - kIndifference))
      ties.push_back(options[i].recipe);
  }
  return ties;
}

// `facts` is about `verdict`, whose figures are all there.
void put_into_words(const VerdictFacts& facts, Verdict& verdict) {
  verdict.computed = computed_figures(facts);
  Sentence summary = summary_sentence(facts);
  verdict.summary = std::move(summary.text);
  verdict.summary_figures = std::move(summary.figures);
  put(reason_sentences(facts), verdict.reasons, verdict.reason_figures);
  for (std::size_t i = 0; i < facts.input.candidates.size(); ++i) {
    if (i == facts.choice.chosen) continue;
    Sentence why = rejection_sentence(facts, i);
    verdict.rejected.push_back({facts.input.candidates[i].arm.recipe, std::move(why.text)});
    verdict.rejected_figures.push_back(std::move(why.figures));
  }
  std::vector<Sentence> flips;
  for (std::size_t i = 0; i < verdict.flips.size(); ++i) flips.push_back(flip_sentence(facts, i));
  put(std::move(flips), verdict.flips_if, verdict.flip_figures);
  put(next_steps(facts), verdict.next_steps, verdict.next_step_figures);
  put(look_again_sentences(facts), verdict.look_again, verdict.look_again_figures);
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
    const bool is_blocked =
        std::any_of(input.blocked.begin(), input.blocked.end(),
                    [&](const BlockedRecipe& each) { return each.recipe == candidate.arm.recipe; });
    options.push_back({candidate.arm.recipe, candidate.arm.levers, candidate.quality.estimate,
                       candidate.quality.high, candidate.cost,
                       is_blocked ? Admission::blocked : Admission::open});
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
  verdict.certainty = certainty_of(verdict.confidence * (1 - input.chance_missed));
  verdict.ties = ties_of(options, choice);
  if (choice.path == RulePath::worth_most) {
    std::vector<std::size_t> rivals;
    for (std::size_t i = 0; i < options.size(); ++i)
      if (choice.standings[i] == Standing::worth_less) rivals.push_back(i);
    verdict.expected_loss = expected_loss(arms, options, rivals, choice.chosen, input.circumstances,
                                          input.seed, input.confidence_resamples);
  }
  if (input.circumstances.target) {
    verdict.target_reached = chosen.quality.estimate >= *input.circumstances.target;
    verdict.target_proven = chosen.quality.low >= *input.circumstances.target;
  }
  const bool may_be_better = !verdict.ties.empty() || (!input.untried.empty() && !verdict.target_reached);
  if (may_be_better && verdict.certainty == Certainty::clear) verdict.certainty = Certainty::likely;
  for (std::size_t i = 0; i < options.size(); ++i)
    if (i != choice.chosen) verdict.contrasts.push_back(pairs.at(choice.chosen, i));
  adjust_by_holm(verdict.contrasts);
  // Where the rule tested the pair itself, that is its p-value: what is proven there is not called a tie
  // here.
  for (const Choice::Proof& proof : choice.proofs)
    for (Comparison& contrast : verdict.contrasts) {
      const std::string &better = options[proof.better].recipe, &than = options[proof.than].recipe;
      if ((contrast.a == better && contrast.b == than) || (contrast.a == than && contrast.b == better))
        contrast.p_value = proof.p_value;
    }
  for (std::size_t i = 0; i < options.size(); ++i)
    if (i != choice.chosen)
      verdict.break_even.push_back(
          break_even_line(chosen, input.candidates[i], input.circumstances.calls_per_month));
  verdict.flips = find_flips(options, input.circumstances, p_value);
  put_into_words({input, choice, verdict}, verdict);
  return verdict;
}

std::vector<BreakEvenLine> break_even_pairs(std::span<const Candidate> candidates, double calls_per_month) {
  std::vector<BreakEvenLine> lines;
  for (std::size_t a = 0; a < candidates.size(); ++a)
    for (std::size_t b = a + 1; b < candidates.size(); ++b)
      lines.push_back(break_even_line(candidates[a], candidates[b], calls_per_month));
  return lines;
}

}  // namespace fulcrum
