#include "recipe/labelled_table.h"

#include <gtest/gtest.h>

#include <set>

#include "base/error.h"

namespace fulcrum {
namespace {

class LabelledTableTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        Path(testing::TempDir()) /
        ("labelled-table-" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    std::string train = "text,category\n", test = "text,category\n";
    for (int i = 0; i < 60; ++i) {
      train += "\"question, no " + std::to_string(i) + "\",label_" + std::to_string(i % 6) + "\n";
      if (i % 3 == 0) test += "asking " + std::to_string(i) + ",label_" + std::to_string(i % 6) + "\n";
    }
    for (int i = 0; i < 6; ++i)
      train += "Asking: 0!,label_" + std::to_string(i) + "\n";  // stands in test, too
    write_file_atomic(folder_ / "train.csv", train);
    write_file_atomic(folder_ / "test.csv", test);
    settings_.folder = folder_;
    settings_.labels = 3;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Path folder_;
  TableSettings settings_;
};

TEST_F(LabelledTableTest, TakesLabelsAndRowsByTheSeed) {
  const LabelledTable table = read_labelled_table(settings_);
  ASSERT_EQ(table.labels.size(), 3u);
  const std::set<std::string> labels(table.labels.begin(), table.labels.end());
  for (const auto* split : {&table.splits.train, &table.splits.dev, &table.splits.test}) {
    ASSERT_FALSE(split->empty());
    for (const Example& example : *split) EXPECT_TRUE(labels.contains(example.reference()));
  }
  EXPECT_EQ(table.splits.train.size() + table.splits.dev.size(), 30u);
  const LabelledTable again = read_labelled_table(settings_);
  EXPECT_EQ(again.splits.train.front().id, table.splits.train.front().id);
  std::set<std::vector<std::string>> drawn;
  for (settings_.seed = 1; settings_.seed < 8; ++settings_.seed)
    drawn.insert(read_labelled_table(settings_).labels);
  EXPECT_GT(drawn.size(), 1u);
}

TEST_F(LabelledTableTest, LeavesOutWhatStandsInTest) {
  settings_.labels = 6;
  const LabelledTable table = read_labelled_table(settings_);
  EXPECT_EQ(table.left_out, 6);
  check_splits(table.splits, {});
}

TEST_F(LabelledTableTest, NamesWhatIsWrong) {
  const auto message = [this] {
    try {
      read_labelled_table(settings_);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  settings_.labels = 7;
  EXPECT_NE(message().find("7 labels are asked for and the table has 6"), std::string::npos) << message();
  settings_.labels = 3;
  settings_.text_column = "question";
  EXPECT_NE(message().find("there is no column 'question'; it has: text, category"), std::string::npos)
      << message();
  settings_.text_column = "text";
  write_file_atomic(folder_ / "test.csv", "text,category\na,b,c\n");
  EXPECT_NE(message().find("row 2: expected 2 cells, found 3"), std::string::npos) << message();
  settings_.folder = folder_ / "nowhere";
  EXPECT_NE(message().find("--data"), std::string::npos) << message();
}

TEST(Csv, FollowsRfc4180) {
  const auto rows = parse_csv("a,b\r\n\"x, \"\"y\"\"\nz\",\n\n1,2", "t");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[1], (std::vector<std::string>{"x, \"y\"\nz", ""}));
  EXPECT_EQ(rows[2], (std::vector<std::string>{"1", "2"}));
  EXPECT_THROW(parse_csv("a\n\"b", "t"), Error);
}

TEST(LabelledTable, ReadsBanking77) {
  TableSettings settings;
  settings.folder = Path(FULCRUM_SHARED_DIR) / "data/banking77";
  if (!std::filesystem::exists(settings.folder)) GTEST_SKIP() << "shared/data/banking77 is not here";
  const LabelledTable table = read_labelled_table(settings);
  EXPECT_EQ(table.labels.size(), 10u);
  EXPECT_EQ(table.splits.train.size(), 400u);
  EXPECT_EQ(table.splits.dev.size(), 100u);
  EXPECT_EQ(table.splits.test.size(), 200u);
  check_splits(table.splits, {});
}

}  // namespace
}  // namespace fulcrum
