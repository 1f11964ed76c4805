// How right one answer is: a score in [0, 1] for every item, and the kind of mistake in words that a person
// can count. The metrics themselves are named in the task's file (recipe/task.h).
//
// accuracy, macro_f1  the label, compared after trimming and case folding: 0 or 1 an item. macro_f1 is the
// mean over
//                     the reference labels of each label's F1, a figure of the whole sample and not a mean of
//                     items.
// exact_match, token_f1  as SQuAD does (Rajpurkar et al. 2016): case folded, punctuation and a/an/the
// dropped; but a
//                     point or a sign that a number begins with or holds stays, so that 3.5 is not 35 and -5
//                     not 5; a comma between digits goes, and what else stands there (10:30, 1/2) parts them.
// json_field_f1       F1 over the leaves of the object, as path = value. Numbers are compared as numbers (3
// = 3.0),
//                     text after trimming, a null is a value and not the same as an absent field, and an
//                     element of an array stands at its place. An answer that is not one JSON object scores
//                     0.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "recipe/task.h"

namespace fulcrum {

// Whether every item's score is 0 or 1.
bool is_zero_or_one(Metric metric);

struct ItemScore {
  double score = 0;
  // Empty when score is 1. "empty answer", "not a label", "another label", "wrong answer", "partly right",
  // "not JSON", "not a JSON object", "missing field", "wrong value", "extra field": the first that holds.
  std::string error;
  std::string detail;  // "expected refund, found billing", "missing: order.id", ...
  // The answer has the form that was asked for, right or wrong: one of the labels, a JSON object, not empty.
  bool well_formed = true;
  bool operator==(const ItemScore&) const = default;
};

// `labels`: the closed set of a classification task, else empty.
ItemScore score_answer(Metric metric, std::string_view answer, std::string_view reference,
                       std::span<const std::string> labels = {});

// Answers and references as label numbers, so that macro-F1 can be resampled thousands of times. An answer
// that is no item's reference is -1.
struct LabelledAnswers {
  std::vector<int> answers, references;
  int labels = 0;
};
LabelledAnswers number_labels(std::span<const std::string> answers, std::span<const std::string> references);

// Macro-F1 of the items at `indices` (repetitions count). Labels that are not the reference of any of these
// items do not enter the mean; an answer outside the reference labels is simply wrong.
double macro_f1(const LabelledAnswers& labelled, std::span<const std::uint32_t> indices);

// The text as accuracy and exact_match compare it; consistency uses the same to say whether two answers
// agree.
std::string normalize_label(std::string_view text);
std::string normalize_answer(std::string_view text);
// Two answers that a user would call the same, by the metric's own notion (JSON: the same leaves).
std::string canonical_answer(Metric metric, std::string_view answer);

struct LabelConfusion {
  std::string reference, answer;
  std::int64_t count = 0;
};
// Wrong answers by pair, most frequent first, ties by name.
std::vector<LabelConfusion> confusions(std::span<const std::string> answers,
                                       std::span<const std::string> references);

}  // namespace fulcrum
