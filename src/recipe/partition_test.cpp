#include "recipe/partition.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "base/random.h"

namespace fulcrum {
namespace {

std::vector<Example> examples(int count) {
  Random random(3);
  std::vector<Example> all;
  for (int i = 0; i < count; ++i) {
    Example example;
    example.id = fmt::format("r{}", i);
    std::string text;
    for (int w = 0; w < 12; ++w) text += fmt::format("word{} ", random.below(4000));
    const char* label = i % 10 == 0 ? "rare" : i % 2 == 0 ? "even" : "odd";
    example.messages = {{"user", text}, {"assistant", label}};
    example.weights = {0, 1};
    all.push_back(std::move(example));
  }
  return all;
}

std::map<std::string, int> classes(const std::vector<Example>& all, const std::vector<std::size_t>& rows) {
  std::map<std::string, int> counts;
  for (const std::size_t row : rows) ++counts[all[row].reference()];
  return counts;
}

TEST(Partition, EveryRowGoesToOnePartInTheSharesOfItsClass) {
  const std::vector<Example> all = examples(200);
  PartitionSettings settings;
  settings.dev_share = 0.2;
  settings.test_share = 0.3;
  const Partition parts = partition(all, settings);
  std::set<std::size_t> rows(parts.train.begin(), parts.train.end());
  rows.insert(parts.dev.begin(), parts.dev.end());
  rows.insert(parts.test.begin(), parts.test.end());
  EXPECT_EQ(rows.size(), 200u);
  EXPECT_EQ(parts.train.size() + parts.dev.size() + parts.test.size(), 200u);
  EXPECT_EQ(classes(all, parts.train), (std::map<std::string, int>{{"even", 40}, {"odd", 50}, {"rare", 10}}));
  EXPECT_EQ(classes(all, parts.dev), (std::map<std::string, int>{{"even", 16}, {"odd", 20}, {"rare", 4}}));
  EXPECT_EQ(classes(all, parts.test), (std::map<std::string, int>{{"even", 24}, {"odd", 30}, {"rare", 6}}));
}

TEST(Partition, TheSeedDecidesAndNothingElse) {
  const std::vector<Example> all = examples(100);
  PartitionSettings settings;
  const Partition first = partition(all, settings), again = partition(all, settings);
  EXPECT_EQ(first.test, again.test);
  settings.seed = 2;
  EXPECT_NE(partition(all, settings).test, first.test);
}

TEST(Partition, GroupsAndNearCopiesAreNeverTornApart) {
  std::vector<Example> all = examples(120);
  for (std::size_t i = 0; i < all.size(); ++i) all[i].group = fmt::format("customer {}", i / 5);
  for (std::size_t i = 0; i < 10; ++i) {
    Example copy = all[i * 11];
    copy.id += "-copy";
    copy.group.clear();
    copy.messages[0].content += " please";
    all.push_back(copy);
  }
  const Partition parts = partition(all, PartitionSettings{});
  std::map<std::string, std::set<int>> parts_of_group;
  std::map<std::string, int> part_of_row;
  const std::vector<std::size_t>* named[] = {&parts.train, &parts.dev, &parts.test};
  for (int part = 0; part < 3; ++part) {
    for (const std::size_t row : *named[part]) {
      if (!all[row].group.empty()) parts_of_group[all[row].group].insert(part);
      part_of_row[all[row].id] = part;
    }
  }
  for (const auto& [group, in] : parts_of_group) EXPECT_EQ(in.size(), 1u) << group;
  for (const auto& [id, part] : part_of_row) {
    if (!id.ends_with("-copy")) continue;
    EXPECT_EQ(part, part_of_row.at(id.substr(0, id.size() - 5))) << id;
  }
  EXPECT_EQ(parts.units, 24);
}

TEST(Partition, WhatCannotBeSplitIsRefused) {
  std::vector<Example> all = examples(6);
  for (Example& example : all) example.group = "one";
  EXPECT_THROW(partition(all, PartitionSettings{}), Error);
  PartitionSettings settings;
  settings.dev_share = 0.5;
  settings.test_share = 0.5;
  EXPECT_THROW(partition(examples(6), settings), Error);
  settings = {};
  settings.stratify_by = "colour";
  EXPECT_THROW(partition(examples(6), settings), Error);
}

TEST(SampleRows, StrataKeepTheirShares) {
  const std::vector<Example> all = examples(200);
  const auto rows = sample_rows(all, 40, 9, "answer");
  EXPECT_EQ(rows.size(), 40u);
  EXPECT_EQ(classes(all, rows), (std::map<std::string, int>{{"even", 16}, {"odd", 20}, {"rare", 4}}));
  EXPECT_EQ(sample_rows(all, 40, 9, "answer"), rows);
  EXPECT_NE(sample_rows(all, 40, 10, "answer"), rows);
  EXPECT_EQ(sample_rows(all, 5, 1, "").size(), 5u);
  EXPECT_EQ(sample_rows(all, 500, 1, "answer").size(), 200u);
}

TEST(FieldValue, ReadsWhatAnExampleHas) {
  Example example = examples(1)[0];
  example.messages.back().content = R"({"city": "Kendal", "count": 4})";
  example.documents = {"a.md", "b.md"};
  EXPECT_EQ(field_value(example, "answer.city"), "Kendal");
  EXPECT_EQ(field_value(example, "answer.count"), "4");
  EXPECT_EQ(field_value(example, "answer.other"), "");
  EXPECT_EQ(field_value(example, "document"), "a.md");
}

}  // namespace
}  // namespace fulcrum
