// Every sentence of the verdict can be traced to figures in result.json, in all kinds of circumstances.
#include <gtest/gtest.h>

#include "base/random.h"
#include "decide/figures_testing.h"
#include "decide/result_json.h"

namespace fulcrum {
namespace {

RecipeResult recipe(const std::string& id, std::vector<std::string> levers, double quality, double seconds,
                    UpfrontWork work, std::uint64_t seed) {
  RecipeResult result;
  result.id = id;
  result.levers = std::move(levers);
  result.work = work;
  Random random(seed, stream_of(id));
  Measurement& measured = result.measurement;
  measured.metric = Metric::accuracy;
  for (int i = 0; i < 120; ++i) {
    MeasuredItem item;
    item.id = "test:" + std::to_string(i);
    item.reference = i % 3 == 0 ? "refund" : "billing";
    item.score = random.uniform() < quality ? 1 : 0;
    item.answer = item.score == 1 ? item.reference : random.chance(0.3) ? "" : "other";
    item.well_formed = !item.answer.empty();
    measured.items.push_back(std::move(item));
  }
  summarize(measured, seed);
  std::vector<double> warm, cold;
  for (int i = 0; i < 20; ++i) warm.push_back(seconds * (0.9 + 0.2 * random.uniform()));
  for (int i = 0; i < 4; ++i) cold.push_back(2 * seconds * (0.9 + 0.2 * random.uniform()));
  measured.latency = summarize_latency(warm, cold);
  measured.tokens_per_call = {180, 120, 6};
  return result;
}

TaskResult task_of(const std::vector<double>& qualities, std::uint64_t seed) {
  TaskResult task;
  task.seed = seed;
  task.task.name = "simulated";
  task.task.kind = "classification";
  task.task.labels = {"refund", "billing", "other"};
  task.task.prices.labelled_example = 0.5;
  task.task.prices.upkeep_month = 2;
  task.task.test_items = 120;
  task.task.circumstances.target = 0.85;
  task.task.circumstances.calls_per_month = 20000;
  task.recipes = {
      recipe("zero_shot", {"prompt"}, qualities[0], 0.02, {.evaluation_seconds = 9}, seed),
      recipe("few_shot@k4", {"prompt", "few_shot"}, qualities[1], 0.06,
             {.labels = 4, .evaluation_seconds = 20}, seed),
      recipe("retrieval@p6@c240", {"prompt", "retrieval"}, qualities[2], 0.09,
             {.indexing_seconds = 2, .evaluation_seconds = 30}, seed),
      recipe("fine_tuned", {"fine_tune"}, qualities[3], 0.01,
             {.labels = 420, .training_seconds = 45, .evaluation_seconds = 6}, seed),
      recipe("fine_tuned+retrieval", {"fine_tune", "retrieval"}, qualities[4], 0.04,
             {.labels = 420, .training_seconds = 70, .indexing_seconds = 2, .evaluation_seconds = 15}, seed)};
  return task;
}

void expect_traceable_task(TaskResult task) {
  conclude(task);
  CompareResult result;
  result.base_model = {"scripted", 1000, "a", "a"};
  result.tasks = {task_of({0.5, 0.5, 0.5, 0.5, 0.5}, 1), task};  // as the second: keys name the task
  conclude(result.tasks[0]);
  const Json json = to_json(result);
  expect_traceable_verdict(json, 0);
  expect_traceable_verdict(json, 1);
}

TEST(Figures, EverySentenceRestsOnThem) {
  const std::vector<std::vector<double>> ladders = {
      {0.95, 0.96, 0.95, 0.97, 0.97}, {0.5, 0.95, 0.5, 0.95, 0.95}, {0.1, 0.2, 0.95, 0.3, 0.96},
      {0.4, 0.5, 0.4, 0.97, 0.97},    {0.2, 0.3, 0.2, 0.6, 0.62},   {0.84, 0.86, 0.85, 0.85, 0.86},
      {0.4, 0.4, 0.4, 0.4, 0.4}};
  for (std::size_t i = 0; i < ladders.size(); ++i) {
    for (const double calls : {500.0, 20000.0, 4e8}) {
      TaskResult task = task_of(ladders[i], i + 1);
      task.task.circumstances.calls_per_month = calls;
      expect_traceable_task(task);
    }
    TaskResult changing = task_of(ladders[i], i + 20);
    changing.task.circumstances.facts_change = true;
    changing.task.circumstances.documents_change_days = 30;
    expect_traceable_task(changing);
    TaskResult unstable = task_of(ladders[i], i + 40);
    unstable.task.circumstances.behaviour_stable = false;
    unstable.task.circumstances.target.reset();
    expect_traceable_task(unstable);
  }
}

TEST(Figures, ASearchIsQuotedToo) {
  TaskResult task = task_of({0.3, 0.4, 0.4, 0.5, 0.5}, 3);
  SearchRecord search;
  for (const RecipeResult& each : task.recipes) {
    SearchedArm arm;
    arm.id = each.id;
    arm.fate = ArmFate::confirmed;
    search.arms.push_back(arm);
  }
  for (const char* id : {"fine_tuned@lr2x", "fine_tuned@rank32"}) {
    SearchedArm arm;
    arm.id = id;
    arm.fate = ArmFate::not_afforded;
    search.arms.push_back(arm);
  }
  task.search = search;
  conclude(task);
  EXPECT_NE(task.verdict.certainty, Certainty::clear);  // better ones may be among those not tried
  const auto says = [&](const std::string& part) {
    for (const auto* list : {&task.verdict.reasons, &task.verdict.next_steps})
      for (const std::string& sentence : *list)
        if (sentence.find(part) != std::string::npos) return true;
    return false;
  };
  EXPECT_TRUE(says("Of 7 recipes that raced on the dev items, 5 met the test"));
  EXPECT_TRUE(
      says("did not pay for trying 2 of them, and a better recipe may be among these: "
           "fine_tuned@lr2x, fine_tuned@rank32."));
  EXPECT_TRUE(says("Search again with a larger budget: 2 recipes were not tried"));
  expect_traceable_task(task);

  // One more, which raced and was let go.
  SearchedArm dropped;
  dropped.id = "few_shot@k2";
  dropped.fate = ArmFate::left_behind;
  dropped.round = 2;
  dropped.dev.n = 20;
  dropped.share = 0.13;
  task.search->arms.push_back(dropped);
  conclude(task);
  EXPECT_TRUE(
      says("With a chance of 13% the best of the others was let go on the dev items, without proof, "
           "perhaps few_shot@k2."));
  expect_traceable_task(task);
}

TEST(Figures, TheCheckItselfFindsAWrongNumberAndAKeyThatLeadsNowhere) {
  const Json root = {{"a", {{"b", {0.934, 1234567.0}}}}};
  ASSERT_NE(find_figure(root, "a.b[0]"), nullptr);
  EXPECT_NE(find_figure(root, "a[\"b\"][1]"), nullptr);
  EXPECT_EQ(find_figure(root, "a.c"), nullptr);
  EXPECT_EQ(find_figure(root, "a.b[2]"), nullptr);
  EXPECT_TRUE(is_written_as(0.934, "0.93"));
  EXPECT_FALSE(is_written_as(0.934, "0.94"));
  EXPECT_TRUE(is_written_as(93.4, "93"));
  EXPECT_FALSE(is_written_as(93.4, "94"));
  EXPECT_TRUE(is_written_as(1.234567, "1.23"));
}

TEST(Figures, ATieIsCalledOne) {
  TaskResult task = task_of({0.40, 0.41, 0.40, 0.42, 0.41}, 5);
  conclude(task);
  bool tie = false;
  for (const Rejection& each : task.verdict.rejected)
    tie = tie || each.why.find("a tie with") != std::string::npos;
  EXPECT_TRUE(tie);
}

TEST(Figures, ABlockedRecipeIsNotRecommendedAndSaysWhy) {
  std::vector<Candidate> candidates;
  TaskResult task = task_of({0.4, 0.5, 0.4, 0.97, 0.5}, 7);
  conclude(task);
  ASSERT_EQ(task.verdict.recipe, "fine_tuned");
  DecisionInput input;
  for (const RecipeResult& each : task.recipes)
    input.candidates.push_back(
        {arm_of(each.id, each.levers, each.measurement), each.measurement.quality, each.cost});
  input.circumstances = task.task.circumstances;
  input.blocked = {{"fine_tuned", {"It forgets too much.", {}}}};
  const Verdict verdict = decide(input);
  EXPECT_NE(verdict.recipe, "fine_tuned");
  for (const Rejection& each : verdict.rejected)
    if (each.recipe == "fine_tuned") EXPECT_EQ(each.why, "It forgets too much.");
  for (const ChoiceShare& share : verdict.choice_shares) EXPECT_NE(share.recipe, "fine_tuned");
}

TEST(Figures, BreakEvenIsThereForEveryPair) {
  TaskResult task = task_of({0.5, 0.95, 0.5, 0.95, 0.95}, 2);
  conclude(task);
  EXPECT_EQ(task.break_even.size(), 10U);
  for (const BreakEvenLine& line : task.break_even) {
    EXPECT_LE(line.calls.low, line.calls.calls);
    EXPECT_LE(line.calls.calls, line.calls.high);
    EXPECT_LE(line.calls.uncached_low, line.calls.calls_uncached);
    EXPECT_LE(line.calls.calls_uncached, line.calls.uncached_high);
    EXPECT_LE(line.right_answers.low, line.right_answers.at);
    EXPECT_LE(line.right_answers.at, line.right_answers.high);
    EXPECT_LE(line.months_range.low, line.months);
    EXPECT_LE(line.months, line.months_range.high);
  }
}

}  // namespace
}  // namespace fulcrum
