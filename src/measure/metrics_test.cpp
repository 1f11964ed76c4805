#include "measure/metrics.h"

#include <gtest/gtest.h>

#include <numeric>

#include "base/error.h"

namespace fulcrum {
namespace {

const std::vector<std::string> kLabels{"billing", "card lost", "refund"};

TEST(Metrics, LabelsAreComparedWithoutCaseSpaceAndFullStop) {
  EXPECT_EQ(score_answer(Metric::accuracy, " Card Lost.\n", "card lost", kLabels).score, 1);
  const ItemScore other = score_answer(Metric::accuracy, "refund", "billing", kLabels);
  EXPECT_EQ(other.error, "another label");
  EXPECT_TRUE(other.well_formed);
  const ItemScore none = score_answer(Metric::accuracy, "card", "card lost", kLabels);
  EXPECT_EQ(none.error, "not a label");
  EXPECT_FALSE(none.well_formed);
  EXPECT_EQ(score_answer(Metric::accuracy, "  ", "billing", kLabels).error, "empty answer");
}

TEST(Metrics, ExactMatchForgivesArticlesPunctuationAndCase) {
  EXPECT_EQ(score_answer(Metric::exact_match, "The 30 days.", "30 days").score, 1);
  EXPECT_EQ(score_answer(Metric::exact_match, "1,000", "1000").score, 1);
  EXPECT_EQ(score_answer(Metric::exact_match, "3.5", "35").score, 0);
  for (const auto& [answer, reference] :
       {std::pair("-5", "5"), {".5", "5"}, {"1/2", "12"}, {"10:30", "1030"}})
    EXPECT_EQ(score_answer(Metric::exact_match, answer, reference).score, 0) << answer;
  for (const auto& [answer, reference] : {std::pair("1,000", "1000"),
                                          {"well-known", "wellknown"},
                                          {"-.5", "-.5"},
                                          {"(5)", "5"},
                                          {"10:30.", "10:30"}})
    EXPECT_EQ(score_answer(Metric::exact_match, answer, reference).score, 1) << answer;
  EXPECT_EQ(score_answer(Metric::exact_match, "30 working days", "30 days").error, "partly right");
  EXPECT_EQ(score_answer(Metric::exact_match, "never", "30 days").error, "wrong answer");
  EXPECT_EQ(score_answer(Metric::exact_match, "Straße", "STRASSE").score, 1);
}

TEST(Metrics, TokenF1CountsRepeatedWordsOnce) {
  EXPECT_DOUBLE_EQ(score_answer(Metric::token_f1, "days days", "30 days").score, 0.5);
  EXPECT_DOUBLE_EQ(score_answer(Metric::token_f1, "within 30 days", "30 days").score, 0.8);
  EXPECT_EQ(score_answer(Metric::token_f1, "the", "the").score, 1);
  EXPECT_EQ(score_answer(Metric::token_f1, "days 30", "30 days").error, "");
}

struct FieldCase {
  std::string answer;
  double score;
  std::string error;
};

TEST(Metrics, FieldsAreComparedByPathAndValue) {
  const std::string reference = R"({"order": {"id": 7, "paid": true}, "note": null, "tags": ["a", "b"]})";
  const std::vector<FieldCase> cases = {
      {R"({"order": {"id": 7, "paid": true}, "note": null, "tags": ["a", "b"]})", 1, ""},
      {R"({"tags": ["a", "b"], "note": null, "order": {"paid": true, "id": 7.0}})", 1, ""},
      {R"({"order": {"id": "7", "paid": true}, "note": null, "tags": ["a", "b"]})", 0.8, "wrong value"},
      {R"({"order": {"id": 7, "paid": true}, "tags": ["a", "b"]})", 8.0 / 9, "missing field"},
      {R"({"order": {"id": 7, "paid": true}, "note": null, "tags": ["b", "a"]})", 0.6, "wrong value"},
      {R"({"order": {"id": 7, "paid": true}, "note": null, "tags": ["a", "b"], "x": 1})", 10.0 / 11,
       "extra field"},
      {R"({"order": 7})", 0, "missing field"},
      {R"([1, 2])", 0, "not a JSON object"},
      {R"({"order": {"id": 7)", 0, "not JSON"},
      {R"(Here it is: {"order": {}})", 0, "not JSON"},
      {"", 0, "empty answer"},
  };
  for (const FieldCase& c : cases) {
    const ItemScore score = score_answer(Metric::json_field_f1, c.answer, reference);
    EXPECT_NEAR(score.score, c.score, 1e-12) << c.answer;
    EXPECT_EQ(score.error, c.error) << c.answer;
    EXPECT_EQ(score.well_formed,
              c.error != "not JSON" && c.error != "not a JSON object" && c.error != "empty answer");
  }
}

TEST(Metrics, ADottedKeyIsNotANestedField) {
  EXPECT_LT(score_answer(Metric::json_field_f1, R"({"a.b": 1})", R"({"a": {"b": 1}})").score, 1);
}

TEST(Metrics, ABrokenReferenceIsAnErrorOfTheTask) {
  EXPECT_THROW(score_answer(Metric::json_field_f1, "{}", "{broken"), Error);
}

// By hand: a has precision 2/3 and recall 1, b recall 0, c precision and recall 1.
TEST(Metrics, MacroF1IsTheMeanOverReferenceLabels) {
  const std::vector<std::string> references{"a", "a", "b", "c"}, answers{"A", "a", "a", "c"};
  const LabelledAnswers labelled = number_labels(answers, references);
  std::vector<std::uint32_t> all(4);
  std::iota(all.begin(), all.end(), 0U);
  EXPECT_DOUBLE_EQ(macro_f1(labelled, all), (0.8 + 0.0 + 1.0) / 3);
  const std::vector<std::uint32_t> some{0, 3, 3};
  EXPECT_DOUBLE_EQ(macro_f1(labelled, some), 1.0);
  const std::vector<std::string> stranger{"zzz", "a", "b", "c"};
  EXPECT_LT(macro_f1(number_labels(stranger, references), all), 1.0);
}

TEST(Metrics, ConfusionsAreCountedMostFrequentFirst) {
  const std::vector<std::string> references{"a", "a", "b", "b"}, answers{"b", "b", "a", "b"};
  const auto pairs = confusions(answers, references);
  ASSERT_EQ(pairs.size(), 2U);
  EXPECT_EQ(pairs[0].reference, "a");
  EXPECT_EQ(pairs[0].count, 2);
}

TEST(Metrics, EqualMeansHaveEqualCanonicalAnswers) {
  EXPECT_EQ(canonical_answer(Metric::json_field_f1, R"({"a": 1, "b": 2})"),
            canonical_answer(Metric::json_field_f1, R"({ "b":2.0,"a":1 })"));
  EXPECT_NE(canonical_answer(Metric::json_field_f1, R"({"a": 1})"),
            canonical_answer(Metric::json_field_f1, "{}"));
  EXPECT_EQ(canonical_answer(Metric::token_f1, "The answer."), canonical_answer(Metric::token_f1, "answer"));
}

}  // namespace
}  // namespace fulcrum
