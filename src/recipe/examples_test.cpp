#include "recipe/examples.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"

namespace fulcrum {
namespace {

constexpr std::string_view kGood =
    R"({"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]})";

// Codes and fields of all problems, one a line.
std::string problems_of(std::string_view text) {
  std::string list;
  for (const RowProblem& problem : parse_examples(text, "train").problems) {
    list += fmt::format("{} {} {}\n", problem.line, problem.code, problem.field);
  }
  return list;
}

std::string row_with(std::string_view messages) {
  return fmt::format(R"({{"messages": {}}})", messages);
}

TEST(Examples, ReadsRowsWithTheirIdsWeightsAndDocuments) {
  const ExampleFile file = parse_examples(
      std::string(kGood) +
          "\r\n\n"
          R"({"id": "q7", "group": "g", "documents": ["a.md"], "messages": [{"role": "system", "content": "S"}, )"
          R"({"role": "user", "content": "one", "name": "bob"}, {"role": "assistant", "content": "two", "weight": 0}, )"
          R"({"role": "user", "content": "three"}, {"role": "assistant", "content": "four"}]})",
      "train");
  EXPECT_TRUE(file.problems.empty());
  ASSERT_EQ(file.examples.size(), 2u);
  const Example &first = file.examples[0], &second = file.examples[1];
  EXPECT_EQ(first.id, "train:1");
  EXPECT_EQ(first.reference(), "hello");
  EXPECT_EQ(first.weights, (std::vector<int>{0, 1}));
  EXPECT_EQ(second.id, "q7");
  EXPECT_EQ(second.line, 3);
  EXPECT_EQ(second.group, "g");
  EXPECT_EQ(second.documents, (std::vector<std::string>{"a.md"}));
  EXPECT_EQ(second.weights, (std::vector<int>{0, 0, 0, 0, 1}));
  EXPECT_EQ(second.input_text(), "one\ntwo\nthree");
  EXPECT_EQ(second.input().messages.size(), 4u);
  EXPECT_EQ(second.demonstration(), (Demonstration{"q7", "one\ntwo\nthree", "four", {}}));
}

TEST(Examples, EveryKindOfBadRowIsNamedByLineAndField) {
  const std::string user = R"({"role": "user", "content": "a"})",
                    answer = R"({"role": "assistant", "content": "b"})";
  EXPECT_EQ(problems_of("{\"messages\": ["), "1 invalid_json \n");
  EXPECT_EQ(problems_of("[1]"), "1 data_type \n");
  EXPECT_EQ(problems_of("{}"), "1 missing_messages_list messages\n");
  EXPECT_EQ(problems_of(row_with("[]")), "1 missing_messages_list messages\n");
  EXPECT_EQ(problems_of(row_with("\"x\"")), "1 missing_messages_list messages\n");
  EXPECT_EQ(problems_of(row_with("[3]")), "1 data_type messages[0]\n");
  EXPECT_EQ(problems_of(R"({"mesages": 1, "messages": [)" + user + "," + answer + "]}"),
            "1 example_unrecognized_key mesages\n");
  EXPECT_EQ(problems_of(row_with("[" + user + R"(, {"role": "asistant", "content": "b"}])")),
            "1 unrecognized_role messages[1].role\n");
  EXPECT_EQ(problems_of(row_with("[" + user + R"(, {"content": "b"}])")),
            "1 message_missing_key messages[1].role\n");
  EXPECT_EQ(problems_of(row_with("[" + user + R"(, {"role": "assistant"}])")),
            "1 message_missing_key messages[1].content\n");
  EXPECT_EQ(problems_of(row_with("[" + user + R"(, {"role": "assistant", "content": null}])")),
            "1 missing_content messages[1].content\n");
  EXPECT_EQ(problems_of(row_with("[" + user + R"(, {"role": "assistant", "content": ""}])")),
            "1 missing_content messages[1].content\n");
  EXPECT_EQ(problems_of(row_with("[" + user + R"(, {"role": "assistant", "content": "b", "wieght": 1}])")),
            "1 message_unrecognized_key messages[1].wieght\n");
  EXPECT_EQ(problems_of(row_with("[" + user + R"(, {"role": "assistant", "content": "b", "weight": 2}])")),
            "1 invalid_weight messages[1].weight\n");
  EXPECT_EQ(problems_of(row_with(R"([{"role": "user", "content": "a", "weight": 1},)" + answer + "]")),
            "1 invalid_weight messages[0].weight\n");
  EXPECT_EQ(problems_of(row_with("[" + user + "]")), "1 example_missing_assistant_message messages\n");
  EXPECT_EQ(problems_of(row_with("[" + answer + "," + user + "]")), "1 assistant_not_last messages\n");
  EXPECT_EQ(problems_of(row_with("[" + answer + "]")), "1 missing_user_message messages\n");
  EXPECT_EQ(problems_of(R"({"id": 3, "documents": "a.md", "messages": [)" + user + "," + answer + "]}"),
            "1 data_type id\n1 data_type documents\n");
  EXPECT_EQ(problems_of(""), "0 empty_file \n");
  EXPECT_EQ(problems_of(" \n\n"), "0 empty_file \n");
}

TEST(Examples, AllProblemsAreFoundAtOnceAndGoodRowsStay) {
  const std::string text =
      std::string(kGood) + "\nnot json\n" + std::string(kGood) + "\n{\"messages\": [\"caf\xE9\"]}\n";
  const ExampleFile file = parse_examples(text, "dev");
  EXPECT_EQ(file.examples.size(), 1u);
  EXPECT_EQ(problems_of(text), "2 invalid_json \n3 duplicated_row \n4 not_utf8 \n");
  EXPECT_NE(file.problems[1].what.find("line 1"), std::string::npos);
  EXPECT_NE(file.problems[2].what.find("byte 18 of the line"), std::string::npos) << file.problems[2].what;
}

TEST(Examples, IdsAreUnique) {
  const std::string row =
      R"({"id": "x", "messages": [{"role": "user", "content": "@"}, {"role": "assistant", "content": "b"}]})";
  std::string other = row;
  other[other.find('@')] = '%';
  EXPECT_EQ(problems_of(row + "\n" + other), "2 duplicated_id id\n");
}

TEST(Examples, ReadingAFileShowsTwentyProblemsAndCountsTheRest) {
  const Path path = Path(testing::TempDir()) / fmt::format("fulcrum-examples-{}.jsonl", getpid());
  std::string text;
  for (int i = 0; i < 25; ++i) text += "{}\n";
  write_file_atomic(path, text);
  try {
    read_examples(path, "train");
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_NE(message.find("25 problems in " + path.string()), std::string::npos) << message;
    EXPECT_NE(message.find(path.filename().string() + ":20: messages: missing_messages_list: "),
              std::string::npos);
    EXPECT_EQ(message.find("line 21"), std::string::npos);
    EXPECT_NE(message.find("and 5 more"), std::string::npos);
  }
  write_file_atomic(path, kGood);
  EXPECT_EQ(read_examples(path, "train").size(), 1u);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace fulcrum
