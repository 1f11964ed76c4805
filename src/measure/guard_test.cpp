#include "measure/guard.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"
#include "text/scripted_lm.h"

namespace fulcrum {
namespace {

GuardSuite small_suite() {
  const Path file = Path(::testing::TempDir()) / "guard_test.jsonl";
  std::string rows;
  for (int i = 0; i < 10; ++i) {
    rows += fmt::format(R"({{"group": "{}", "messages": [{{"role": "user", "content": "say {}"}}, )"
                        R"({{"role": "assistant", "content": "{}"}}]}})"
                        "\n",
                        i < 5 ? "copy" : "count", i, i);
  }
  write_file_atomic(file, rows);
  return read_guard_suite(file);
}

// The base says everything right; the adapter has lost the counting but for one item.
class GuardTest : public ::testing::Test {
 protected:
  void SetUp() override {
    model_.answer_by([](const GenerateRequest& request) -> std::string {
      const std::string said = request.messages.back().content.substr(4);
      return request.adapter.empty() || said < "6" ? said : "lost";
    });
    model_.score_by(
        [](const ScoreRequest& request, std::string_view) { return request.adapter.empty() ? -0.5 : -2.0; });
    model_.load_adapter("tuned", "somewhere");
  }
  Forgetting forgetting(std::optional<double> limit) {
    const GuardSuite suite = small_suite();
    return compare_guard(suite, "fine_tuned", run_guard(suite, "", model_, {}),
                         run_guard(suite, "tuned", model_, {}), limit, 1);
  }
  ScriptedLM model_;
};

TEST_F(GuardTest, MeasuresWhatAnAdapterForgetsItemByItem) {
  const Forgetting found = forgetting(0.3);
  EXPECT_EQ(found.before.quality.estimate, 1);
  EXPECT_DOUBLE_EQ(found.after.quality.estimate, 0.6);
  EXPECT_DOUBLE_EQ(found.loss.difference, 0.4);
  EXPECT_EQ(found.loss.test.substr(0, 7), "McNemar");
  EXPECT_DOUBLE_EQ(found.nats.estimate, 0.75);  // over two tokens: the word and the end of the turn
  ASSERT_EQ(found.skills.size(), 2u);
  EXPECT_EQ(found.skills[0].name, "copy");
  EXPECT_EQ(found.skills[0].after, 1);
  EXPECT_DOUBLE_EQ(found.skills[1].after, 0.2);
}

TEST_F(GuardTest, OnlyTheTasksOwnLimitBlocks) {
  EXPECT_TRUE(forgetting(0.3).exceeded());
  EXPECT_FALSE(forgetting(0.5).exceeded());
  EXPECT_FALSE(forgetting(std::nullopt).exceeded());
}

TEST_F(GuardTest, SurvivesBeingWrittenAndRead) {
  const Forgetting found = forgetting(0.3);
  EXPECT_EQ(to_line(to_json(forgetting_from_json(to_json(found)))), to_line(to_json(found)));
}

TEST_F(GuardTest, TheCommittedSuiteIsReadAndCoversItsSkills) {
  const GuardSuite suite = read_guard_suite(Path(FULCRUM_SOURCE_DIR) / "models" / "guard" / "general.jsonl");
  EXPECT_GE(suite.items.size(), 100u);
  std::map<std::string, int> skills;
  for (const Example& item : suite.items) ++skills[item.group];
  EXPECT_GE(skills.size(), 6u);
  for (const auto& [skill, count] : skills) EXPECT_GE(count, 10) << skill;
}

}  // namespace
}  // namespace fulcrum
