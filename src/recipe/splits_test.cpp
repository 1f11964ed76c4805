#include "recipe/splits.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace fulcrum {
namespace {

Example item(std::string id, std::string input) {
  Example example;
  example.id = std::move(id);
  example.messages = {{"user", std::move(input)}, {"assistant", "x"}};
  example.weights = {0, 1};
  return example;
}

Splits apart() {
  return {{item("train:1", "where is my parcel")},
          {item("dev:1", "pay my bill")},
          {item("test:1", "close my account")}};
}

std::string message_of(const Splits& splits, std::span<const DocumentText> documents = {}) {
  try {
    check_splits(splits, documents);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    return error.what();
  }
  return "";
}

TEST(Splits, ThoseThatAreApartPass) {
  EXPECT_EQ(message_of(apart()), "");
}

TEST(Splits, ATestItemThatStandsInTrainIsNamedWithItsTwin) {
  Splits splits = apart();
  splits.test.push_back(item("test:2", "where is my parcel"));
  splits.test.push_back(item("test:3", "  Where is MY parcel?!"));
  const std::vector<Overlap> overlaps = find_overlaps(splits, {});
  ASSERT_EQ(overlaps.size(), 2u);
  EXPECT_TRUE(overlaps[0].exact);
  EXPECT_FALSE(overlaps[1].exact);
  const std::string message = message_of(splits);
  EXPECT_NE(message.find("test item test:2 is also in train train:1"), std::string::npos) << message;
  EXPECT_NE(message.find("test item test:3 is, but for case and punctuation, also in train train:1"),
            std::string::npos)
      << message;
}

TEST(Splits, DevIsKeptFromBothSides) {
  Splits splits = apart();
  splits.dev.push_back(item("dev:2", "close my account"));
  splits.dev.push_back(item("dev:3", "where is my parcel"));
  const std::string message = message_of(splits);
  EXPECT_NE(message.find("test item test:1 is also in dev dev:2"), std::string::npos) << message;
  EXPECT_NE(message.find("dev item dev:3 is also in train train:1"), std::string::npos) << message;
}

TEST(Splits, ATestItemInADocumentIsFoundUnlessItIsShort) {
  Splits splits = apart();
  splits.test.push_back(item("test:2", "When does the shop open on Monday?"));
  const std::vector<DocumentText> documents = {
      {"faq.md", "# FAQ\n\n**When** does the shop open\non Monday? At nine. close my account"}};
  const std::string message = message_of(splits, documents);
  EXPECT_NE(message.find("test:2"), std::string::npos) << message;
  EXPECT_NE(message.find("documents faq.md"), std::string::npos) << message;
  EXPECT_EQ(message.find("test:1"), std::string::npos) << message;
}

TEST(Splits, InputsWithoutWordsAreComparedAsTheyAre) {
  Splits splits = apart();
  splits.train.push_back(item("train:2", "?!"));
  splits.test.push_back(item("test:2", "..."));
  EXPECT_EQ(message_of(splits), "");
  splits.test.push_back(item("test:3", "?!"));
  EXPECT_NE(message_of(splits).find("test:3"), std::string::npos);
}

TEST(Splits, AnEmptyOneIsNamed) {
  Splits splits = apart();
  splits.dev.clear();
  EXPECT_NE(message_of(splits).find("the dev split is empty"), std::string::npos);
}

}  // namespace
}  // namespace fulcrum
