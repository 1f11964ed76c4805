// Paired contrasts between measured recipes: each against the untouched zero-shot base, and each against its
// neighbours, the recipes that lack exactly one of its levers. Holm's adjustment runs over all contrasts of a
// task together.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "measure/evaluation.h"
#include "measure/paired_tests.h"

namespace fulcrum {

// One recipe's answers as the comparisons see them. The items of all arms are the same, in the same order.
struct Arm {
  std::string recipe;
  std::vector<std::string> levers;
  Metric metric = Metric::accuracy;
  std::vector<double> scores;
  LabelledAnswers labelled;  // for macro_f1 only
};

Arm arm_of(const std::string& recipe, const std::vector<std::string>& levers, const Measurement& measurement);

struct Comparison {
  std::string a, b;                          // difference = quality of a minus quality of b
  double difference = 0, low = 0, high = 0;  // the interval is of this contrast alone
  double p_value = 1;                        // adjusted by Holm
  double p_value_unadjusted = 1;
  std::string test;
  bool proven() const;  // p_value below kSignificanceLevel
  bool operator==(const Comparison&) const = default;
};

// One contrast, unadjusted (p_value = p_value_unadjusted).
Comparison compare_arms(const Arm& a, const Arm& b, std::uint64_t seed);

// p_value of all of them as one family.
void adjust_by_holm(std::vector<Comparison>& comparisons);

// `base` names the zero-shot recipe. Order: against the base first, then neighbours, each in the order of the
// arms.
std::vector<Comparison> compare_ladder(std::span<const Arm> arms, const std::string& base,
                                       std::uint64_t seed);

// Values whose mean is, or to first order moves like, the arm's quality: the scores, or for macro-F1 the
// jackknife's pseudo-values (Efron & Tibshirani 1993, section 11.5).
std::vector<double> item_values(const Arm& arm);

}  // namespace fulcrum
