#include "prompt/signature.h"

#include <gtest/gtest.h>

#include "prompt/fields_schema.h"

namespace fulcrum {
namespace {

Signature triage() {
  Signature signature;
  signature.system = "You sort mail.";
  signature.instruction = "Say which team it is for.";
  signature.form = AnswerForm::label;
  signature.labels = {{"billing", "Money."}, {"orders", "Where things are"}, {"other", ""}};
  return signature;
}

TEST(Signature, LabelsStandAtTheEndOfTheSystemText) {
  EXPECT_EQ(system_text(triage()),
            "You sort mail. Say which team it is for. Answer with one of: billing, orders, other.");
}

TEST(Signature, DescriptionsStandBeforeTheList) {
  Signature signature = triage();
  signature.form = AnswerForm::described_label;
  EXPECT_EQ(form_sentence(signature),
            "billing: Money. orders: Where things are. Answer with one of: billing, orders, other.");
}

TEST(Signature, JsonNamesKeysWithTheirMeaningAndType) {
  Signature signature;
  signature.form = AnswerForm::json;
  signature.fields = {{"order", "order number", FieldType::text},
                      {"count", "", FieldType::integer},
                      {"say", "a \"word\"", FieldType::text_list}};
  EXPECT_EQ(form_sentence(signature),
            R"x(Answer with JSON: {"order": "order number", "count": "count (a whole number)", )x"
            R"x("say": "a \"word\" (a list)"})x");
}

TEST(Signature, FieldsAreAlsoASchema) {
  EXPECT_EQ(
      fields_schema({{"order", "order number", FieldType::text},
                     {"price", "", FieldType::number},
                     {"tags", "", FieldType::text_list}}),
      R"({"type":"object","properties":{"order":{"type":["string","null"]},"price":{"type":["number","null"]},)"
      R"("tags":{"type":["array","null"],"items":{"type":"string"}}},)"
      R"("required":["order","price","tags"],"additionalProperties":false})");
}

TEST(Signature, UnstatedAndCustomForms) {
  Signature signature = triage();
  signature.form = AnswerForm::unstated;
  EXPECT_EQ(system_text(signature), "You sort mail. Say which team it is for.");
  signature.form = AnswerForm::custom;
  signature.form_text = "One word.";
  EXPECT_EQ(system_text(signature), "You sort mail. Say which team it is for. One word.");
  EXPECT_EQ(system_text(Signature{}), "");
}

TEST(Signature, NamesComeBack) {
  for (const AnswerForm form : {AnswerForm::unstated, AnswerForm::label, AnswerForm::described_label,
                                AnswerForm::json, AnswerForm::custom}) {
    EXPECT_EQ(parse_answer_form(to_string(form)), form);
  }
  for (const FieldType type :
       {FieldType::text, FieldType::number, FieldType::integer, FieldType::boolean, FieldType::text_list}) {
    EXPECT_EQ(parse_field_type(to_string(type)), type);
  }
  EXPECT_FALSE(parse_answer_form("jsonn"));
}

}  // namespace
}  // namespace fulcrum
