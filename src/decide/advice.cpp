#include "decide/advice.h"

#include <cmath>

#include "base/error.h"
#include "measure/power.h"

namespace fulcrum {

namespace {

// The share of failures from which a cause is worth acting on.
constexpr double kNotableShare = 0.15;

}  // namespace

std::map<std::string, double> computed_figures(const VerdictFacts& facts) {
  std::map<std::string, double> computed{
      {"candidates", static_cast<double>(facts.input.candidates.size())},
      {"resamples", static_cast<double>(facts.input.confidence_resamples)},
  };
  if (facts.input.searched_recipes > 0) {
    computed["searched_recipes"] = static_cast<double>(facts.input.searched_recipes);
    computed["untried_recipes"] = static_cast<double>(facts.input.untried.size());
  }
  if (facts.verdict.expected_loss) {
    computed["expected_loss"] = *facts.verdict.expected_loss;
    for (std::size_t i = 0; i < facts.input.candidates.size(); ++i)
      computed[fmt::format("net_worth_{}", i)] = net_worth_of(facts, i);
  }
  const Candidate& chosen = facts.chosen();
  // The first rival that measures otherwise, and what it would take to tell the two apart.
  for (const ChoiceShare& share : facts.verdict.choice_shares) {
    const Contrast contrast = contrast_with(facts, share.recipe);
    if (!contrast.figures || contrast.figures->difference == 0) continue;
    computed["items_to_tell_apart"] =
        static_cast<double>(items_to_detect(std::abs(contrast.figures->difference), kAssumedDiscordantShare));
    break;
  }
  if (const auto& target = facts.circumstances().target;
      target && chosen.quality.estimate - *target > 0.005) {
    // By the lower half, which is what has to clear the target: an interval near 1 is lopsided.
    const double below = chosen.quality.estimate - chosen.quality.low;
    computed["items_to_prove_target"] = std::ceil(static_cast<double>(chosen.quality.n) *
                                                  std::pow(below / (chosen.quality.estimate - *target), 2));
  }
  if (const auto& diagnosis = facts.input.diagnosis; diagnosis && diagnosis->retrieved_gold_share)
    computed["retrieval_misses"] = 1 - *diagnosis->retrieved_gold_share;
  return computed;
}

std::vector<Sentence> next_steps(const VerdictFacts& facts) {
  std::vector<Sentence> steps;
  const Candidate& chosen = facts.chosen();
  const auto& computed = facts.verdict.computed;
  const auto more_items_than_now = [&](const char* name) {
    const auto needed = computed.find(name);
    return needed != computed.end() && needed->second > static_cast<double>(chosen.quality.n);
  };
  if (facts.verdict.certainty == Certainty::cannot_tell && more_items_than_now("items_to_tell_apart")) {
    Sentence s;
    std::string rival;
    for (const ChoiceShare& share : facts.verdict.choice_shares)
      if (const Contrast c = contrast_with(facts, share.recipe); c.figures && c.figures->difference != 0) {
        rival = share.recipe;
        break;
      }
    steps.push_back(s.saying(
        fmt::format("Test on about {} items to tell {} from {} at the difference measured; these were {}.",
                    cite_computed(s, facts, "items_to_tell_apart"), facts.verdict.recipe, rival,
                    s.cite(key_of(facts.choice.chosen, "quality.n"), fmt::format("{}", chosen.quality.n)))));
  }
  if (facts.verdict.target_reached && !facts.verdict.target_proven &&
      computed.contains("items_to_prove_target")) {
    Sentence s;
    steps.push_back(
        s.saying(fmt::format("About {} test items would prove the target at the quality measured.",
                             cite_computed(s, facts, "items_to_prove_target"))));
  }
  if (facts.circumstances().target && !facts.verdict.target_reached) {
    Sentence s;
    steps.push_back(s.saying(
        facts.input.untried.empty()
            ? "Nothing that may be used is shown to reach the target: label more examples, try a larger "
              "base model, or lower "
              "the target."
            : fmt::format("Search again with a larger budget: {} recipes were not tried.",
                          cite_computed(s, facts, "untried_recipes"))));
  }
  steps.insert(steps.end(), facts.input.further_steps.begin(), facts.input.further_steps.end());
  const auto& diagnosis = facts.input.diagnosis;
  if (!diagnosis || diagnosis->failures == 0) return steps;
  if (const auto misses = computed.find("retrieval_misses");
      misses != computed.end() && misses->second > kNotableShare) {
    Sentence s;
    steps.push_back(
        s.saying(fmt::format("The index misses the right document for {} of the questions: more passages, or "
                             "documents in the words of "
                             "the questions.",
                             s.cite("verdict.computed.retrieval_misses", percent(misses->second)))));
  }
  for (std::size_t i = 0; i < diagnosis->causes.size(); ++i) {
    const auto& cause = diagnosis->causes[i];
    if (cause.cause != "format" || cause.share < kNotableShare) continue;
    Sentence s;
    steps.push_back(s.saying(fmt::format(
        "{} of the failures of {} have the wrong form: constrain the output or show the form in "
        "demonstrations.",
        s.cite(fmt::format("diagnosis.causes[{}].share", i), percent(cause.share)), diagnosis->recipe)));
  }
  if (!diagnosis->confusions.empty() && diagnosis->confusions.front().count > 1) {
    Sentence s;
    const LabelConfusion& pair = diagnosis->confusions.front();
    steps.push_back(s.saying(fmt::format(
        "Label more examples of {} and {}: the first was taken for the second {} times.", pair.reference,
        pair.answer, s.cite("diagnosis.confusions[0].count", fmt::format("{}", pair.count)))));
  }
  return steps;
}

std::vector<Sentence> look_again_sentences(const VerdictFacts& facts) {
  std::vector<Sentence> sentences;
  if (const auto& days = facts.circumstances().documents_change_days) {
    Sentence s;
    sentences.push_back(s.saying(fmt::format(
        "After the documents have changed, which they do every {} days: the answers to the test must "
        "change with them.",
        s.cite("task.documents_change_days", fmt::format("{:g}", *days)))));
  }
  for (std::size_t i = 0; i < facts.verdict.flips.size(); ++i) {
    const Flip& flip = facts.verdict.flips[i];
    if (flip.axis != FlipAxis::calls_per_month) continue;
    Sentence s;
    sentences.push_back(s.saying(
        fmt::format("When the volume {} {} calls a month; it is {} today.",
                    flip.side == FlipSide::above ? "passes" : "falls below",
                    s.cite(fmt::format("verdict.flips[{}].at", i), describe_count(flip.at)),
                    s.cite("task.calls_per_month", describe_count(facts.circumstances().calls_per_month)))));
  }
  if (const auto needed = facts.verdict.computed.find("items_to_tell_apart");
      facts.verdict.certainty != Certainty::clear && needed != facts.verdict.computed.end() &&
      needed->second > static_cast<double>(facts.chosen().quality.n)) {
    Sentence s;
    sentences.push_back(s.saying(fmt::format("When there are {} test items or more.",
                                             cite_computed(s, facts, "items_to_tell_apart"))));
  }
  sentences.push_back({"When the base model, the task's instruction or the kind of inputs changes.", {}});
  return sentences;
}

}  // namespace fulcrum
