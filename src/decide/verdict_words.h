// The verdict in plain sentences. Every figure in them also stands in the verdict, the recipes or the
// comparisons.
#pragma once

#include <string>
#include <vector>

#include "decide/flips.h"
#include "decide/verdict.h"

namespace fulcrum {

// "0.93 (0.87 to 0.97, n = 100)"
std::string describe(const Estimate& estimate);
// "12.30 EUR"; small amounts keep two significant digits.
std::string describe_money(double amount, const std::string& currency);
// "4,210", "12 million", "never"
std::string describe_count(double count);

// What the sentences are about: the input, the choice and what was computed from it.
struct VerdictFacts {
  const DecisionInput& input;
  const Choice& choice;
  const Verdict& verdict;  // recipe, confidence, contrasts and break_even are filled in
  const Candidate& chosen() const { return input.candidates[choice.chosen]; }
};

std::string summary_sentence(const VerdictFacts& facts);
std::vector<std::string> reason_sentences(const VerdictFacts& facts);
// Why option `index` was not chosen.
std::string rejection_sentence(const VerdictFacts& facts, std::size_t index);
std::string flip_sentence(const VerdictFacts& facts, const Flip& flip);
std::vector<std::string> next_steps(const VerdictFacts& facts);

}  // namespace fulcrum
