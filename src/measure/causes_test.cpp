#include "measure/causes.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"
#include "measure/skill_ceiling.h"
#include "prompt/fields_schema.h"
#include "retrieve/index.h"
#include "text/scripted_lm.h"

namespace fulcrum {
namespace {

Example item(const char* id, const char* question, const char* answer, std::vector<std::string> documents) {
  Example example;
  example.id = id;
  example.messages = {{"user", question}, {"assistant", answer}};
  example.weights = {0, 1};
  example.documents = std::move(documents);
  return example;
}

std::string question_in(const GenerateRequest& request) {
  return request.messages.back().content;
}

// A small shop: two pages, four questions. The model talks around the fee, reads pages that it is given,
// knows the colour once it has seen enough examples, and guesses the day in one draw of three.
class CausesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = Path(::testing::TempDir()) / "causes_documents";
    write_file_atomic(folder_ / "fees.md", "# Fees\n\nSending a parcel costs 12 euros.\n");
    write_file_atomic(folder_ / "returns.md", "# Returns\n\nPlants are taken back for 30 days.\n");
    task_.name = "shop";
    task_.kind = TaskKind::answering;
    task_.metric = Metric::exact_match;
    task_.documents = folder_;
    task_.limits.demonstrations = 2;
    task_.splits.train = {item("t1", "one", "a", {}), item("t2", "two", "b", {}),
                          item("t3", "three", "c", {}), item("t4", "four", "d", {})};
    items_ = {item("fee", "What does a parcel cost?", "12 euros", {"fees.md"}),
              item("days", "How long are plants taken back?", "30 days", {"returns.md"}),
              item("colour", "Which colour?", "green", {}), item("day", "Which day?", "Monday", {})};
    index_ = Index::open(":memory:", {folder_, {}, count_words, "words"});
    model_.answer_by([this](const GenerateRequest& request) -> std::string {
      const std::string question = question_in(request);
      if (question.find("parcel cost") != std::string::npos) return "It is 12 euros.";
      if (question.find("30 days") != std::string::npos) return "30 days";
      if (question.find("colour") != std::string::npos) return request.messages.size() > 6 ? "green" : "red";
      if (question.find("day?") != std::string::npos && request.sampling.temperature > 0)
        return ++draws_ % 3 == 2 ? "Monday" : "Friday";
      return "no idea";
    });
    prompt_.id = "zero_shot";
    prompt_.program.signature.instruction = "Answer.";
    EvaluationOptions evaluation;
    evaluation.consistency_items = evaluation.latency_items = evaluation.cold_latency_items = 0;
    measured_ = evaluate(prompt_, model_, nullptr, items_, yardstick_of(task_), evaluation, {}, {});
  }

  Probes probe_with(int samples) {
    ProbeOptions options;
    options.samples = samples;
    return probe(task_, prompt_, measured_, items_, model_, index_.get(), options, {}, {});
  }

  Path folder_;
  Task task_;
  std::vector<Example> items_;
  std::unique_ptr<Index> index_;
  ScriptedLM model_;
  int draws_ = 0;
  Recipe prompt_;
  Measurement measured_;
};

TEST_F(CausesTest, EachInterventionMakesRightWhatItsReasonHeldBack) {
  ASSERT_EQ(measured_.quality.estimate, 0);
  const Probes probes = probe_with(3);
  EXPECT_EQ(probes.recipe, "zero_shot");
  EXPECT_EQ(probes.right_under(intervention::kOracleFormat, 0), true);
  EXPECT_EQ(probes.right_under(intervention::kOracleFormat, 1), false);
  EXPECT_EQ(probes.right_under(intervention::kOracleContext, 0),
            false);  // its form is wrong with the page too
  EXPECT_EQ(probes.right_under(intervention::kOracleContext, 1), true);
  EXPECT_EQ(probes.right_under(intervention::kOracleContext, 2), std::nullopt);  // no page is known for it
  EXPECT_EQ(probes.right_under(intervention::kMoreDemonstrations, 2), true);
  EXPECT_EQ(probes.right_under(intervention::kMoreDemonstrations, 3), false);
  EXPECT_TRUE(probes.any_sample_right(3));
  EXPECT_FALSE(probes.any_sample_right(2));
  EXPECT_EQ(probes.arm(intervention::kOracleContext)->quality.n, 2);
  EXPECT_EQ(probes.arm(intervention::kOracleContext)->quality_before.estimate, 0);
}

TEST_F(CausesTest, SaysWhichAnswersTheDocumentsLack) {
  const auto lacking = documents_lack_answer(probe_with(0));
  ASSERT_TRUE(lacking);
  EXPECT_EQ(lacking->estimate, 0.5);  // green and Monday
  EXPECT_EQ(lacking->n, 4);
}

TEST_F(CausesTest, SamplesGiveTheCurvesOfNTries) {
  const Probes probes = probe_with(3);
  const auto curve = sample_curve(probes, Metric::exact_match, 1);
  ASSERT_EQ(curve.size(), 3u);
  // One of four items comes right in one of three draws.
  EXPECT_NEAR(curve[0].any_right.estimate, 1.0 / 12, 1e-12);
  EXPECT_NEAR(curve[1].any_right.estimate, 2.0 / 12, 1e-12);
  EXPECT_NEAR(curve[2].any_right.estimate, 0.25, 1e-12);
  EXPECT_NEAR(curve[0].all_right.estimate, 1.0 / 12, 1e-12);
  EXPECT_EQ(curve[2].all_right.estimate, 0);
  EXPECT_EQ(curve[2].majority_right.estimate, 0);
}

TEST_F(CausesTest, SurvivesBeingWrittenAndRead) {
  const Probes probes = probe_with(2);
  EXPECT_EQ(to_line(to_json(probes_from_json(to_json(probes)))), to_line(to_json(probes)));
}

// The model talks around one item's facts and gets the other's wrong; held to the fields, it only writes
// them.
TEST(CausesOfExtraction, TheFormIsTriedByHoldingTheAnswerToIt) {
  Task task;
  task.kind = TaskKind::extraction;
  task.metric = Metric::json_field_f1;
  task.fields = {{"count", "how many", FieldType::integer}};
  const std::vector<Example> items = {item("talks", "four plants", R"({"count": 4})", {}),
                                      item("errs", "five plants", R"({"count": 5})", {})};
  Recipe prompt;
  prompt.id = "zero_shot";
  prompt.program.signature.instruction = "Take the facts.";
  const auto probes_of = [&](const ScriptedLM::AnswerFunction& script) {
    ScriptedLM model;
    model.answer_by(script);
    EvaluationOptions evaluation;
    evaluation.consistency_items = evaluation.latency_items = evaluation.cold_latency_items = 0;
    const Measurement measured =
        evaluate(prompt, model, nullptr, items, yardstick_of(task), evaluation, {}, {});
    ProbeOptions options;
    options.samples = 0;
    const Probes probes = probe(task, prompt, measured, items, model, nullptr, options, {}, {});
    for (const GenerateRequest& request : model.generate_requests())
      EXPECT_TRUE(request.json_schema.empty() || request.json_schema == fields_schema(task.fields));
    return probes;
  };
  const auto is_held = [](const GenerateRequest& request) { return !request.json_schema.empty(); };
  const Probes probes = probes_of([&](const GenerateRequest& request) -> std::string {
    return is_held(request) ? R"({"count": 4})" : "There are four.";
  });
  EXPECT_EQ(probes.right_under(intervention::kConstrainedFormat, 0), true);
  EXPECT_EQ(probes.right_under(intervention::kConstrainedFormat, 1), false);
  EXPECT_EQ(probes.right_under(intervention::kOracleFormat, 0), false);  // no reading finds JSON there
  EXPECT_EQ(probes.arm(intervention::kConstrainedFormat)->quality_before.estimate, 0);
  // A model that cannot be held to a schema is not tried.
  const Probes without = probes_of([&](const GenerateRequest&) -> std::string { return "There are four."; });
  EXPECT_EQ(without.arm(intervention::kConstrainedFormat), nullptr);
}

TEST_F(CausesTest, ARecipeThatRetrievesIsNotProbed) {
  prompt_.retrieval.emplace();
  EXPECT_THROW(probe_with(0), Error);
}

TEST_F(CausesTest, DemonstrationsAreAddedAsFarAsTheContextGoes) {
  DemonstrationCurveOptions options;
  options.counts = {1, 2, 4};
  const DemonstrationCurve curve = demonstration_curve(task_, prompt_, items_, model_, options, {}, {});
  std::vector<std::int64_t> fixed;
  for (const DemonstrationPoint& point : curve.points) {
    if (point.choice != DemonstrationChoice::fixed) continue;
    fixed.push_back(point.shown);
    EXPECT_EQ(point.quality.estimate, point.shown > 2 ? 0.25 : 0) << point.shown;
  }
  EXPECT_EQ(fixed, (std::vector<std::int64_t>{0, 1, 2, 4}));
  for (const DemonstrationPoint& point : curve.points) {
    if (point.choice != DemonstrationChoice::nearest) continue;
    EXPECT_LE(point.prompt_tokens, curve.points[3].prompt_tokens);  // never dearer than the fixed ones
  }
  EXPECT_EQ(curve.points.back().choice, DemonstrationChoice::nearest);
  EXPECT_EQ(to_line(to_json(demonstration_curve_from_json(to_json(curve)))), to_line(to_json(curve)));
}

}  // namespace
}  // namespace fulcrum
