#include "infer/vocabulary.h"

#include <gtest/gtest.h>

namespace fulcrum {
namespace {

TEST(Vocabulary, AnswersEndWithTheTurnOrTheText) {
  Vocabulary vocabulary;
  EXPECT_EQ(end_of_answer(vocabulary), std::nullopt);
  EXPECT_FALSE(ends_answer(vocabulary, 2));
  vocabulary.eos = 2;
  EXPECT_EQ(end_of_answer(vocabulary), 2);
  vocabulary.end_of_turn = {7, 8};
  EXPECT_EQ(end_of_answer(vocabulary), 7);
  EXPECT_TRUE(ends_answer(vocabulary, 2));
  EXPECT_TRUE(ends_answer(vocabulary, 8));
  EXPECT_FALSE(ends_answer(vocabulary, 3));
}

}  // namespace
}  // namespace fulcrum
