#include "decide/diagnosis.h"

#include <gtest/gtest.h>

#include <map>

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

// Once the form was ensured, an answer of the wrong form is a matter of form only if that made it right.
TEST(Diagnosis, AFormThatWasEnsuredSaysWhetherItWasTheForm) {
  Measurement prompt;
  for (const char* id : {"form", "both"}) {
    prompt.items.push_back(item(id, 0));
    prompt.items.back().well_formed = false;
  }
  Probes probes;
  probes.recipe = "zero_shot";
  probes.items = {"form", "both"};
  InterventionArm held;
  held.name = intervention::kConstrainedFormat;
  held.scores = {1.0, 0.5};
  const std::vector<DiagnosedRecipe> recipes = {{"zero_shot", {"prompt"}, &prompt}};
  EXPECT_EQ(diagnose(recipes, &probes).item_causes, (std::vector<std::string>{"format", "format"}));
  probes.arms = {held};
  EXPECT_EQ(diagnose(recipes, &probes).item_causes, (std::vector<std::string>{"format", "beyond"}));
}

// Ten items that the plain prompt fails, each with what the interventions and the other recipes make of it.
struct Probed {
  const char* id;
  std::optional<double> oracle_format, oracle_context;
  double retrieval = 0;
  bool retrieved = false;
  double tuned = 0, tuned_retrieval = 0;
  bool sample = false;
  std::optional<bool> in_documents;
  const char* cause;
};

TEST(Diagnosis, InterventionsTellTheCausesApart) {
  const Probed items[] = {{"sentence", 1.0, 0.0, 0, false, 0, 0, false, true, "format"},
                          {"brought", 0.0, 1.0, 1, true, 0, 0, false, true, "knowledge missing"},
                          {"missed", 0.0, 1.0, 0, false, 0, 0, false, true, "not retrieved"},
                          {"crowded", 0.0, 1.0, 0, true, 0, 0, false, true, "not read"},
                          {"unread", 0.0, 0.0, 0, true, 0, 1, false, true, "not read"},
                          {"learnt", 0.0, 0.0, 0, true, 1, 0, false, true, "behaviour"},
                          {"wavering", 0.0, 0.0, 0, true, 0, 0, true, true, "boundary"},
                          {"hopeless", 0.0, 0.0, 0, true, 0, 0, false, true, "beyond"},
                          {"absent", 0.0, std::nullopt, 0, false, 0, 0, false, false, "not in the documents"},
                          {"unknown", 0.0, std::nullopt, 0, false, 0, 0, false, std::nullopt, "beyond"}};
  Measurement prompt, retrieval, tuned, both;
  Probes probes;
  probes.recipe = "zero_shot";
  InterventionArm format, context;
  format.name = intervention::kOracleFormat;
  context.name = intervention::kOracleContext;
  for (const Probed& each : items) {
    prompt.items.push_back(item(each.id, 0));
    MeasuredItem with_documents = item(each.id, each.retrieval);
    if (each.oracle_context) with_documents.gold_documents = {"gold.md"};
    if (each.retrieved) with_documents.documents = {"gold.md"};
    retrieval.items.push_back(with_documents);
    tuned.items.push_back(item(each.id, each.tuned));
    both.items.push_back(item(each.id, each.tuned_retrieval));
    probes.items.push_back(each.id);
    format.scores.push_back(each.oracle_format);
    context.scores.push_back(each.oracle_context);
    probes.samples.push_back({{"x", "y"}, {0.0, each.sample ? 1.0 : 0.0}});
    probes.in_documents.push_back(each.in_documents);
  }
  probes.arms = {format, context};
  const std::vector<DiagnosedRecipe> recipes = {{"zero_shot", {"prompt"}, &prompt},
                                                {"retrieval", {"prompt", "retrieval"}, &retrieval},
                                                {"fine_tuned", {"fine_tune"}, &tuned},
                                                {"fine_tuned+retrieval", {"fine_tune", "retrieval"}, &both}};
  const Diagnosis diagnosis = diagnose(recipes, &probes);
  std::map<std::string, std::string> causes;
  for (const auto& cause : diagnosis.causes)
    for (const std::string& id : cause.examples) causes[id] = cause.cause;
  for (std::size_t i = 0; i < std::size(items); ++i) {
    EXPECT_EQ(causes[items[i].id], items[i].cause) << items[i].id;
    EXPECT_EQ(diagnosis.item_causes.at(i), items[i].cause) << items[i].id;
  }

  ASSERT_TRUE(diagnosis.documents_lack_answer);
  EXPECT_NEAR(diagnosis.documents_lack_answer->estimate, 1.0 / 9, 1e-12);
  const auto& not_read = diagnosis.causes.front();
  EXPECT_DOUBLE_EQ(not_read.share, 0.2);
  EXPECT_LT(not_read.low, 0.1);  // Wilson, 2 of 10
  EXPECT_GT(not_read.high, 0.4);
  const std::vector<std::string> sentences = cause_sentences(diagnosis);
  EXPECT_EQ(sentences.at(0).find("zero_shot fails on 10 of 10 items: "), 0U) << sentences.at(0);
  EXPECT_NE(sentences.at(1).find("The documents miss 11% ("), std::string::npos) << sentences.at(1);
}

}  // namespace
}  // namespace fulcrum
