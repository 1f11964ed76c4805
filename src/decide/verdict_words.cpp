#include "decide/verdict_words.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace fulcrum {

namespace {

std::string metric_name(const VerdictFacts& facts) {
  return std::string(to_string(facts.chosen().arm.metric));
}

std::string factor_text(double factor) {
  return factor < 10 ? fmt::format("{:.2g}", factor) : fmt::format("{:.0f}", factor);
}

std::optional<std::size_t> best_prompt(const VerdictFacts& facts) {
  std::optional<std::size_t> best;
  const auto& candidates = facts.input.candidates;
  for (std::size_t i = 0; i < candidates.size(); ++i)
    if (is_prompt_only(candidates[i].arm.levers) &&
        (!best || candidates[i].quality.estimate > candidates[*best].quality.estimate))
      best = i;
  return best;
}

Sentence path_sentence(const VerdictFacts& facts) {
  Sentence s;
  const std::string& recipe = facts.chosen().arm.recipe;
  const std::string measured =
      fmt::format("{} {}", metric_name(facts), cite_quality(s, facts, facts.choice.chosen));
  switch (facts.choice.path) {
    case RulePath::prompt_is_enough:
      return s.saying(fmt::format("{} reaches the target of {} with a prompt alone: {}. A prompt is enough.",
                                  recipe, cite_target(s, facts), measured));
    case RulePath::volume_pays:
      return s.saying(
          fmt::format("A prompt alone reaches the target of {}, but {} reaches it too ({}) and {} it costs "
                      "less, even at the "
                      "far end of the interval in which it pays back.",
                      cite_target(s, facts), recipe, measured, cite_horizon(s, facts)));
    case RulePath::reaches_target: {
      std::string missed;
      if (const auto prompt = best_prompt(facts))
        missed =
            fmt::format("No prompt alone{} reaches the target of {}; the best, {}, measures {}. ",
                        facts.input.searched_recipes > 0 ? " that met the test" : "", cite_target(s, facts),
                        facts.input.candidates[*prompt].arm.recipe, cite_quality(s, facts, *prompt));
      return s.saying(
          fmt::format("{}{} is the cheapest recipe that reaches it: {}.", missed, recipe, measured));
    }
    case RulePath::worth_most:
      return s.saying(fmt::format(
          "At {} a right answer {} is worth the most: {}, worth {} after its costs {}. Taking it for the "
          "best is "
          "expected to lose {} by what the test leaves open.",
          cite_right_answer(s, facts), recipe, measured, cite_net_worth(s, facts, facts.choice.chosen),
          cite_horizon(s, facts),
          s.cite("verdict.computed.expected_loss",
                 describe_money(facts.verdict.expected_loss.value_or(0), facts.chosen().cost.currency))));
    case RulePath::proven_better:
      break;
  }
  const std::string missed =
      facts.circumstances().target
          ? fmt::format("No recipe that may be used is shown to reach the target of {}. ",
                        cite_target(s, facts))
          : std::string();
  const bool skips =
      std::ranges::find(facts.choice.standings, Standing::unproven_step) != facts.choice.standings.end();
  if (skips)
    return s.saying(
        fmt::format("{}Going up from the cheapest recipe to what is proven better ends at {}: {}.", missed,
                    recipe, measured));
  return s.saying(fmt::format("{}{} is the cheapest recipe that nothing dearer is proven to beat: {}.",
                              missed, recipe, measured));
}

// The diagnosis says its sentences itself; here each gets its keys, in the order in which they come.
std::vector<Sentence> diagnosis_sentences(const Diagnosis& diagnosis) {
  Sentence causes;
  causes.figures = {"diagnosis.items", "diagnosis.failures"};
  if (diagnosis.failures == 0)
    return {causes.saying(fmt::format("{} failed on none of {} items.", diagnosis.recipe, diagnosis.items))};
  for (std::size_t i = 0; i < diagnosis.causes.size(); ++i)
    for (const char* part : {"share", "low", "high"})
      causes.cite(fmt::format("diagnosis.causes[{}].{}", i, part), 0);
  std::vector<Sentence> sentences{causes};
  const auto add_estimate = [&](const std::string& key) {
    for (const char* part : {"estimate", "low", "high", "n"}) sentences.back().cite(key + "." + part, 0);
  };
  if (diagnosis.documents_lack_answer) {
    sentences.emplace_back();
    add_estimate("diagnosis.documents_lack_answer");
  }
  for (std::size_t i = 0; i < diagnosis.interventions.size(); ++i) {
    sentences.emplace_back();
    sentences.back().cite(fmt::format("diagnosis.interventions[{}].before.estimate", i), 0);
    add_estimate(fmt::format("diagnosis.interventions[{}].after", i));
  }
  std::vector<std::string> texts = cause_sentences(diagnosis);
  for (std::size_t i = 0; i < std::min(texts.size(), sentences.size()); ++i)
    sentences[i].text = std::move(texts[i]);
  return sentences;
}

std::optional<Sentence> saturation_sentence(const VerdictFacts& facts) {
  const auto best = best_prompt(facts);
  // The chosen one's contrast with the base is a reason of its own.
  if (!best || *best == 0 || *best == facts.choice.chosen) return std::nullopt;
  const std::string& recipe = facts.input.candidates[*best].arm.recipe;
  const auto& comparisons = facts.input.comparisons;
  for (std::size_t i = 0; i < comparisons.size(); ++i) {
    const Comparison& step = comparisons[i];
    if (step.a != recipe || step.b != facts.input.candidates.front().arm.recipe) continue;
    Sentence s;
    const std::string text = contrast_text(s, step, fmt::format("comparisons[{}]", i));
    const bool helps = step.proven() && step.difference > 0;
    return s.saying(fmt::format("{} {} is {}.",
                                helps ? "More prompting helps:" : "Prompting has levelled off: its best rung",
                                recipe, text));
  }
  return std::nullopt;
}

Sentence cost_sentence(const VerdictFacts& facts) {
  Sentence s;
  const std::size_t i = facts.choice.chosen;
  const Cost& cost = facts.chosen().cost;
  return s.saying(fmt::format(
      "It costs {} up front and {} per 1,000 calls: {} {}.",
      s.cite(key_of(i, "cost.upfront"), describe_money(cost.upfront, cost.currency)),
      s.cite(key_of(i, "cost.per_1000_calls"), describe_money(cost.per_1000_calls(), cost.currency)),
      cite_total(s, facts, i), cite_horizon(s, facts)));
}

Sentence stability_sentence(const VerdictFacts& facts) {
  Sentence s;
  std::string rivals;
  for (std::size_t i = 0; i < facts.verdict.choice_shares.size(); ++i) {
    const ChoiceShare& share = facts.verdict.choice_shares[i];
    if (share.recipe != facts.verdict.recipe && share.share >= kNotableRival)
      rivals += fmt::format(", {} on {}", share.recipe,
                            s.cite(fmt::format("verdict.choice_shares[{}].share", i), percent(share.share)));
  }
  const std::string count = cite_computed(s, facts, "candidates");
  const std::string beginning =
      facts.input.searched_recipes > 0
          ? fmt::format("Of {} recipes that raced on the dev items, {} met the test, once each",
                        cite_computed(s, facts, "searched_recipes"), count)
          : fmt::format(
                "The {} recipes were fixed before a test item was looked at and each met the test once",
                count);
  return s.saying(fmt::format("{}; the same rule picks {} on {} of {} resampled tests{}.", beginning,
                              facts.verdict.recipe, cite_confidence(s, facts),
                              cite_computed(s, facts, "resamples"), rivals));
}

std::string names_of(const std::vector<std::string>& recipes) {
  return fmt::format("{}", fmt::join(recipes, ", "));
}

Sentence untried_sentence(const VerdictFacts& facts) {
  Sentence s;
  return s.saying(
      fmt::format("The budget did not pay for trying {} of them, and a better recipe may be among these: {}.",
                  cite_computed(s, facts, "untried_recipes"), names_of(facts.input.untried)));
}

Sentence missed_sentence(const VerdictFacts& facts) {
  Sentence s;
  const std::string chance = s.cite("search.chance_missed", percent(facts.input.chance_missed));
  const std::string names =
      facts.input.possibly_missed.empty() ? "" : ", perhaps " + names_of(facts.input.possibly_missed);
  return s.saying(
      fmt::format("With a chance of {} the best of the others was let go on the dev items, without proof{}.",
                  chance, names));
}

Sentence ties_sentence(const VerdictFacts& facts) {
  Sentence s;
  return s.saying(fmt::format(
      "It may be no better than {}, measured better or as well at a lower cost, without proof: a tie.",
      names_of(facts.verdict.ties)));
}

// The rival is what the resampled tests take most often instead.
bool is_dearer_than_its_rival(const VerdictFacts& facts) {
  const auto& candidates = facts.input.candidates;
  for (const ChoiceShare& share : facts.verdict.choice_shares) {
    if (share.recipe == facts.verdict.recipe) continue;
    const auto rival = std::ranges::find(candidates, share.recipe,
                                         [](const Candidate& candidate) { return candidate.arm.recipe; });
    return rival != candidates.end() && total_cost(facts, facts.chosen()) > total_cost(facts, *rival);
  }
  return false;
}

}  // namespace

Sentence summary_sentence(const VerdictFacts& facts) {
  Sentence s;
  const Verdict& verdict = facts.verdict;
  const std::string confidence = cite_confidence(s, facts);
  std::string otherwise;
  for (const ChoiceShare& share : verdict.choice_shares)
    if (share.recipe != verdict.recipe) {
      otherwise = ", otherwise mostly " + share.recipe;
      break;
    }
  if (!verdict.ties.empty()) otherwise += "; a tie with " + names_of(verdict.ties);
  switch (verdict.certainty) {
    case Certainty::clear:
      return s.saying(fmt::format("Use {}: clear, the same choice on {} of resampled tests.", verdict.recipe,
                                  confidence));
    case Certainty::likely:
      return s.saying(fmt::format("Use {}: likely, the same choice on {} of resampled tests{}.",
                                  verdict.recipe, confidence, otherwise));
    case Certainty::cannot_tell:
      break;
  }
  return s.saying(fmt::format(
      "{} cannot tell which recipe is best; {} is {} until more is known "
      "(the same choice "
      "on {} of resampled tests{}).",
      facts.input.chance_missed >= kNotableRival ? "The search" : "This test", verdict.recipe,
      verdict.path == RulePath::worth_most      ? "worth the most by what was measured and the choice"
      : !is_dearer_than_its_rival(facts)        ? "the cheaper choice"
      : verdict.path == RulePath::proven_better ? "only just proven better and the choice"
                                                : "only just on the right side of the target and the choice",
      confidence, otherwise));
}

std::vector<Sentence> reason_sentences(const VerdictFacts& facts) {
  std::vector<Sentence> reasons{path_sentence(facts)};
  if (facts.verdict.target_reached && !facts.verdict.target_proven) {
    Sentence s;
    reasons.push_back(
        s.saying(fmt::format("That it reaches {} is the estimate; its interval begins at {}, so the target "
                             "is not proven to be reached.",
                             cite_target(s, facts),
                             s.cite(key_of(facts.choice.chosen, "quality.low"),
                                    fmt::format("{:.2f}", facts.chosen().quality.low)))));
  }
  if (facts.input.diagnosis)
    for (Sentence& sentence : diagnosis_sentences(*facts.input.diagnosis))
      reasons.push_back(std::move(sentence));
  if (auto sentence = saturation_sentence(facts)) reasons.push_back(std::move(*sentence));
  if (const Contrast base = contrast_with(facts, facts.input.candidates.front().arm.recipe); base.figures) {
    Sentence s;
    const std::string text = contrast_text(s, *base.figures, base.key);
    reasons.push_back(s.saying(fmt::format("Against the untouched base it is {}.", text)));
  }
  reasons.push_back(cost_sentence(facts));
  reasons.push_back(stability_sentence(facts));
  if (!facts.verdict.ties.empty()) reasons.push_back(ties_sentence(facts));
  if (facts.input.chance_missed >= kNotableRival) reasons.push_back(missed_sentence(facts));
  if (!facts.input.untried.empty()) reasons.push_back(untried_sentence(facts));
  return reasons;
}

Sentence rejection_sentence(const VerdictFacts& facts, std::size_t index) {
  Sentence s;
  const Candidate& candidate = facts.input.candidates[index];
  const Contrast contrast = contrast_with(facts, candidate.arm.recipe);
  const auto measured = [&] { return cite_quality(s, facts, index); };
  const auto costs_against = [&](std::size_t other) {
    return fmt::format("{} against {} {}", cite_total(s, facts, index), cite_total(s, facts, other),
                       cite_horizon(s, facts));
  };
  const auto costs = [&] { return costs_against(facts.choice.chosen); };
  switch (facts.choice.standings[index]) {
    case Standing::chosen:
      return s;
    case Standing::blocked:
      for (const BlockedRecipe& blocked : facts.input.blocked)
        if (blocked.recipe == candidate.arm.recipe) s = blocked.why;
      return s;
    case Standing::stale_facts:
      return s.saying(
          fmt::format("The facts of this task change and it keeps them in its weights alone: what it "
                      "measures today ({}) goes "
                      "stale.",
                      measured()));
    case Standing::unstable_behaviour:
      return s.saying(fmt::format(
          "The wanted behaviour keeps changing, and every change would be a new training ({}).", measured()));
    case Standing::unproven_combination:
      return s.saying(fmt::format(
          "It measures {}, but adding its levers is not proven to be better than the best of its parts.",
          measured()));
    case Standing::misses_target:
      return s.saying(fmt::format("It misses the target of {}: {}{}.", cite_target(s, facts), measured(),
                                  candidate.quality.high < facts.circumstances().target.value_or(0)
                                      ? ", shown to be below"
                                      : ", not shown to be below"));
    case Standing::dearer:
      return s.saying(fmt::format("It reaches the target too ({}), but costs {}.", measured(), costs()));
    case Standing::does_not_repay:
      return s.saying(
          fmt::format("It would cost {}, but at the far end of the interval it does not pay back against {} "
                      "in that time.",
                      costs_against(*facts.choice.prompt_that_does),
                      facts.input.candidates[*facts.choice.prompt_that_does].arm.recipe));
    case Standing::dearer_and_unproven:
      return s.saying(
          fmt::format("It costs {} and {} is {}.", costs(), facts.verdict.recipe,
                      contrast.figures ? contrast_text(s, *contrast.figures, contrast.key) : "no worse"));
    case Standing::proven_worse: {
      const std::size_t better = facts.choice.prompt_that_does.value_or(facts.choice.chosen);
      const std::string& name = facts.input.candidates[better].arm.recipe;
      if (better != facts.choice.chosen || !contrast.figures)
        return s.saying(
            fmt::format("It is cheaper ({}), but {} is proven better.", costs_against(better), name));
      // The prompt was tested against this one alone, a step of rule 3 among others.
      const PValue shown = facts.choice.prompt_that_does ? PValue::plain : PValue::adjusted;
      return s.saying(
          fmt::format("It is cheaper ({}), but {} is {}.", costs(), name,
                      shown == PValue::adjusted && !contrast.figures->proven()
                          ? "what further steps led to"
                          : "proven better " + cite_contrast(s, *contrast.figures, contrast.key, shown)));
    }
    case Standing::worth_less:
      return s.saying(fmt::format(
          "It is worth {} after its costs, {} is worth {}; {} is {}.", cite_net_worth(s, facts, index),
          facts.verdict.recipe, cite_net_worth(s, facts, facts.choice.chosen), facts.verdict.recipe,
          contrast.figures ? contrast_text(s, *contrast.figures, contrast.key) : "no worse"));
    case Standing::unproven_step:
      return s.saying(
          fmt::format("It is cheaper ({}) but not proven better than what is cheaper still, as {} is.",
                      costs(), facts.verdict.recipe));
  }
  return s;
}

Sentence flip_sentence(const VerdictFacts& facts, std::size_t index) {
  Sentence s;
  const Flip& flip = facts.verdict.flips[index];
  const std::string side = flip.side == FlipSide::above ? "above" : "below";
  const auto at = [&](std::string shown) {
    return s.cite(fmt::format("verdict.flips[{}].at", index), std::move(shown));
  };
  switch (flip.axis) {
    case FlipAxis::calls_per_month:
      return s.saying(fmt::format("{} {} calls a month: {}", side, at(describe_count(flip.at)), flip.recipe));
    case FlipAxis::target:
      return s.saying(
          fmt::format("a target {} {}: {}", side, at(fmt::format("{:.3f}", flip.at)), flip.recipe));
    case FlipAxis::machine_hour_price:
      return s.saying(fmt::format("a machine-hour {} {} times today's price: {}", side,
                                  at(factor_text(flip.at)), flip.recipe));
    case FlipAxis::label_price:
      return s.saying(
          fmt::format("a label {} {} times today's price: {}", side, at(factor_text(flip.at)), flip.recipe));
    case FlipAxis::right_answer_worth:
      return s.saying(fmt::format("a right answer worth {} {}: {}", side,
                                  at(describe_money(flip.at, facts.chosen().cost.currency)), flip.recipe));
    case FlipAxis::facts_change:
      return s.saying(fmt::format("if the facts {}: {}",
                                  facts.circumstances().facts_change ? "stopped changing" : "began to change",
                                  flip.recipe));
    case FlipAxis::behaviour:
      return s.saying(fmt::format(
          "if the wanted behaviour {}: {}",
          facts.circumstances().behaviour_stable ? "began to change" : "became stable", flip.recipe));
  }
  return s;
}

}  // namespace fulcrum
