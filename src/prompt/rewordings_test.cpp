#include "prompt/rewordings.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/error.h"

namespace fulcrum {
namespace {

PromptProgram triage(AnswerForm form) {
  PromptProgram program;
  program.signature.system = "You sort mail.";
  program.signature.instruction = "Name the team.";
  program.signature.form = form;
  program.signature.labels = {{"a", ""}, {"b", ""}, {"c", ""}, {"d", ""}};
  program.signature.fields = {{"order", "order number", FieldType::text}};
  program.demonstrations = {{"1", "in", "out", {}}};
  program.shown = 1;
  return program;
}

TEST(Rewordings, AllDifferAndAllAskTheSame) {
  for (const AnswerForm form : {AnswerForm::unstated, AnswerForm::label, AnswerForm::json}) {
    const PromptProgram program = triage(form);
    EXPECT_EQ(reword(program, 0), program);
    std::set<std::string> texts;
    for (int variant = 0; variant <= kRewordings; ++variant) {
      const PromptProgram reworded = reword(program, variant);
      const std::string text = system_text(reworded.signature);
      texts.insert(text);
      EXPECT_NE(text.find("You sort mail."), std::string::npos) << text;
      EXPECT_NE(text.find("Name the team."), std::string::npos) << text;
      if (form == AnswerForm::label) {
        const std::string list = text.substr(text.find("Answer with one of: "));
        for (const char* label : {" a", " b", " c", " d"})
          EXPECT_NE(list.find(label), std::string::npos) << text;
      }
      if (form == AnswerForm::json) {
        EXPECT_NE(text.find(R"({"order": "order number"})"), std::string::npos) << text;
      }
      EXPECT_EQ(reworded.demonstrations, program.demonstrations);
      EXPECT_EQ(reworded, reword(program, variant));
    }
    EXPECT_EQ(texts.size(), static_cast<std::size_t>(kRewordings) + 1) << to_string(form);
  }
}

TEST(Rewordings, TheTasksOwnWordsComeFirst) {
  PromptProgram program = triage(AnswerForm::label);
  program.rewordings = {"Which team is this for?", "Say the team."};
  EXPECT_EQ(reword(program, 1).signature.instruction, "Which team is this for?");
  EXPECT_EQ(reword(program, 2).signature.instruction, "Say the team.");
  EXPECT_NE(reword(program, 3).signature.instruction.find("Name the team."), std::string::npos);
}

TEST(Rewordings, ThereAreFive) {
  EXPECT_THROW(reword(triage(AnswerForm::label), -1), Error);
  EXPECT_THROW(reword(triage(AnswerForm::label), kRewordings + 1), Error);
}

}  // namespace
}  // namespace fulcrum
