#include "recipe/run.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/error.h"
#include "base/hash.h"
#include "retrieve/index.h"
#include "text/scripted_lm.h"

namespace fulcrum {
namespace {

RecipeInput input(std::string id, std::string text) {
  return {{std::move(id), {{"user", std::move(text)}}}, {}};
}

Recipe triage() {
  Recipe recipe;
  recipe.id = "zero_shot";
  recipe.program.signature.instruction = "Name the team.";
  recipe.program.signature.form = AnswerForm::label;
  recipe.program.signature.labels = {{"billing", ""}, {"orders", ""}, {"other team", ""}};
  recipe.program.decoding = Decoding::choose;
  return recipe;
}

Recipe answering() {
  Recipe recipe;
  recipe.id = "answers";
  recipe.program.signature.instruction = "Answer the question.";
  return recipe;
}

std::vector<Answer> run(const Recipe& recipe, LanguageModel& model, const std::vector<RecipeInput>& inputs,
                        const RunOptions& options = {}, Retriever* retriever = nullptr) {
  const CancelToken cancel;
  return run_recipe(recipe, model, retriever, inputs, options, cancel, {});
}

// Likes the label whose first letter the question holds most of.
double letter_likelihood(const ScoreRequest& request, std::string_view label) {
  const std::string& text = request.messages.back().content;
  return static_cast<double>(std::count(text.begin(), text.end(), label.front())) - 10.0;
}

TEST(RunRecipe, ChoosesTheLikeliestLabel) {
  ScriptedLM model;
  model.score_by(letter_likelihood);
  const std::vector<Answer> answers =
      run(triage(), model, {input("1", "bb o"), input("2", "ooo bb"), input("3", "zzz")});
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_EQ(answers[0].item, "1");
  EXPECT_EQ(answers[0].text, "billing");
  EXPECT_EQ(answers[1].text, "orders");  // as likely as "other team", and earlier
  EXPECT_EQ(answers[2].text, "billing");
  ASSERT_EQ(answers[1].label_scores.size(), 3u);
  EXPECT_EQ(answers[1].label_scores[0].label, "billing");
  EXPECT_EQ(answers[1].label_scores[0].log_likelihood, -8.0);
  const ScoreRequest asked = model.score_requests().front();
  EXPECT_TRUE(asked.ends_turn);
  EXPECT_EQ(asked.continuations, (std::vector<std::string>{"billing", "orders", "other team"}));
  EXPECT_EQ(asked.messages, (std::vector<Message>{
                                {"system", "Name the team. Answer with one of: billing, orders, other team."},
                                {"user", "bb o"}}));
  EXPECT_EQ(answers[0].prompt_sha256, sha256(model.render(asked.messages)));
  EXPECT_GT(answers[0].usage.prompt_tokens, 0);
  EXPECT_GT(answers[0].seconds, 0);
}

TEST(RunRecipe, RewordingChangesThePromptAndNotTheCandidates) {
  ScriptedLM model;
  model.score_by([](const ScoreRequest&, std::string_view) { return -1.0; });
  RunOptions options;
  options.rewording = 2;
  const std::vector<Answer> answers = run(triage(), model, {input("1", "x")}, options);
  EXPECT_EQ(answers[0].text, "billing");
  const ScoreRequest asked = model.score_requests().front();
  EXPECT_EQ(asked.continuations.front(), "billing");
  EXPECT_EQ(asked.messages.front().content,
            "Your task: Name the team. Answer with one of: other team, orders, billing.");
}

TEST(RunRecipe, ASampledLabelFollowsItsLikelihood) {
  ScriptedLM model;
  model.score_by(
      [](const ScoreRequest&, std::string_view label) { return std::log(label == "orders" ? 0.6 : 0.2); });
  std::vector<RecipeInput> inputs;
  for (int i = 0; i < 600; ++i) inputs.push_back(input("item " + std::to_string(i), "x"));
  RunOptions options;
  options.sampling = Sampling{};
  options.sampling->temperature = 1.0;
  options.sampling->seed = 3;
  const std::vector<Answer> answers = run(triage(), model, inputs, options);
  std::map<std::string, int> counts;
  for (const Answer& answer : answers) ++counts[answer.text];
  EXPECT_NEAR(counts["orders"], 360, 60);  // five standard deviations of a binomial draw
  EXPECT_NEAR(counts["billing"], 120, 50);
  // Who else runs does not matter, the seed does.
  EXPECT_EQ(run(triage(), model, {inputs[7]}, options)[0].text, answers[7].text);
  options.sampling->seed = 4;
  int moved = 0;
  const std::vector<Answer> others = run(triage(), model, inputs, options);
  for (std::size_t i = 0; i < answers.size(); ++i) moved += others[i].text != answers[i].text ? 1 : 0;
  EXPECT_GT(moved, 100);
}

TEST(RunRecipe, GeneratesTrimmedTextWithoutReasoning) {
  ScriptedLM model;
  model.answer_in_turn({" five days \n", "<think>5 is five</think>five"});
  const std::vector<Answer> answers =
      run(answering(), model, {input("1", "how long"), input("2", "how long?")});
  EXPECT_EQ(answers[0].text, "five days");
  EXPECT_EQ(answers[0].raw, " five days \n");
  EXPECT_EQ(answers[1].text, "five");
  EXPECT_EQ(answers[1].reasoning, "5 is five");
  EXPECT_EQ(model.generate_requests().front().max_tokens, 64);
  EXPECT_EQ(model.generate_requests().front().sampling.temperature, 0.0);
}

TEST(RunRecipe, AnswersDoNotDependOnTheBatch) {
  ScriptedLM model;
  model.answer_by([](const GenerateRequest& request) {
    return request.messages.back().content + " " + std::to_string(request.sampling.seed);
  });
  std::vector<RecipeInput> inputs;
  for (int i = 0; i < 10; ++i) inputs.push_back(input(fmt::format("i{}", i), fmt::format("q{}", i)));
  RunOptions options;
  options.sampling = Sampling{};
  options.sampling->temperature = 0.5;
  const std::vector<Answer> together = run(answering(), model, inputs, options);
  options.batch_items = 3;
  const std::vector<Answer> apart = run(answering(), model, inputs, options);
  for (std::size_t i = 0; i < inputs.size(); ++i) EXPECT_EQ(together[i].text, apart[i].text);
  EXPECT_NE(together[0].text.substr(3), together[1].text.substr(3));  // each draws from a stream of its own
}

TEST(RunRecipe, ThinksFirst) {
  ScriptedLM model;
  model.answer_by([](const GenerateRequest& request) {
    return request.stop.empty() ? "two and two</think> four" : "it says bill</think>orders";
  });
  model.score_by([](const ScoreRequest& request, std::string_view label) {
    return request.answer_prefix == "<think>it says bill</think>" && label == "billing" ? -1.0 : -2.0;
  });
  Recipe recipe = answering();
  recipe.program.reasoning = Reasoning::think_first;
  const Answer written = run(recipe, model, {input("1", "2+2")})[0];
  EXPECT_EQ(written.text, "four");
  EXPECT_EQ(written.reasoning, "two and two");
  EXPECT_EQ(model.generate_requests()[0].answer_prefix, "<think>");
  EXPECT_EQ(model.generate_requests()[0].max_tokens, 64 + 96);

  recipe = triage();
  recipe.program.reasoning = Reasoning::think_first;
  const Answer chosen = run(recipe, model, {input("1", "x")})[0];
  EXPECT_EQ(chosen.text, "billing");
  EXPECT_EQ(chosen.reasoning, "it says bill");
  EXPECT_EQ(chosen.raw, "<think>it says bill</think>billing");
  EXPECT_GT(chosen.usage.completion_tokens, 3);
}

TEST(RunRecipe, HoldsTheAnswerToASchemaAndLeavesTheReasoningFree) {
  ScriptedLM model;
  model.answer_by([](const GenerateRequest& request) {
    return request.json_schema.empty() ? std::string("two and two</think> four") : std::string("4");
  });
  Recipe recipe = answering();
  RunOptions options;
  options.json_schema = R"({"type": "integer"})";
  EXPECT_EQ(run(recipe, model, {input("1", "2+2")}, options)[0].text, "4");

  recipe.program.reasoning = Reasoning::think_first;
  std::string streamed;
  options.on_text = [&](std::string_view piece) { streamed += piece; };
  const Answer answer = run(recipe, model, {input("1", "2+2")}, options)[0];
  EXPECT_EQ(answer.text, "4");
  EXPECT_EQ(answer.reasoning, "two and two");
  EXPECT_EQ(answer.raw, "<think>two and two</think>4");
  EXPECT_EQ(streamed, "4");
  const auto requests = model.generate_requests();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(requests[1].json_schema, "");
  EXPECT_EQ(requests[1].max_tokens, 96);
  EXPECT_EQ(requests[2].answer_prefix, "<think>two and two</think>");
  EXPECT_EQ(requests[2].max_tokens, 64);
}

TEST(RunRecipe, TheCommonestOfSeveralSamplesWins) {
  ScriptedLM model;
  model.answer_in_turn({"four", "five", "five ", "a", "b", "c"});
  Recipe recipe = answering();
  recipe.program.votes = 3;
  const std::vector<Answer> answers = run(recipe, model, {input("1", "x"), input("2", "y")});
  EXPECT_EQ(answers[0].text, "five");
  EXPECT_EQ(answers[0].agreeing, 2);
  EXPECT_EQ(answers[1].text, "a");
  EXPECT_EQ(answers[1].agreeing, 1);
  const std::vector<GenerateRequest> asked = model.generate_requests();
  ASSERT_EQ(asked.size(), 6u);
  EXPECT_GT(asked[0].sampling.temperature, 0.0);
  EXPECT_NE(asked[0].sampling.seed, asked[1].sampling.seed);
}

TEST(RunRecipe, APromptThatDoesNotFitNamesItsItemAndTheExcess) {
  ModelInfo info;
  info.name = "tiny";
  info.context_tokens = 80;
  ScriptedLM model(info);
  model.answer_by([](const GenerateRequest&) { return "x"; });
  std::string text = "w";
  while (model.count_tokens(std::vector<Message>{{"system", "Answer the question."}, {"user", text}}) <
         80 - 64)
    text += " w";
  EXPECT_NO_THROW(run(answering(), model, {input("test:4", text)}));
  try {
    run(answering(), model, {input("test:3", "short"), input("test:4", text + " w w w")});
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::too_large);
    const std::string message = error.what();
    EXPECT_NE(message.find("item 'test:4' has 19 tokens"), std::string::npos) << message;
    EXPECT_NE(message.find("holds 80: 3 too many"), std::string::npos) << message;
  }
}

TEST(RunRecipe, StreamsWhatWillBeTheAnswer) {
  ScriptedLM model;
  model.answer_in_turn({" one two", "<think>a b</think> c <d e", "x y"});
  model.score_by([](const ScoreRequest&, std::string_view) { return -1.0; });
  std::vector<std::string> pieces;
  RunOptions options;
  options.on_text = [&](std::string_view piece) { pieces.emplace_back(piece); };
  run(answering(), model, {input("1", "q")}, options);
  EXPECT_EQ(pieces, (std::vector<std::string>{"one", " two"}));
  pieces.clear();
  const Answer answer = run(answering(), model, {input("1", "q")}, options)[0];
  std::string all;
  for (const std::string& piece : pieces) all += piece;
  EXPECT_EQ(answer.text, "c <d e");
  EXPECT_EQ(all, answer.text);
  EXPECT_GT(pieces.size(), 1u);
  pieces.clear();
  run(triage(), model, {input("1", "q")}, options);
  EXPECT_EQ(pieces, (std::vector<std::string>{"billing"}));
  EXPECT_THROW(run(answering(), model, {input("1", "q"), input("2", "q")}, options), Error);
}

TEST(RunRecipe, UsesItsAdapterAndRefusesToRunUntrained) {
  ScriptedLM model;
  model.score_by([](const ScoreRequest&, std::string_view) { return -1.0; });
  Recipe recipe = triage();
  recipe.tune = TuneSettings{};
  EXPECT_THROW(run(recipe, model, {input("1", "x")}), Error);
  recipe.adapter = AdapterReference{"somewhere", std::string(64, 'c')};
  model.load_adapter(adapter_name(recipe), "somewhere");
  run(recipe, model, {input("1", "x")});
  EXPECT_EQ(model.score_requests().front().adapter, "adapter-cccccccccccccccc");
}

TEST(RunRecipe, ReportsProgressAndStops) {
  ScriptedLM model;
  CancelToken cancel;
  model.answer_by([](const GenerateRequest&) { return "x"; });
  std::vector<std::uint64_t> done;
  const auto progress = [&](const Progress& report) {
    done.push_back(report.done);
    EXPECT_EQ(report.total, 5u);
    if (report.done == 4) cancel.cancel();
  };
  std::vector<RecipeInput> inputs;
  for (int i = 0; i < 5; ++i) inputs.push_back(input(std::to_string(i), "q"));
  RunOptions options;
  options.batch_items = 2;
  try {
    run_recipe(answering(), model, nullptr, inputs, options, cancel, progress);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::cancelled);
  }
  EXPECT_EQ(done, (std::vector<std::uint64_t>{2, 4}));
}

class RetrievalRunTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        Path(testing::TempDir()) / fmt::format("fulcrum-run-{}-{}", getpid(),
                                               testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder_);
    write_file_atomic(folder_ / "refunds.md", "Refunds take 5 days.\n");
    write_file_atomic(folder_ / "shipping.md", "Parcels leave on Monday.\n");
    IndexSettings settings;
    settings.documents = folder_;
    index_ = Index::open(":memory:", settings);
    recipe_ = answering();
    recipe_.program.passages = 2;
    // Reads the first document aloud.
    model_.answer_by([](const GenerateRequest& request) {
      const std::string& text = request.messages.back().content;
      return text.substr(0, text.find("</doc>"));
    });
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Path folder_;
  std::unique_ptr<Index> index_;
  Recipe recipe_;
  ScriptedLM model_;
};

TEST_F(RetrievalRunTest, GivesPassagesAndSaysWhichTheyWere) {
  const Answer answer = run(recipe_, model_, {input("1", "how long do refunds take?")}, {}, index_.get())[0];
  EXPECT_EQ(model_.generate_requests()[0].messages.back().content,
            "<doc>[1] Refunds take 5 days.</doc>how long do refunds take?");
  EXPECT_EQ(answer.text, "<doc>[1] Refunds take 5 days.");
  ASSERT_EQ(answer.sources.size(), 1u);
  EXPECT_EQ(answer.sources[0].id, "refunds.md#0");
  EXPECT_EQ(answer.sources[0].end_bytes, 20u);
  EXPECT_GT(answer.sources[0].score, 0);
  EXPECT_THROW(run(recipe_, model_, {input("1", "x")}), Error);  // no index
}

TEST_F(RetrievalRunTest, ADocumentChangedOnDiskChangesTheNextAnswer) {
  const std::vector<RecipeInput> inputs = {input("1", "how long do refunds take?")};
  const Answer before = run(recipe_, model_, inputs, {}, index_.get())[0];
  write_file_atomic(folder_ / "refunds.md", "Refunds take 9 days.\n");
  const Answer after = run(recipe_, model_, inputs, {}, index_.get())[0];
  EXPECT_EQ(after.text, "<doc>[1] Refunds take 9 days.");
  EXPECT_NE(after.prompt_sha256, before.prompt_sha256);
}

TEST_F(RetrievalRunTest, GoldPassagesComeFromTheItem) {
  RecipeInput item = input("1", "how long do refunds take?");
  item.gold_documents = {"shipping.md"};
  RunOptions options;
  options.passages = PassageSource::gold;
  EXPECT_EQ(run(recipe_, model_, {item}, options, index_.get())[0].text, "<doc>[1] Parcels leave on Monday.");
}

TEST_F(RetrievalRunTest, OfALongGoldDocumentTheChunkThatFitsTheQuestionIsGiven) {
  std::string text;
  for (const char* about : {"opening", "parking", "catering"}) {
    text += fmt::format("# The {0}\n\nHere is all about the {0}.", about);
    for (int i = 0; i < 90; ++i) text += " word";
    text += "\n\n";
  }
  write_file_atomic(folder_ / "long.md", text);
  index_->refresh();
  ASSERT_EQ(index_->passages_of(std::vector<std::string>{"long.md"}).size(), 3u);
  RecipeInput item = input("1", "who does the catering?");
  item.gold_documents = {"long.md"};
  recipe_.program.passages = 1;
  RunOptions options;
  options.passages = PassageSource::gold;
  const Answer answer = run(recipe_, model_, {item}, options, index_.get())[0];
  ASSERT_EQ(answer.sources.size(), 1u);
  EXPECT_EQ(answer.sources[0].id, "long.md#2");
}

}  // namespace
}  // namespace fulcrum
