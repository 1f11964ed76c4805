// The figures of a verdict as its sentences show them, each noted with its key in result.json
// (decide/sentence.h). Whole sentences are made of them in decide/verdict_words.h and decide/advice.h.
#pragma once

#include <string>
#include <string_view>

#include "decide/sentence.h"
#include "decide/verdict.h"

namespace fulcrum {

// "0.93 (0.87 to 0.97, n = 100)"
std::string describe(const Estimate& estimate);
// "12.30 EUR"; small amounts keep two significant digits.
std::string describe_money(double amount, const std::string& currency);
// "4,210", "12 million", "never"
std::string describe_count(double count);
// "14%"
std::string percent(double share);

// What the sentences are about: the input, the choice and what was computed from it.
struct VerdictFacts {
  const DecisionInput& input;
  const Choice& choice;
  const Verdict& verdict;  // everything but the sentences is filled in
  const Candidate& chosen() const { return input.candidates[choice.chosen]; }
  const Circumstances& circumstances() const { return input.circumstances; }
};

// At the task's volume over its horizon.
double total_cost(const VerdictFacts& facts, const Candidate& candidate);

// What a candidate is worth after its costs (rule 4).
double net_worth_of(const VerdictFacts& facts, std::size_t candidate);

// "recipes[3].quality.low"
std::string key_of(std::size_t candidate, std::string_view figure);

// Each gives back the text to show.
std::string cite_quality(Sentence& sentence, const VerdictFacts& facts, std::size_t candidate);
std::string cite_target(Sentence& sentence, const VerdictFacts& facts);
std::string cite_horizon(Sentence& sentence, const VerdictFacts& facts);
std::string cite_total(Sentence& sentence, const VerdictFacts& facts, std::size_t candidate);
std::string cite_net_worth(Sentence& sentence, const VerdictFacts& facts, std::size_t candidate);
std::string cite_right_answer(Sentence& sentence, const VerdictFacts& facts);
std::string cite_confidence(Sentence& sentence, const VerdictFacts& facts);
std::string cite_computed(Sentence& sentence, const VerdictFacts& facts, const std::string& name);

enum class PValue { adjusted, plain };
// "(+0.31, interval +0.22 to +0.40, p < 0.001)"
std::string cite_contrast(Sentence& sentence, const Comparison& contrast, const std::string& key,
                          PValue shown);
// "proven better than x (...)", or that it is a tie.
std::string contrast_text(Sentence& sentence, const Comparison& contrast, const std::string& key);

// The recommended recipe against another; no figures if there is no such contrast.
struct Contrast {
  const Comparison* figures = nullptr;
  std::string key;
};
Contrast contrast_with(const VerdictFacts& facts, const std::string& recipe);

}  // namespace fulcrum
