#include "decide/citations.h"

#include <cmath>

#include "base/error.h"
#include "measure/multiplicity.h"

namespace fulcrum {

namespace {

std::string p_text(double p) {
  return p < 0.001 ? "p < 0.001" : fmt::format("p = {:.3f}", p);
}

}  // namespace

double total_cost(const VerdictFacts& facts, const Candidate& candidate) {
  return candidate.cost.total(facts.circumstances().calls_per_month, facts.circumstances().horizon_months);
}

double net_worth_of(const VerdictFacts& facts, std::size_t candidate) {
  const Candidate& c = facts.input.candidates[candidate];
  return net_worth({c.arm.recipe, c.arm.levers, c.quality.estimate, c.quality.high, c.cost},
                   facts.circumstances());
}

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

std::string key_of(std::size_t candidate, std::string_view figure) {
  return fmt::format("recipes[{}].{}", candidate, figure);
}

std::string cite_quality(Sentence& sentence, const VerdictFacts& facts, std::size_t candidate) {
  for (const char* part : {"estimate", "low", "high", "n"})
    sentence.cite(key_of(candidate, fmt::format("quality.{}", part)), 0);
  return describe(facts.input.candidates[candidate].quality);
}

std::string cite_target(Sentence& sentence, const VerdictFacts& facts) {
  return sentence.cite("task.target", fmt::format("{:.2f}", facts.circumstances().target.value_or(0)));
}

std::string cite_horizon(Sentence& sentence, const VerdictFacts& facts) {
  return fmt::format(
      "over {} months at {} calls a month",
      sentence.cite("task.horizon_months", fmt::format("{:g}", facts.circumstances().horizon_months)),
      sentence.cite("task.calls_per_month", describe_count(facts.circumstances().calls_per_month)));
}

std::string cite_total(Sentence& sentence, const VerdictFacts& facts, std::size_t candidate) {
  const Candidate& c = facts.input.candidates[candidate];
  return sentence.cite(key_of(candidate, "cost.total"),
                       describe_money(total_cost(facts, c), c.cost.currency));
}

std::string cite_net_worth(Sentence& sentence, const VerdictFacts& facts, std::size_t candidate) {
  const std::string name = fmt::format("net_worth_{}", candidate);
  return sentence.cite("verdict.computed." + name,
                       describe_money(facts.verdict.computed.at(name), facts.chosen().cost.currency));
}

std::string cite_right_answer(Sentence& sentence, const VerdictFacts& facts) {
  return sentence.cite(
      "task.prices.right_answer",
      describe_money(facts.circumstances().worth_of_right_answer.value_or(0), facts.chosen().cost.currency));
}

std::string percent(double share) {
  return fmt::format("{:.0f}%", 100 * share);
}

std::string cite_confidence(Sentence& sentence, const VerdictFacts& facts) {
  return sentence.cite("verdict.confidence", percent(facts.verdict.confidence));
}

std::string cite_computed(Sentence& sentence, const VerdictFacts& facts, const std::string& name) {
  return sentence.cite("verdict.computed." + name, describe_count(facts.verdict.computed.at(name)));
}

std::string cite_contrast(Sentence& sentence, const Comparison& contrast, const std::string& key,
                          PValue shown) {
  for (const char* part : {"difference", "low", "high"}) sentence.cite(key + "." + part, 0);
  const double p = shown == PValue::adjusted ? contrast.p_value : contrast.p_value_unadjusted;
  sentence.cite(key + (shown == PValue::adjusted ? ".p_value" : ".p_value_unadjusted"), 0);
  // The interval is of this contrast alone: beside it a p-value that counts the others needs to say so.
  const bool only_alone =
      shown == PValue::adjusted && contrast.p_value_unadjusted < kSignificanceLevel && !contrast.proven();
  return fmt::format("({:+.2f}, interval {:+.2f} to {:+.2f}, {}{})", contrast.difference, contrast.low,
                     contrast.high, p_text(p), only_alone ? " with all comparisons counted" : "");
}

// "proven better than x (+0.31, interval +0.22 to +0.40, p < 0.001)", or that it is a tie.
std::string contrast_text(Sentence& sentence, const Comparison& contrast, const std::string& key) {
  const std::string figures = cite_contrast(sentence, contrast, key, PValue::adjusted);
  if (!contrast.proven()) return fmt::format("a tie with {} on this test {}", contrast.b, figures);
  return fmt::format("proven {} than {} {}", contrast.difference > 0 ? "better" : "worse", contrast.b,
                     figures);
}

Contrast contrast_with(const VerdictFacts& facts, const std::string& recipe) {
  for (std::size_t i = 0; i < facts.verdict.contrasts.size(); ++i)
    if (facts.verdict.contrasts[i].b == recipe)
      return {&facts.verdict.contrasts[i], fmt::format("verdict.contrasts[{}]", i)};
  return {};
}

}  // namespace fulcrum
