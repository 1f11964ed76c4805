#include "recipe/data_audit.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"

namespace fulcrum {
namespace {

std::string row(std::string_view user, std::string_view answer) {
  return fmt::format(
      R"({{"messages": [{{"role": "user", "content": "{}"}}, {{"role": "assistant", "content": "{}"}}]}})"
      "\n",
      user, answer);
}

std::vector<std::string> described(const DataAudit& audit, std::string_view code) {
  std::vector<std::string> found;
  for (const Finding& finding : audit.findings)
    if (finding.code == code) found.push_back(describe(finding));
  return found;
}

TEST(DataAudit, NamesEveryKindOfTroubleByFileRowAndField) {
  const std::vector<DataFile> files = {
      parse_data_file(row("Where is my parcel now?", "shipping") + row("where is my parcel, now", "billing") +
                          "{\"messages\": 3}\n" + row("My card is 4111 1111 1111 1111", "billing") +
                          row("Please tell me where my new parcel is today", "shipping"),
                      "train", "train.jsonl"),
      parse_data_file(row("Where is my parcel now?", "shipping") +
                          row("Please tell me where my new parcel is today!!! ok", "billing") +
                          row("Something else entirely", "shippin"),
                      "test", "test.jsonl")};
  AuditSettings settings;
  settings.labels = {"shipping", "billing"};
  settings.near = 0.7;
  const DataAudit audit = audit_data(files, {}, settings);

  EXPECT_EQ(described(audit, "missing_messages_list").at(0).substr(0, 50),
            "train.jsonl:3: messages: missing_messages_list: mu");
  EXPECT_EQ(described(audit, "leak_exact").at(0),
            "test.jsonl:1: messages[0].content: leak_exact: is the same as train.jsonl:1: \"Where is my "
            "parcel now?\"");
  EXPECT_EQ(
      described(audit, "leak_normalised").at(0),
      "test.jsonl:1: messages[0].content: leak_normalised: is, but for case and punctuation, the same as "
      "train.jsonl:2: \"Where is my parcel now?\"");
  EXPECT_EQ(described(audit, "conflicting_answers").at(0),
            "train.jsonl:2: messages[1].content: conflicting_answers: 'billing', and train.jsonl:1 says "
            "'shipping' to "
            "nearly the same input: \"where is my parcel, now\"");
  EXPECT_EQ(
      described(audit, "personal_data").at(0),
      "train.jsonl:4: messages[0].content: personal_data: looks like a card number: 41... (19 characters)");
  ASSERT_EQ(described(audit, "leak_near").size(), 1u);
  EXPECT_EQ(described(audit, "leak_near").at(0).find("test.jsonl:2: messages[0].content: leak_near: is 0.9"),
            0u);
  EXPECT_EQ(described(audit, "near_conflict")
                .at(0)
                .find("test.jsonl:2: messages[1].content: near_conflict: 'billing'"),
            0u);
  EXPECT_EQ(described(audit, "not_a_label").at(0),
            "test.jsonl:3: messages[1].content: not_a_label: 'shippin' is not one of the labels");
  EXPECT_EQ(audit.count(Severity::error), 4);
  EXPECT_TRUE(std::is_sorted(audit.findings.begin(), audit.findings.end(),
                             [](const Finding& a, const Finding& b) { return a.severity < b.severity; }));
  EXPECT_EQ(audit.parts.at(0).rows, 4);
  EXPECT_EQ(audit.parts.at(0).bad_rows, 1);
}

TEST(DataAudit, CleanFilesHaveNoFindings) {
  std::string train, test;
  const char* const things[] = {"parcel", "invoice", "garden", "window",
                                "engine", "market",  "winter", "bottle"};
  for (int i = 0; i < 8; ++i) {
    train += row(fmt::format("{} number {} broke on the way home {}", things[i], 100 + i * 37,
                             things[(i * 3 + 1) % 8]),
                 i % 2 ? "a" : "b");
    test += row(fmt::format("I would like to know all about {} and then {}", things[(i + 1) % 8], 7 * i),
                i % 2 ? "a" : "b");
  }
  const std::vector<DataFile> files = {parse_data_file(train, "train", "train.jsonl"),
                                       parse_data_file(test, "test", "test.jsonl")};
  AuditSettings settings;
  const DataAudit audit = audit_data(files, {}, settings);
  for (const Finding& finding : audit.findings) {
    EXPECT_EQ(finding.code, "small_class") << describe(finding);  // four rows a class, on purpose
  }
  EXPECT_EQ(audit.parts.at(1).classes.at("a"), 4);
  EXPECT_EQ(audit.count(Severity::error), 0);
}

TEST(DataAudit, SeesMissingClassesOverlongRowsOutliersAndOddCharacters) {
  std::string train, test;
  for (int i = 0; i < 40; ++i) {
    train +=
        row(fmt::format("item {} of {} is {}", i * 7919 % 997, i, i * i * 31), i % 4 == 0 ? "rare" : "usual");
    test += row(fmt::format("thing {} for {}", i * 104729 % 1009, i + 500), "usual");
  }
  train += row("a\\u200bb plain text here", "usual") + row(std::string(600, 'x') + " y", "usual") +
           row("\\u043f\\u0440\\u0438\\u0432\\u0435\\u0442 \\u043a\\u0430\\u043a", "usual");
  const std::vector<DataFile> files = {parse_data_file(train, "train", "train.jsonl"),
                                       parse_data_file(test, "test", "test.jsonl")};
  AuditSettings settings;
  settings.longest_row = 300;
  const DataAudit audit = audit_data(files, {}, settings);
  EXPECT_EQ(described(audit, "class_missing"),
            std::vector<std::string>{"test.jsonl: class_missing: no row is 'rare'"});
  EXPECT_EQ(described(audit, "over_long"),
            std::vector<std::string>{"train.jsonl:42: over_long: has 607 bytes; 300 fit"});
  ASSERT_EQ(described(audit, "length_outlier").size(), 1u);
  EXPECT_EQ(described(audit, "odd_character").at(0),
            "train.jsonl:41: messages[0].content: odd_character: byte 1 begins U+200B, which no one sees");
  ASSERT_EQ(described(audit, "rare_characters").size(), 1u);
  EXPECT_EQ(described(audit, "rare_characters").at(0).find("train.jsonl:43: "), 0u);
}

TEST(DataAudit, ATestItemInADocumentIsFound) {
  const std::vector<DataFile> files = {
      parse_data_file(row("When does the shop open on any given Monday?", "nine"), "test", "test.jsonl")};
  const std::vector<DocumentText> documents = {
      {"faq.md", "When does the shop open on any given Monday? At nine."}, {"other.md", "Nothing."}};
  const DataAudit audit = audit_data(files, documents, {});
  ASSERT_EQ(described(audit, "leak_document").size(), 1u);
  EXPECT_EQ(audit.count(Severity::error), 1);
}

TEST(DataAudit, RedundantRowsKeepTheFirstOfEachAndNeverAnotherAnswer) {
  const DataFile file = parse_data_file(row("send me the long invoice of last week please", "a") +
                                            row("Send me the long invoice of last week, please", "a") +
                                            row("send me the long invoice of last week please ok", "a") +
                                            row("send me the long invoice of last week please no", "b") +
                                            row("quite another thing", "a"),
                                        "train", "train.jsonl");
  EXPECT_EQ(redundant_rows(file.examples, 0.8), (std::vector<std::size_t>{1, 2}));
  EXPECT_EQ(redundant_rows(file.examples, 1.0), (std::vector<std::size_t>{1}));
}

}  // namespace
}  // namespace fulcrum
