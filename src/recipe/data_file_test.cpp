#include "recipe/data_file.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "recipe/preflight.h"

namespace fulcrum {
namespace {

Path written(const std::string& name, std::string_view contents) {
  const Path path = Path(::testing::TempDir()) / name;
  write_file_atomic(path, contents);
  return path;
}

TEST(DataFile, KeepsTheGoodRowsByteForByte) {
  const std::string good =
      R"({"messages": [{"role":"user","content":"a","name":"kim"},  {"role":"assistant","content":"b"}]})";
  const DataFile file = parse_data_file("\n" + good + "\nnot json\n" + good + "x\n", "train", "train.jsonl");
  ASSERT_EQ(file.examples.size(), 1u);
  EXPECT_EQ(file.rows, std::vector<std::string>{good});
  EXPECT_EQ(file.examples[0].line, 2);
  EXPECT_EQ(file.problems.size(), 2u);
  EXPECT_EQ(file.field_of(file.examples[0], 1), "messages[1].content");
}

TEST(DataFile, ReadsATableAndWritesItsRowsAsChat) {
  const Path path = written("data_file_test.csv", "text,category\n\"hello, you\",greeting\n,greeting\nbye\n");
  const DataFile file = read_data_file(path, "train", {});
  ASSERT_EQ(file.examples.size(), 1u);
  EXPECT_EQ(
      file.rows[0],
      R"({"id":"train:2","messages":[{"role":"user","content":"hello, you"},{"role":"assistant","content":"greeting"}]})");
  ASSERT_EQ(file.problems.size(), 2u);
  EXPECT_EQ(describe(file.problems[0], file.name), "data_file_test.csv:3: text: missing_content: is empty");
  EXPECT_EQ(file.field_of(file.examples[0], 1), "category");
  EXPECT_THROW(read_data_file(path, "train", {"text", "label"}), Error);
}

TEST(DataFile, AnExampleSurvivesBeingWrittenAndRead) {
  const std::string text =
      R"({"id":"x","messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b","weight":0},)"
      R"({"role":"user","content":"c"},{"role":"assistant","content":"d"}],"group":"g","documents":["m.md"]})";
  const DataFile file = parse_data_file(text, "t", "t.jsonl");
  ASSERT_TRUE(file.problems.empty());
  EXPECT_EQ(chat_row(file.examples.at(0)), text);
}

TEST(Preflight, SaysEachDoubtOnceWithItsNumber) {
  Task task;
  task.kind = TaskKind::answering;
  const auto example = [](const char* id, std::int64_t line, const char* input, const char* answer) {
    Example made;
    made.id = id;
    made.line = line;
    made.messages = {{"user", input}, {"assistant", answer}};
    made.weights = {0, 1};
    return made;
  };
  task.splits.train = {example("a", 1, "how many days may I take to send the plant back to you", "30")};
  task.splits.dev = {example("b", 1, "what is the weather", "fine")};
  task.splits.test = {example("c", 1, "how many days may I take to send the plants back to you", "30"),
                      example("d", 2, "how many days may I take to send my plant back to you", "31")};
  const std::vector<std::string> warnings = preflight_warnings(task);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_EQ(warnings[0].find(
                "1 item is nearly a copy of one in another part: recipes that learn from train may look "
                "better than they are (the first: test.jsonl:1 is 0.84 like train.jsonl:1: "),
            0u)
      << warnings[0];
}

}  // namespace
}  // namespace fulcrum
