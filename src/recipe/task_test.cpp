#include "recipe/task.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"

namespace fulcrum {
namespace {

constexpr std::string_view kTask = R"(name = "triage"
kind = "classification"
metric = "macro_f1"
target = 0.9
system = "You sort mail."
instruction = "Name the team."
rewordings = ["Which team?"]

[data]
train = "train.jsonl"
dev = "dev.jsonl"
test = "test.jsonl"
documents = "documents"

[[labels]]
name = "orders"
description = "Parcels."

[[labels]]
name = "billing"

[prices]
currency = "CHF"
machine_hour = 0.25
labelled_example = 2
right_answer = 0.02

[volume]
calls_per_month = 20000

[volatility]
documents_change_days = 14
behaviour = "changing"

[limits]
demonstrations = 4

[fine_tune]
rank = 8
)";

class TaskTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        Path(testing::TempDir()) / fmt::format("fulcrum-task-{}-{}", getpid(),
                                               testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder_);
    put("task.toml", kTask);
    put("train.jsonl", row("my parcel is late", "orders") + row("my bill is wrong", "billing"));
    put("dev.jsonl", row("where is the parcel", "orders"));
    put("test.jsonl", row("pay a bill", "billing"));
    put("documents/a.md", "# A\n\nText.\n");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void put(const std::string& name, std::string_view text) { write_file_atomic(folder_ / name, text); }
  // The task file with one piece of text exchanged for another.
  void edit(std::string_view from, std::string_view to) {
    std::string text = read_file(folder_ / "task.toml");
    const std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    put("task.toml", text.replace(at, from.size(), to));
  }
  static std::string row(const std::string& input, const std::string& answer,
                         const Json& more = Json::object()) {
    Json row = more;
    row["messages"] =
        Json::array({{{"role", "user"}, {"content", input}}, {{"role", "assistant"}, {"content", answer}}});
    return to_line(row) + "\n";
  }
  Task read() const { return read_task(folder_ / "task.toml"); }
  std::string message() const {
    try {
      read();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
      return error.what();
    }
    return "nothing was thrown";
  }
  void expect_message(std::string_view part) const {
    const std::string text = message();
    EXPECT_NE(text.find(part), std::string::npos) << text;
  }

  Path folder_;
};

TEST_F(TaskTest, IsReadWhole) {
  const Task task = read();
  EXPECT_EQ(task.name, "triage");
  EXPECT_EQ(task.kind, TaskKind::classification);
  EXPECT_EQ(task.metric, Metric::macro_f1);
  EXPECT_EQ(task.target, 0.9);
  EXPECT_EQ(task.short_instruction, "Name the team.");
  EXPECT_EQ(task.labels, (std::vector<Label>{{"orders", "Parcels."}, {"billing", ""}}));
  EXPECT_EQ(task.prices.currency, "CHF");
  EXPECT_EQ(task.prices.machine_hour, 0.25);
  EXPECT_EQ(task.prices.right_answer, 0.02);
  EXPECT_FALSE(Prices{}.right_answer);
  EXPECT_EQ(task.calls_per_month, 20000);
  EXPECT_EQ(task.documents_change_days, 14.0);
  EXPECT_EQ(task.behaviour, Behaviour::changing);
  EXPECT_EQ(task.limits.demonstrations, 4);
  EXPECT_EQ(task.limits.answer_tokens, 64);
  EXPECT_EQ(task.fine_tune.rank, 8);
  EXPECT_EQ(task.splits.train.size(), 2u);
  EXPECT_EQ(task.splits.test.front().id, "test:1");
  EXPECT_EQ(task.sha256.size(), 64u);
}

TEST_F(TaskTest, ItsDigestCoversEveryFileAndNoPath) {
  const std::string before = read().sha256;
  EXPECT_EQ(read().sha256, before);
  for (const char* name : {"task.toml", "train.jsonl", "dev.jsonl", "test.jsonl", "documents/a.md"}) {
    const std::string text = read_file(folder_ / name);
    put(name, text + "\n");
    EXPECT_NE(read().sha256, before) << name;
    put(name, text);
  }
  const Path moved = folder_.string() + "-moved";
  std::filesystem::rename(folder_, moved);
  EXPECT_EQ(read_task(moved / "task.toml").sha256, before);
  std::filesystem::remove_all(moved);
}

TEST_F(TaskTest, WrongKeysAndValuesAreNamedWithTheNearestRightOnes) {
  const struct {
    const char *from, *to, *says;
  } cases[] = {
      {"metric = \"macro_f1\"", "metirc = \"macro_f1\"",
       "task.toml, line 1: the key 'metric' is missing; is 'metirc' meant to be it?"},
      {"[volume]", "[volumes]", "task.toml, line 28: unknown key 'volumes'; did you mean 'volume'?"},
      {"machine_hour", "machin_hour",
       "line 24: unknown key 'machin_hour' in [prices]; did you mean 'machine_hour'?"},
      {"kind = \"classification\"", "kind = \"clasification\"",
       "line 2: 'kind': there is no 'clasification'; did you mean 'classification'?"},
      {"macro_f1", "json_field_f1",
       "json_field_f1 does not measure classification. Use one of: accuracy, macro_f1."},
      {"target = 0.9", "target = 90", "must lie above 0 and at most at 1, and it is 90"},
      {"name = \"billing\"", "name = \"orders\"",
       "line 20: 'name' in [labels[1]]: the label 'orders' stands here twice"},
      {"\"test.jsonl\"", "\"tests.jsonl\"", "line 12: 'test' in [data]: there is no file"},
      {"\"test.jsonl\"", "\"train.jsonl\"", "is the file of another split"},
      {"\"documents\"", "\"docs\"", "there is no folder"},
      {"= 0.25", "= -1", "must not be negative, and it is -1"},
      {"demonstrations = 4", "demonstrations = 0", "must be at least 1, and it is 0"},
      {"\"changing\"", "\"stabel\"", "did you mean 'stable'?"},
      {"rank = 8", "target_modules = [\"q\"]", "there is no 'q'; layers are q_proj"},
      {"[[labels]]\nname = \"orders\"", "[[fields]]\nkey = \"orders\"", "one label leaves nothing to decide"},
  };
  for (const auto& c : cases) {
    edit(c.from, c.to);
    expect_message(c.says);
    put("task.toml", kTask);
  }
}

TEST_F(TaskTest, ABadRowIsNamedByFileLineAndField) {
  put("dev.jsonl",
      row("where is the parcel", "orders") + "{\"messages\": [{\"role\": \"robot\", \"content\": \"x\"}]}\n");
  expect_message("dev.jsonl:2: messages[0].role: unrecognized_role");
  put("dev.jsonl", "");
  expect_message("dev.jsonl: empty_file: there is no row in it");
}

TEST_F(TaskTest, AnAnswerThatIsNoLabelIsNamed) {
  put("test.jsonl", row("pay a bill", "biling"));
  expect_message("test.jsonl:1: 'biling' is not one of the labels; is 'billing' meant?");
}

TEST_F(TaskTest, AnOverlapIsNamed) {
  put("test.jsonl", row("My parcel is late!", "orders"));
  expect_message("test item test:1 is, but for case and punctuation, also in train train:1");
}

TEST_F(TaskTest, AMissingGoldDocumentIsNamed) {
  put("test.jsonl", row("pay a bill", "billing", {{"documents", {"b.md"}}}));
  expect_message("test.jsonl:1: there is no document 'b.md'");
}

TEST_F(TaskTest, LabelsCanComeFromTheTrainSplit) {
  edit("[[labels]]\nname = \"orders\"\ndescription = \"Parcels.\"\n\n[[labels]]\nname = \"billing\"\n", "");
  EXPECT_EQ(read().labels, (std::vector<Label>{{"billing", ""}, {"orders", ""}}));
}

TEST_F(TaskTest, AnExtractionChecksItsAnswers) {
  edit("[[labels]]\nname = \"orders\"\ndescription = \"Parcels.\"\n\n[[labels]]\nname = \"billing\"\n",
       "[[fields]]\nkey = \"order\"\ndescription = \"order number\"\ntype = \"integer\"\n");
  edit("\"classification\"", "\"extraction\"");
  edit("\"macro_f1\"", "\"json_field_f1\"");
  put("train.jsonl", row("a", R"({"order": 1})"));
  put("dev.jsonl", row("b", R"({"order": 2})"));
  put("test.jsonl", row("c", R"({"order": 3})"));
  EXPECT_EQ(read().fields, (std::vector<Field>{{"order", "order number", FieldType::integer}}));
  put("test.jsonl", row("c", R"({"ordr": 3})"));
  expect_message("test.jsonl:1: the answer has the key 'ordr', which is not among the task's fields");
  put("test.jsonl", row("c", "3"));
  expect_message("the answer must be a JSON object");
  put("test.jsonl", row("c", "{order}"));
  expect_message("test.jsonl:1: reading the answer: this is not valid JSON");
  edit("type = \"integer\"", "type = \"int\"");
  expect_message("must be one of text, number, integer, boolean, text_list");
}

TEST_F(TaskTest, AFolderMeansItsTaskFiles) {
  put("other.toml", "[program]\nname = \"x\"\n");
  EXPECT_EQ(find_task_files(folder_), (std::vector<Path>{folder_ / "task.toml"}));
  EXPECT_EQ(find_task_files(folder_ / "task.toml"), (std::vector<Path>{folder_ / "task.toml"}));
  EXPECT_THROW(find_task_files(folder_ / "documents"), Error);
  EXPECT_THROW(find_task_files(folder_ / "absent"), Error);
}

// The bundled tasks are held to the same checks as anybody's: no bad row, no overlap, no answer outside the
// labels.
TEST(BundledTask, SupportDeskIsSound) {
  const Path folder = Path(FULCRUM_SOURCE_DIR) / "examples/support-desk";
  if (!std::filesystem::is_directory(folder)) GTEST_SKIP() << folder << " is not here";
  std::size_t train = 0, dev = 0, test = 0;
  for (const Path& file : find_task_files(folder)) {
    const Task task = read_task(file);
    train += task.splits.train.size();
    dev += task.splits.dev.size();
    test += task.splits.test.size();
  }
  EXPECT_GE(train, 600u);
  EXPECT_GE(dev, 150u);
  EXPECT_GE(test, 300u);
}

}  // namespace
}  // namespace fulcrum
