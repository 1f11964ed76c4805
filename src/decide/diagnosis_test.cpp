#include "decide/diagnosis.h"

#include <gtest/gtest.h>

namespace fulcrum {
namespace {

MeasuredItem item(const std::string& id, double score) {
  MeasuredItem result;
  result.id = id;
  result.score = score;
  return result;
}

TEST(Diagnosis, GivesEachFailureTheFirstCauseThatHolds) {
  Measurement prompt, retrieval, tuned;
  const auto add = [&](MeasuredItem in_prompt, MeasuredItem in_retrieval, MeasuredItem in_tuned) {
    prompt.items.push_back(std::move(in_prompt));
    retrieval.items.push_back(std::move(in_retrieval));
    tuned.items.push_back(std::move(in_tuned));
  };
  MeasuredItem broken = item("broken", 0);
  broken.well_formed = false;
  add(broken, item("broken", 1), item("broken", 1));
  add(item("missing", 0), item("missing", 1), item("missing", 0));
  add(item("learnt", 0), item("learnt", 0), item("learnt", 1));
  MeasuredItem unfound = item("unfound", 0), unread = item("unread", 0);
  unfound.gold_documents = unread.gold_documents = {"a.md"};
  unfound.documents = {"b.md"};
  unread.documents = {"b.md", "a.md"};
  add(item("unfound", 0), unfound, item("unfound", 0));
  add(item("unread", 0), unread, item("unread", 0));
  add(item("hopeless", 0), item("hopeless", 0), item("hopeless", 0));
  add(item("fine", 1), item("fine", 0), item("fine", 0));
  const std::vector<DiagnosedRecipe> recipes = {{"zero_shot", {"prompt"}, &prompt},
                                                {"retrieval", {"prompt", "retrieval"}, &retrieval},
                                                {"fine_tuned", {"fine_tune"}, &tuned}};
  const Diagnosis diagnosis = diagnose(recipes);
  EXPECT_EQ(diagnosis.recipe, "zero_shot");
  EXPECT_EQ(diagnosis.items, 7);
  EXPECT_EQ(diagnosis.failures, 6);
  for (const char* cause :
       {"format", "knowledge missing", "behaviour", "not retrieved", "not read", "beyond"})
    EXPECT_NEAR(diagnosis.share_of(cause), 1.0 / 6, 1e-12) << cause;
  EXPECT_EQ(diagnosis.share_of("boundary"), 0);
  ASSERT_TRUE(diagnosis.retrieved_gold_share);
  EXPECT_DOUBLE_EQ(*diagnosis.retrieved_gold_share, 0.5);
}

TEST(Diagnosis, LooksAtTheBestPlainPromptAndItsConfusions) {
  Measurement zero, few;
  for (int i = 0; i < 4; ++i) {
    MeasuredItem wrong = item("i" + std::to_string(i), 0);
    wrong.reference = "a";
    wrong.answer = "b";
    zero.items.push_back(wrong);
    if (i > 1) {
      wrong.answer = "a";
      wrong.score = 1;
    }
    few.items.push_back(wrong);
  }
  few.quality.estimate = 0.5;
  const Diagnosis diagnosis = diagnose(std::vector<DiagnosedRecipe>{
      {"zero_shot", {"prompt"}, &zero}, {"few_shot", {"prompt", "few_shot"}, &few}});
  EXPECT_EQ(diagnosis.recipe, "few_shot");
  EXPECT_EQ(diagnosis.failures, 2);
  ASSERT_EQ(diagnosis.confusions.size(), 1U);
  EXPECT_EQ(diagnosis.confusions[0].count, 2);
  EXPECT_FALSE(diagnosis.retrieved_gold_share);
}

}  // namespace
}  // namespace fulcrum
