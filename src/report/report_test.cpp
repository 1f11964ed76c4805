// The table, the sentences and the page, on a small result made by hand.
#include <gtest/gtest.h>

#include <limits>

#include "report/explanation.h"
#include "report/html.h"
#include "report/markdown.h"
#include "report/race.h"
#include "report/terminal.h"
#include "report/text_table.h"

namespace fulcrum {
namespace {

RecipeResult recipe(const std::string& id, double quality) {
  RecipeResult result;
  result.id = id;
  result.sha256 = std::string(64, 'a');
  result.levers = {"prompt"};
  result.prompt_example = "<|user|>a < b & c<|end|>";
  result.measurement.quality = {quality, quality - 0.1, quality + 0.1, 10};
  MeasuredItem item;
  item.id = "test:1";
  item.answer = "</script><b>";
  item.reference = "right";
  result.measurement.items = {item};
  result.cost.currency = "EUR";
  result.cost.per_call = {0.0000012, 0.000001, 0.0000014, 10};
  return result;
}

CompareResult small_result() {
  TaskResult task;
  task.task.name = "toy";
  task.task.kind = "classification";
  task.task.circumstances.target = 0.8;
  task.smallest_detectable_difference = 0.1;
  task.recipes = {recipe("zero_shot", 0.5), recipe("few_shot", 0.75), recipe("fine_tuned", 0.82)};
  for (const std::size_t tied : {1, 2}) task.recipes[tied].ties_with_best = true;
  task.verdict.recipe = "fine_tuned";
  task.verdict.summary = "Use fine_tuned.";
  task.verdict.break_even = {
      {"fine_tuned", "zero_shot", {12000, 9000, std::numeric_limits<double>::infinity(), 1}, 3.5},
      {"fine_tuned", "few_shot", {std::numeric_limits<double>::infinity(), 1, 2, 3}, 0}};
  CompareResult result;
  result.base_model = {"fulcrum-base", 2831040, "abc", "abc"};
  result.tasks = {task};
  return result;
}

TEST(TextTable, ColumnsAreAsWideAsWhatATerminalShows) {
  TextTable table;
  table.add_column("name", Align::left);
  table.add_column("many\nlines", Align::right);
  table.add_row({"größe", "1"});
  table.add_row({"x"});
  EXPECT_EQ(table.to_string(" "),
            "         many\n"
            " name   lines\n"
            " ────────────\n"
            " größe      1\n"
            " x\n");
}

TEST(TextTable, WrapsAtWords) {
  EXPECT_EQ(wrap_text("one two three", 9, "- ", "  "), "- one two\n  three\n");
  EXPECT_EQ(wrap_text("unbreakable", 4, "", ""), "unbreakable\n");
}

TEST(Terminal, MarksTheVerdictAndTies) {
  const std::string text = task_text(small_result().tasks.front());
  EXPECT_NE(text.find("▸  fine_tuned  0.82 [0.72, 0.92]  ="), std::string::npos) << text;
  EXPECT_NE(text.find("few_shot    0.75 [0.65, 0.85]  ="), std::string::npos) << text;
  EXPECT_EQ(text.find("zero_shot   0.50 [0.40, 0.60]  ="), std::string::npos) << text;
  EXPECT_NE(text.find("from 12,000 calls on (9,000 to never), 3.5 months"), std::string::npos) << text;
  EXPECT_NE(text.find("fine_tuned never pays back against few_shot."), std::string::npos) << text;
}

TEST(Terminal, LargeCountsAreToldInWords) {
  EXPECT_EQ(count_text(999'999), "999,999");
  EXPECT_EQ(count_text(1'000'000), "1.0 million");
  EXPECT_EQ(count_text(12'400'000), "12 million");
  EXPECT_EQ(count_text(142'660'012'022), "140 billion");
  EXPECT_EQ(count_text(62'020'879'691), "62 billion");
  EXPECT_EQ(count_text(3.4e15), "3,400 trillion");
}

// Under a budget only the recommended recipe is asked again.
TEST(Terminal, ConsistencyThatWasNotMeasuredIsNoZero) {
  TaskResult task = small_result().tasks.front();
  EXPECT_EQ(task_text(task).find("not measured"), std::string::npos) << "nothing was asked again";
  task.recipes.back().measurement.consistency.overall = {0.9, 0.8, 1, 24};
  const std::string text = task_text(task);
  EXPECT_NE(text.find("- not measured: under a budget only the recommended recipe"), std::string::npos)
      << text;
  CompareResult result;
  result.tasks = {task};
  EXPECT_NE(report_html(result).find("not measured"), std::string::npos);
  EXPECT_NE(report_markdown(result).find("not measured"), std::string::npos);
}

TEST(Terminal, SaysWhenToLookAgain) {
  TaskResult task = small_result().tasks.front();
  task.verdict.look_again = {"When there are 101 test items or more."};
  EXPECT_NE(task_text(task).find("When to look again\n  · When there are 101 test items or more."),
            std::string::npos)
      << task_text(task);
}

TEST(Terminal, SaysWhetherTheBaseStayedFrozen) {
  CompareResult result = small_result();
  EXPECT_NE(closing_text(result).find("2,831,040 parameters: weights the same before and after"),
            std::string::npos);
  result.base_model.sha256_after = "other";
  EXPECT_NE(closing_text(result).find("CHANGED"), std::string::npos);
}

TEST(Html, IsOnePageThatNeedsNoNetworkAndTrustsNoAnswer) {
  const std::string page = report_html(small_result());
  EXPECT_TRUE(page.starts_with("<!doctype html>"));
  for (const char* outside : {"src=\"http", "href=\"http", "@import", "url(http"}) {
    EXPECT_EQ(page.find(outside), std::string::npos) << outside;
  }
  EXPECT_EQ(page.find("</script><b>"), std::string::npos);  // the answer of an item
  EXPECT_NE(page.find("a &lt; b &amp; c"), std::string::npos);
  EXPECT_NE(page.find("class=\"chosen\""), std::string::npos);
  EXPECT_NE(page.find("Use fine_tuned."), std::string::npos);
}

// The small result with everything that an investigation brings.
TaskResult explained_task() {
  TaskResult task = small_result().tasks.front();
  Diagnosis& diagnosis = task.diagnosis;
  diagnosis.recipe = "few_shot";
  diagnosis.items = 10;
  diagnosis.failures = 4;
  diagnosis.causes = {{"not read", 3, 0.75, {"test:1"}, 0.3, 0.95, {0.3, 0.1, 0.6, 10}},
                      {"<odd>", 1, 0.25, {}, 0.05, 0.7, {0.1, 0.01, 0.4, 10}}};
  diagnosis.item_causes = {"not read"};
  diagnosis.documents_lack_answer = Estimate{0.14, 0.09, 0.21, 100};
  diagnosis.interventions = {{"oracle_context", {0.2, 0.1, 0.3, 10}, {0.6, 0.4, 0.8, 10}}};
  Forgetting forgetting;
  forgetting.recipe = "fine_tuned";
  forgetting.before.quality = {0.9, 0.8, 1, 20};
  forgetting.after.quality = {0.7, 0.5, 0.8, 20};
  forgetting.loss = {0.2, 0.05, 0.4, 0.02, "McNemar, exact", 20};
  forgetting.limit = 0.05;
  task.investigation.forgetting = {forgetting};
  LearningCurve curve;
  curve.recipe = "fine_tuned";
  for (const double amount : {10.0, 20.0, 40.0}) {
    curve.runs.push_back({amount, 1, {1, amount > 10 ? 1.0 : 0.0, amount > 20 ? 1.0 : 0.0, 0}});
    curve.answers.push_back({"a", "b", "c", "d"});
  }
  curve.fit = fit_curve(curve.runs, 1);
  task.investigation.learning_curve = curve;
  ConsistencyDetail detail;
  detail.recipe = "fine_tuned";
  detail.edits = {{"without \"<b>\"", {"a"}, {0.5, 0.1, 0.9, 4}}};
  detail.draws = 3;
  detail.all_right = {0.5, 0.2, 0.8, 10};
  task.investigation.consistency = {detail};
  return task;
}

TEST(Explanation, TellsCausesInterventionsConsistencyAndForgetting) {
  const std::string html = explanation_html(explained_task());
  for (const char* part :
       {"Why few_shot fails on 4 of 10 items", "75% [30, 95]",
        "The documents miss 14% [9, 21] of the answers", "the right document in the context",
        "<strong>blocked</strong>", "+0.20 [+0.05, +0.40]", "0.50 [0.20, 0.80]",
        "without &quot;&lt;b&gt;&quot;", "Twice the training examples (80)", "&lt;odd&gt;"}) {
    EXPECT_NE(html.find(part), std::string::npos) << part;
  }
  EXPECT_EQ(html.find("<odd>"), std::string::npos);
  EXPECT_EQ(explanation_html(TaskResult{}), "");
}

TEST(Explanation, TheEpochKeptIsTheOneWhoseLossesAreShown) {
  TaskResult task = small_result().tasks.front();
  TrainingRecord training;
  training.best_epoch = 1;  // a position: the second
  training.epochs = {{1.5, 1.6, 0.5}, {0.75, 0.875, 0.625}, {0.25, 1.25, 0.5}};
  task.recipes.back().training = training;
  const std::string html = explanation_html(task);
  EXPECT_NE(html.find("<td>2 of 3</td><td>0.62</td><td>0.750</td><td>0.875</td><td>+0.125</td>"),
            std::string::npos)
      << html;
}

TEST(Explanation, ThePageHoldsTheCurvesAsData) {
  CompareResult result = small_result();
  result.tasks = {explained_task()};
  const std::string page = report_html(result);
  EXPECT_NE(page.find("\"gain_of_doubling\""), std::string::npos);
  EXPECT_NE(page.find("\"item_causes\":[\"not read\"]"), std::string::npos);
  EXPECT_NE(page.find("data-plot=\"learning\""), std::string::npos);
}

TEST(Race, IsDrawnAndStandsInATableToo) {
  EXPECT_EQ(race_html(small_result().tasks.front()), "");
  CompareResult result = small_result();
  SearchRecord search;
  search.budget_seconds = 60;
  search.total_seconds = 41;
  search.exhaustive_seconds = 300;
  search.dev_items = 40;
  search.confirmed = {"zero_shot"};
  SearchedArm survivor, fallen, never;
  survivor.id = "zero_shot";
  survivor.fate = ArmFate::confirmed;
  survivor.round = 3;
  survivor.dev = {0.75, 0.6, 0.9, 40};
  survivor.why = "The reference; still in the race.";
  fallen.id = "few_shot@<k4>";
  fallen.fate = ArmFate::left_behind;
  fallen.round = 1;
  fallen.dev = {0.5, 0.1, 0.9, 4};
  fallen.why = "Behind 3 others.";
  never.id = "fine_tuned@lr2x";
  never.fate = ArmFate::not_afforded;
  search.arms = {survivor, fallen, never};
  result.tasks.front().search = search;
  const std::string html = race_html(result.tasks.front());
  for (const char* part :
       {"3 recipes raced on 40 dev items; 1 met the test", "41 of 60 seconds", "about 300",
        "data-plot=\"race\"",
        "<th scope=\"row\">zero_shot</th><td>0.75 [0.60, 0.90]</td><td>40</td><td>confirmed</td><td>3</td>",
        "few_shot@&lt;k4&gt;", "<td>left behind</td><td>1</td><td>Behind 3 others.</td>",
        "<td>not measured</td><td>0</td><td>not afforded</td>"})
    EXPECT_NE(html.find(part), std::string::npos) << part << html;
  // What the plot is drawn from, and what draws it.
  const std::string page = report_html(result);
  for (const char* part : {"\"search\":{", "\"fate\":\"left behind\"", "racePlot(root.select"})
    EXPECT_NE(page.find(part), std::string::npos) << part;
}

TEST(Markdown, IsForAPullRequestVerdictFirst) {
  CompareResult result = small_result();
  result.tasks = {explained_task()};
  const std::string text = report_markdown(result);
  EXPECT_LT(text.find("> Use fine_tuned."), text.find("| recipe |"));
  EXPECT_NE(text.find("| **fine_tuned** (verdict) | 0.82 [0.72, 0.92] = |"), std::string::npos) << text;
  EXPECT_NE(text.find("| zero_shot | 0.50 [0.40, 0.60] |"), std::string::npos) << text;
  EXPECT_NE(text.find("0.05, exceeded"), std::string::npos) << text;
  EXPECT_NE(text.find("- few_shot fails on 4 of 10 items: not read 75% (30% to 95%), &lt;odd> 25%"),
            std::string::npos)
      << text;
}

TEST(Markdown, WhatOthersWroteIsNoMarkup) {
  EXPECT_EQ(escape_markdown("a|b\n<script> *x* few_shot [y](z)"),
            "a\\|b &lt;script> \\*x\\* few_shot \\[y\\](z)");
}

}  // namespace
}  // namespace fulcrum
