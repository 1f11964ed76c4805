#include "decide/verdict_words.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "measure/power.h"
#include "recipe/levers.h"

namespace fulcrum {

namespace {

// Shares of failures from which a cause is worth acting on, and of resamples from which a rival is worth
// naming.
constexpr double kNotableShare = 0.15, kNotableRival = 0.05;

const Circumstances& circumstances(const VerdictFacts& facts) {
  return facts.input.circumstances;
}

double total(const VerdictFacts& facts, const Candidate& candidate) {
  return candidate.cost.total(circumstances(facts).calls_per_month, circumstances(facts).horizon_months);
}

std::string horizon(const VerdictFacts& facts) {
  return fmt::format("over {:g} months at {} calls a month", circumstances(facts).horizon_months,
                     describe_count(circumstances(facts).calls_per_month));
}

std::string metric_name(const VerdictFacts& facts) {
  return std::string(to_string(facts.chosen().arm.metric));
}

const Candidate* best_prompt(const VerdictFacts& facts) {
  const Candidate* best = nullptr;
  for (const Candidate& candidate : facts.input.candidates)
    if (is_prompt_only(candidate.arm.levers) &&
        (!best || candidate.quality.estimate > best->quality.estimate))
      best = &candidate;
  return best;
}

const Comparison* contrast_with(const VerdictFacts& facts, const std::string& recipe) {
  for (const Comparison& contrast : facts.verdict.contrasts)
    if (contrast.b == recipe) return &contrast;
  return nullptr;
}

std::string factor_text(double factor) {
  return factor < 10 ? fmt::format("{:.2g}", factor) : fmt::format("{:.0f}", factor);
}

std::string p_text(double p) {
  return p < 0.001 ? "p < 0.001" : fmt::format("p = {:.3f}", p);
}

std::string figures_text(const Comparison& contrast, double p_value) {
  return fmt::format("({:+.2f}, interval {:+.2f} to {:+.2f}, {})", contrast.difference, contrast.low,
                     contrast.high, p_text(p_value));
}

// "proven better than x (+0.31, interval +0.22 to +0.40, p < 0.001)", or that nothing is proven.
std::string contrast_text(const Comparison& contrast) {
  const std::string figures = figures_text(contrast, contrast.p_value);
  if (!contrast.proven()) return fmt::format("not proven different from {} {}", contrast.b, figures);
  return fmt::format("proven {} than {} {}", contrast.difference > 0 ? "better" : "worse", contrast.b,
                     figures);
}

std::string path_sentence(const VerdictFacts& facts) {
  const Candidate& chosen = facts.chosen();
  const std::string measured = fmt::format("{} {}", metric_name(facts), describe(chosen.quality));
  const auto& target = circumstances(facts).target;
  switch (facts.choice.path) {
    case RulePath::prompt_is_enough:
      return fmt::format("{} reaches the target of {:.2f} with a prompt alone: {}. A prompt is enough.",
                         chosen.arm.recipe, *target, measured);
    case RulePath::volume_pays:
      return fmt::format(
          "A prompt alone reaches the target of {:.2f}, but {} reaches it too ({}) and {} it costs less, "
          "even at the "
          "far end of the break-even interval.",
          *target, chosen.arm.recipe, measured, horizon(facts));
    case RulePath::reaches_target: {
      const Candidate* prompt = best_prompt(facts);
      const std::string missed =
          prompt ? fmt::format("No prompt alone reaches the target of {:.2f}; the best, {}, measures {}. ",
                               *target, prompt->arm.recipe, describe(prompt->quality))
                 : std::string();
      return fmt::format("{}{} is the cheapest recipe that reaches it: {}.", missed, chosen.arm.recipe,
                         measured);
    }
    case RulePath::proven_better:
      break;
  }
  return fmt::format(
      "{}{} is the cheapest recipe that nothing dearer is proven to beat: {}.",
      target ? fmt::format("No recipe that may be used is shown to reach the target of {:.2f}. ", *target)
             : std::string(),
      chosen.arm.recipe, measured);
}

std::string diagnosis_sentence(const Diagnosis& diagnosis) {
  if (diagnosis.failures == 0)
    return fmt::format("{} failed on none of {} items.", diagnosis.recipe, diagnosis.items);
  std::string causes;
  for (const auto& cause : diagnosis.causes)
    causes += fmt::format("{}{} {:.0f}%", causes.empty() ? "" : ", ", cause.cause, 100 * cause.share);
  return fmt::format("Of the {} failures of {} on {} items: {}.", diagnosis.failures, diagnosis.recipe,
                     diagnosis.items, causes);
}

std::string saturation_sentence(const VerdictFacts& facts) {
  const Candidate& base = facts.input.candidates.front();
  const Candidate* best = best_prompt(facts);
  if (!best || best == &base || facts.choice.path == RulePath::prompt_is_enough) return {};
  const Comparison step = compare_arms(best->arm, base.arm, facts.input.seed);
  if (step.proven() && step.difference > 0)
    return fmt::format("More prompting helps: {} is {}.", best->arm.recipe, contrast_text(step));
  return fmt::format("Prompting has levelled off: its best rung {} is {}.", best->arm.recipe,
                     contrast_text(step));
}

}  // namespace

std::string describe(const Estimate& estimate) {
  return fmt::format("{:.2f} ({:.2f} to {:.2f}, n = {})", estimate.estimate, estimate.low, estimate.high,
                     estimate.n);
}

std::string describe_money(double amount, const std::string& currency) {
  if (!std::isfinite(amount)) return fmt::format("no end of {}", currency);
  return fmt::format("{} {}", money_text(amount), currency);
}

std::string describe_count(double count) {
  if (!std::isfinite(count)) return "never";
  if (count >= 1e9) return fmt::format("{:.3g} billion", count / 1e9);
  if (count >= 1e6) return fmt::format("{:.3g} million", count / 1e6);
  std::string digits = fmt::format("{:.0f}", count);
  for (std::ptrdiff_t at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

std::string summary_sentence(const VerdictFacts& facts) {
  const Verdict& verdict = facts.verdict;
  std::string rival;
  for (const ChoiceShare& share : verdict.choice_shares)
    if (share.recipe != verdict.recipe) {
      rival = share.recipe;
      break;
    }
  switch (verdict.certainty) {
    case Certainty::clear:
      return fmt::format("Use {}: clear, the same choice on {:.0f}% of resampled tests.", verdict.recipe,
                         100 * verdict.confidence);
    case Certainty::likely:
      return fmt::format(
          "Use {}: likely, the same choice on {:.0f}% of resampled tests, otherwise mostly {}.",
          verdict.recipe, 100 * verdict.confidence, rival);
    case Certainty::cannot_tell:
      break;
  }
  return fmt::format(
      "This test cannot tell which recipe is best; {} is the cheaper choice until more is known "
      "(the same choice on {:.0f}% of resampled tests, otherwise mostly {}).",
      verdict.recipe, 100 * verdict.confidence, rival);
}

std::vector<std::string> reason_sentences(const VerdictFacts& facts) {
  const Candidate& chosen = facts.chosen();
  const auto& target = circumstances(facts).target;
  std::vector<std::string> reasons{path_sentence(facts)};
  if (target && facts.verdict.target_reached && !facts.verdict.target_proven)
    reasons.push_back(
        fmt::format("That it reaches {:.2f} is the estimate; its interval begins at {:.2f}, so the target "
                    "is not proven to be reached.",
                    *target, chosen.quality.low));
  if (facts.input.diagnosis) reasons.push_back(diagnosis_sentence(*facts.input.diagnosis));
  if (std::string sentence = saturation_sentence(facts); !sentence.empty())
    reasons.push_back(std::move(sentence));
  if (const Comparison* contrast = contrast_with(facts, facts.input.candidates.front().arm.recipe))
    reasons.push_back(fmt::format("Against the untouched base it is {}.", contrast_text(*contrast)));
  reasons.push_back(fmt::format("It costs {} up front and {} per 1,000 calls: {} {}.",
                                describe_money(chosen.cost.upfront, chosen.cost.currency),
                                describe_money(chosen.cost.per_1000_calls(), chosen.cost.currency),
                                describe_money(total(facts, chosen), chosen.cost.currency), horizon(facts)));
  std::string rivals;
  for (const ChoiceShare& share : facts.verdict.choice_shares)
    if (share.recipe != facts.verdict.recipe && share.share >= kNotableRival)
      rivals += fmt::format("{}{} on {:.0f}%", rivals.empty() ? "" : ", ", share.recipe, 100 * share.share);
  reasons.push_back(
      fmt::format("The {} recipes were fixed before a test item was looked at and each met the test once; "
                  "the same rule picks {} on "
                  "{:.0f}% of {} resampled tests{}.",
                  facts.input.candidates.size(), facts.verdict.recipe, 100 * facts.verdict.confidence,
                  facts.input.confidence_resamples, rivals.empty() ? std::string() : ", " + rivals));
  return reasons;
}

std::string rejection_sentence(const VerdictFacts& facts, std::size_t index) {
  const Candidate& candidate = facts.input.candidates[index];
  const std::string& currency = candidate.cost.currency;
  const std::string measured = describe(candidate.quality);
  const double target = circumstances(facts).target.value_or(0);
  const Comparison* contrast = contrast_with(facts, candidate.arm.recipe);
  const std::string costs =
      fmt::format("{} against {} {}", describe_money(total(facts, candidate), currency),
                  describe_money(total(facts, facts.chosen()), currency), horizon(facts));
  switch (facts.choice.standings[index]) {
    case Standing::chosen:
      return {};
    case Standing::stale_facts:
      return fmt::format(
          "The facts of this task change and it keeps them in its weights alone: what it measures today ({}) "
          "goes stale.",
          measured);
    case Standing::unstable_behaviour:
      return fmt::format(
          "The wanted behaviour keeps changing, and every change would be a new training ({}).", measured);
    case Standing::unproven_combination:
      return fmt::format(
          "It measures {}, but adding its levers is not proven to be better than the best of its parts.",
          measured);
    case Standing::misses_target:
      return fmt::format("It misses the target of {:.2f}: {}{}.", target, measured,
                         candidate.quality.high < target ? ", shown to be below" : ", not shown to be below");
    case Standing::dearer:
      return fmt::format("It reaches the target too ({}), but costs {}.", measured, costs);
    case Standing::does_not_repay: {
      const BreakEven calls = break_even(candidate.cost, facts.chosen().cost);
      return fmt::format(
          "It would cost {}, but its break-even of {} calls may lie as far as {}, beyond the volume.", costs,
          describe_count(calls.calls), describe_count(calls.high));
    }
    case Standing::dearer_and_unproven:
      return fmt::format("It costs {} and {} is {}.", costs, facts.verdict.recipe,
                         contrast ? contrast_text(*contrast) : "no worse");
    case Standing::proven_worse:
      // The rule tested this pair in its own family of contrasts, so the p-value shown is the plain one.
      return fmt::format("It is cheaper ({}), but {} is proven better {}.", costs, facts.verdict.recipe,
                         contrast ? figures_text(*contrast, contrast->p_value_unadjusted) : "");
    case Standing::unproven_step:
      return fmt::format("It is cheaper ({}) but not proven better than what is cheaper still, as {} is.",
                         costs, facts.verdict.recipe);
  }
  return {};
}

std::string flip_sentence(const VerdictFacts& facts, const Flip& flip) {
  const std::string side = flip.side == FlipSide::above ? "above" : "below";
  switch (flip.axis) {
    case FlipAxis::calls_per_month:
      return fmt::format("{} {} calls a month: {}", side, describe_count(flip.at), flip.recipe);
    case FlipAxis::target:
      return fmt::format("a target {} {:.3f}: {}", side, flip.at, flip.recipe);
    case FlipAxis::machine_hour_price:
      return fmt::format("a machine-hour {} {} times today's price: {}", side, factor_text(flip.at),
                         flip.recipe);
    case FlipAxis::label_price:
      return fmt::format("a label {} {} times today's price: {}", side, factor_text(flip.at), flip.recipe);
    case FlipAxis::facts_change:
      return fmt::format("if the facts {}: {}",
                         circumstances(facts).facts_change ? "stopped changing" : "began to change",
                         flip.recipe);
    case FlipAxis::behaviour:
      return fmt::format("if the wanted behaviour {}: {}",
                         circumstances(facts).behaviour_stable ? "began to change" : "became stable",
                         flip.recipe);
  }
  return {};
}

std::vector<std::string> next_steps(const VerdictFacts& facts) {
  std::vector<std::string> steps;
  const Candidate& chosen = facts.chosen();
  const auto& target = circumstances(facts).target;
  if (facts.verdict.certainty == Certainty::cannot_tell && facts.verdict.choice_shares.size() > 1) {
    for (const ChoiceShare& share : facts.verdict.choice_shares) {
      const Comparison* contrast = contrast_with(facts, share.recipe);
      if (!contrast || contrast->difference == 0) continue;
      const std::int64_t needed = items_to_detect(std::abs(contrast->difference), kAssumedDiscordantShare);
      if (needed > chosen.quality.n)
        steps.push_back(fmt::format(
            "Test on about {} items to tell {} from {} at the difference measured; these were {}.",
            describe_count(static_cast<double>(needed)), facts.verdict.recipe, share.recipe,
            chosen.quality.n));
      break;
    }
  }
  if (target && facts.verdict.target_reached && !facts.verdict.target_proven) {
    const double gap = chosen.quality.estimate - *target;
    const double spread = chosen.quality.high - chosen.quality.low;
    if (gap > 0.005)
      steps.push_back(fmt::format("About {} test items would prove the target at the quality measured.",
                                  describe_count(std::ceil(static_cast<double>(chosen.quality.n) *
                                                           std::pow(0.5 * spread / gap, 2)))));
  }
  if (target && !facts.verdict.target_reached)
    steps.push_back(
        "Nothing that may be used reaches the target: label more examples, try a larger base model, or "
        "lower the target.");
  if (const auto& diagnosis = facts.input.diagnosis; diagnosis && diagnosis->failures > 0) {
    if (diagnosis->retrieved_gold_share && *diagnosis->retrieved_gold_share < 1 - kNotableShare)
      steps.push_back(
          fmt::format("The index misses the right document for {:.0f}% of the questions: more passages, or "
                      "documents in the words of the questions.",
                      100 * (1 - *diagnosis->retrieved_gold_share)));
    if (diagnosis->share_of("format") >= kNotableShare)
      steps.push_back(
          fmt::format("{:.0f}% of the failures of {} have the wrong form: constrain the output or show the "
                      "form in demonstrations.",
                      100 * diagnosis->share_of("format"), diagnosis->recipe));
    if (!diagnosis->confusions.empty()) {
      const LabelConfusion& pair = diagnosis->confusions.front();
      if (pair.count > 1)
        steps.push_back(
            fmt::format("Label more examples of {} and {}: the first was taken for the second {} times.",
                        pair.reference, pair.answer, pair.count));
    }
  }
  return steps;
}

}  // namespace fulcrum
