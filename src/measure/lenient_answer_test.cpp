#include "measure/lenient_answer.h"

#include <gtest/gtest.h>

namespace fulcrum {
namespace {

TEST(LenientAnswer, ClosesJsonWhereItBreaksOff) {
  EXPECT_EQ(repaired_json_object(R"(Sure: {"a": 1, "b": [2]} done)"), R"({"a": 1, "b": [2]})");
  EXPECT_EQ(repaired_json_object(R"({"a": "x", "b": "y)"), R"({"a": "x", "b": "y"})");
  EXPECT_EQ(repaired_json_object(R"({"a": "x", "b":)"), R"({"a": "x"})");
  EXPECT_EQ(repaired_json_object(R"({"a": "x}\")"), R"({"a": "x}\""})");  // the quote is the text's own
  EXPECT_EQ(repaired_json_object(R"({"a)"), "");
  EXPECT_EQ(repaired_json_object("none"), "");
}

TEST(LenientAnswer, ReadsTheAnswerOutOfASentence) {
  const auto right = [](std::string_view answer, std::string_view reference) {
    return lenient_score(Metric::exact_match, answer, reference, {});
  };
  EXPECT_EQ(right("The fee is 12 euros.", "12 euros"), 1);
  EXPECT_EQ(right("Answer: 12 euros\nHope that helps!", "12 euros"), 1);
  EXPECT_EQ(right("It costs \"12 euros\" today", "12 euros"), 1);
  EXPECT_EQ(right("12 euros. Ask again any time.", "12 euros"), 1);
  EXPECT_EQ(right("The fee is 13 euros.", "12 euros"), 0);
}

TEST(LenientAnswer, TakesALabelOnlyWhereOneIsNamed) {
  const std::vector<std::string> labels = {"card", "card lost", "refund"};
  const auto right = [&](std::string_view answer, std::string_view reference) {
    return lenient_score(Metric::accuracy, answer, reference, labels);
  };
  EXPECT_EQ(right("This is about a Card lost, I think", "card lost"), 1);
  EXPECT_EQ(right("This is about a card lost, I think", "card"), 0);
  EXPECT_EQ(right("refund or card", "refund"), 0);
  EXPECT_EQ(right("refund", "refund"), 1);
}

TEST(LenientAnswer, NeverCountsForLessThanTheAnswerItself) {
  EXPECT_EQ(lenient_score(Metric::json_field_f1, R"({"a": 1})", R"({"a": 1})", {}), 1);
  EXPECT_EQ(lenient_score(Metric::json_field_f1, R"(```json {"a": 1, "b": 2)", R"({"a": 1, "b": 2})", {}), 1);
}

}  // namespace
}  // namespace fulcrum
