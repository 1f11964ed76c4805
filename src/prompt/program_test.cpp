#include "prompt/program.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace fulcrum {
namespace {

PromptProgram triage() {
  PromptProgram program;
  program.name = "triage";
  program.signature.system = "You sort mail.";
  program.signature.instruction = "Name the team.";
  program.demonstrations = {{"train:1", "late parcel", "orders", {}},
                            {"train:2", "wrong bill", "billing", {"Bills are monthly."}}};
  program.shown = 2;
  return program;
}

PromptInput question(std::string text) {
  return {"test:1", {{"user", std::move(text)}}};
}

TEST(Program, SystemThenDemonstrationsThenTheQuestionBehindItsPassages) {
  const std::vector<std::string> passages = {"First.", "Second."};
  EXPECT_EQ(build_messages(triage(), question("where is it?"), passages, nullptr),
            (std::vector<Message>{{"system", "You sort mail. Name the team."},
                                  {"user", "late parcel"},
                                  {"assistant", "orders"},
                                  {"user", "<doc>[1] Bills are monthly.</doc>wrong bill"},
                                  {"assistant", "billing"},
                                  {"user", "<doc>[1] First.</doc><doc>[2] Second.</doc>where is it?"}}));
}

TEST(Program, ReasoningIsAskedFor) {
  PromptProgram program = triage();
  program.reasoning = Reasoning::think_first;
  EXPECT_EQ(build_messages(program, question("x"), {}, nullptr).front().content,
            "You sort mail. Name the team. Think step by step before you answer.");
}

TEST(Program, EarlierTurnsStayAndTheInputsSystemTurnYields) {
  const PromptInput input{"i", {{"system", "Be brief."}, {"user", "a"}, {"assistant", "b"}, {"user", "c"}}};
  PromptProgram program = triage();
  program.demonstrations.clear();
  program.shown = 0;
  const std::vector<std::string> passages = {"P"};
  EXPECT_EQ(build_messages(program, input, passages, nullptr),
            (std::vector<Message>{{"system", "You sort mail. Name the team."},
                                  {"user", "a"},
                                  {"assistant", "b"},
                                  {"user", "<doc>[1] P</doc>c"}}));
  program.signature.system.clear();
  EXPECT_EQ(build_messages(program, input, {}, nullptr).front().content, "Be brief. Name the team.");
}

TEST(Program, AnExampleIsNeverItsOwnDemonstration) {
  PromptInput input = question("late parcel");
  input.id = "train:1";
  EXPECT_EQ(build_messages(triage(), input, {}, nullptr).size(), 4u);
  PromptProgram program = triage();
  program.choice = DemonstrationChoice::nearest;
  program.shown = 1;
  const DemonstrationFinder finder(program.demonstrations);
  EXPECT_EQ(build_messages(program, input, {}, &finder)[2].content, "billing");
  input.id = "test:1";
  EXPECT_EQ(build_messages(program, input, {}, &finder)[2].content, "orders");
  EXPECT_EQ(build_messages(program, input, {}, &finder).size(), 4u);
}

TEST(Program, AnInputMustEndWithTheUser) {
  try {
    build_messages(triage(), {"test:9", {{"user", "a"}, {"assistant", "b"}}}, {}, nullptr);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_NE(std::string(error.what()).find("test:9"), std::string::npos);
  }
  EXPECT_THROW(build_messages(triage(), {"e", {}}, {}, nullptr), Error);
}

TEST(Answers, ReasoningIsTakenOut) {
  const struct {
    const char *raw, *text, *reasoning;
  } cases[] = {
      {" orders \n", "orders", ""},
      {"<think> 2+2 is 4 </think> 4", "4", "2+2 is 4"},
      {"<think>never closed", "", "never closed"},
      {"a <think>x</think>b<think>y</think>", "a b", "x\ny"},
      {"", "", ""},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(parse_answer(c.raw).text, c.text) << c.raw;
    EXPECT_EQ(parse_answer(c.raw).reasoning, c.reasoning) << c.raw;
  }
}

TEST(Answers, TheCommonestWinsAndTheEarlierOfEquals) {
  const std::vector<std::string> answers = {"a", "b", "b", "c", "a"};
  const Vote won = vote(answers);
  EXPECT_EQ(won.text, "a");
  EXPECT_EQ(won.first, 0u);
  EXPECT_EQ(won.agreeing, 2);
  EXPECT_EQ(vote(std::vector<std::string>{"x", "y", "y"}).first, 1u);
}

TEST(Program, NamesComeBack) {
  for (const Reasoning value : {Reasoning::direct, Reasoning::think_first})
    EXPECT_EQ(parse_reasoning(to_string(value)), value);
  for (const Decoding value : {Decoding::generate, Decoding::choose})
    EXPECT_EQ(parse_decoding(to_string(value)), value);
  for (const DemonstrationChoice value : {DemonstrationChoice::fixed, DemonstrationChoice::nearest}) {
    EXPECT_EQ(parse_demonstration_choice(to_string(value)), value);
  }
  EXPECT_FALSE(parse_reasoning("thinking"));
}

}  // namespace
}  // namespace fulcrum
