// The bundled task is what its generator gives, holds what the README promises, and is unknown to the bundled
// model.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <set>
#include <string>

#include "base/file.h"
#include "base/json.h"
#include "base/unicode.h"

namespace fulcrum {
namespace {

const Path kExample = Path(FULCRUM_SOURCE_DIR) / "examples/support-desk";

std::vector<Json> rows(const std::string& task, const std::string& split) {
  const Path path = kExample / task / (split + ".jsonl");
  std::vector<Json> parsed;
  const std::string text = read_file(path);
  for (std::size_t start = 0, end; (end = text.find('\n', start)) != std::string::npos; start = end + 1) {
    parsed.push_back(parse_json(std::string_view(text).substr(start, end - start), path.string()));
  }
  return parsed;
}

TEST(SupportDesk, IsWhatItsGeneratorGives) {
  const std::string command = "python3 " + (kExample / "generate.py").string() + " --check";
  if (std::system("python3 --version > /dev/null 2>&1") != 0) GTEST_SKIP() << "there is no python3 here";
  EXPECT_EQ(std::system(command.c_str()), 0);
}

TEST(SupportDesk, HasTheItemsThatAComparisonNeeds) {
  std::size_t train = 0, dev = 0, test = 0;
  for (const char* task : {"triage", "extract", "answer"}) {
    train += rows(task, "train").size();
    dev += rows(task, "dev").size();
    test += rows(task, "test").size();
  }
  EXPECT_GE(train, 600u);
  EXPECT_GE(dev, 150u);
  EXPECT_GE(test, 300u);
  std::set<std::string> labels;
  for (const Json& row : rows("triage", "train"))
    labels.insert(row["messages"][1]["content"].get<std::string>());
  EXPECT_EQ(labels.size(), 12u);
  EXPECT_GE(list_files(kExample / "documents").size(), 60u);
}

// An answer counts as reading only if it stands in the document that is named for it.
TEST(SupportDesk, EveryAnswerStandsInItsDocument) {
  for (const char* split : {"train", "dev", "test"}) {
    for (const Json& row : rows("answer", split)) {
      const std::string document = read_file(kExample / "documents" / row["documents"][0].get<std::string>());
      EXPECT_NE(document.find(row["messages"][1]["content"].get<std::string>()), std::string::npos)
          << row.dump();
    }
  }
}

TEST(SupportDesk, BillsAreTheSumOfTheirTwoAmounts) {
  std::set<std::string> seen;
  for (const char* split : {"train", "dev", "test"}) {
    for (const Json& row : rows("bill", split)) {
      const std::string text = row["messages"][0]["content"].get<std::string>();
      EXPECT_TRUE(seen.insert(text).second) << text;
      int sum = 0;
      std::string digits;
      for (const char c : text + " ") {
        if (std::isdigit(static_cast<unsigned char>(c)) != 0) {
          digits += c;
        } else if (!digits.empty()) {
          sum += std::stoi(digits);
          digits.clear();
        }
      }
      EXPECT_EQ(row["messages"][1]["content"].get<std::string>(), std::to_string(sum)) << text;
    }
  }
  EXPECT_EQ(seen.size(), 280U);
}

}  // namespace
}  // namespace fulcrum
