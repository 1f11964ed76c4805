#include "prompt/edits.h"

#include <gtest/gtest.h>

namespace fulcrum {
namespace {

TEST(PromptEdits, SentencesAreNotTornInsideBracesOrQuotes) {
  EXPECT_EQ(sentences_of("You help. Say \"No. Yes.\" or so! Answer with JSON: {\"a\": \"one. two\"}."),
            (std::vector<std::string>{"You help.", "Say \"No. Yes.\" or so!",
                                      "Answer with JSON: {\"a\": \"one. two\"}."}));
  EXPECT_EQ(sentences_of("v1.2 is out"), std::vector<std::string>{"v1.2 is out"});
  EXPECT_TRUE(sentences_of("  ").empty());
}

TEST(PromptEdits, EachSentenceIsLeftOutAndTheOrderChanged) {
  PromptProgram program;
  program.signature.system = "You help.";
  program.signature.instruction = "Say which team.";
  program.signature.form = AnswerForm::label;
  program.signature.labels = {{"a", ""}, {"b", ""}};
  const auto edits = edits_of(program);
  std::vector<std::string> texts;
  for (const PromptEdit& edit : edits) {
    texts.push_back(system_text(edit.program.signature));
    EXPECT_EQ(edit.program.signature.labels, program.signature.labels);  // what may be chosen stays
  }
  EXPECT_EQ(texts, (std::vector<std::string>{
                       "Say which team. Answer with one of: a, b.", "You help. Answer with one of: a, b.",
                       "You help. Say which team.", "Answer with one of: a, b. Say which team. You help.",
                       "Answer with one of: a, b. You help. Say which team."}));
  EXPECT_EQ(edits[0].what, "without \"You help.\"");
}

TEST(PromptEdits, OneSentenceLeavesNothingToEdit) {
  PromptProgram program;
  program.signature.instruction = "Translate.";
  EXPECT_TRUE(edits_of(program).empty());
  program.signature.system = "You help.";
  EXPECT_EQ(edits_of(program).size(), 3u);  // reversed and rotated are the same of two
}

}  // namespace
}  // namespace fulcrum
