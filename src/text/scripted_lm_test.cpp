#include "text/scripted_lm.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

namespace fulcrum {
namespace {

GenerateRequest ask(std::string question) {
  GenerateRequest request;
  request.messages = {{"user", std::move(question)}};
  return request;
}

Generation one(LanguageModel& model, const GenerateRequest& request) {
  CancelToken cancel;
  return model.generate({&request, 1}, cancel).at(0);
}

TEST(ScriptedLM, takes_the_first_rule_then_the_list_then_the_function) {
  ScriptedLM model;
  model.when_prompt_is("<|user|>exact<|end|><|assistant|>", "whole")
      .when_prompt_contains("card", "part")
      .answer_in_turn({"first", "second"})
      .answer_by([](const GenerateRequest& request) { return "echo " + request.messages.back().content; });
  EXPECT_EQ(one(model, ask("exact")).text, "whole");
  EXPECT_EQ(one(model, ask("lost card")).text, "part");
  EXPECT_EQ(one(model, ask("x")).text, "first");
  EXPECT_EQ(one(model, ask("x")).text, "second");
  EXPECT_EQ(one(model, ask("x")).text, "echo x");
  EXPECT_EQ(model.generate_requests().size(), 5u);
  EXPECT_EQ(model.generate_requests()[1].messages[0].content, "lost card");
  ScriptedLM silent;
  EXPECT_THROW(one(silent, ask("x")), Error);
}

TEST(ScriptedLM, keeps_the_contract_of_a_model) {
  ModelInfo info;
  info.name = "small";
  info.context_tokens = 12;
  ScriptedLM model(info);
  model.answer_by([](const GenerateRequest&) { return "one two three four"; });
  GenerateRequest request = ask("a b c");
  request.max_tokens = 3;
  std::string streamed;
  request.on_text = [&](std::string_view text) { streamed += text; };
  Generation result = one(model, request);
  EXPECT_EQ(result.text, "one two three");
  EXPECT_EQ(streamed, result.text);
  EXPECT_EQ(result.finish_reason, FinishReason::length);
  EXPECT_EQ(result.usage.completion_tokens, 3);
  EXPECT_EQ(result.usage.prompt_tokens, 3);
  EXPECT_GT(result.seconds, result.seconds_to_first_token);
  EXPECT_EQ(result.token_log_likelihoods.size(), 3u);

  request.stop = {" three"};
  result = one(model, request);
  EXPECT_EQ(result.text, "one two");
  EXPECT_EQ(result.finish_reason, FinishReason::stop);

  request.max_tokens = 10;
  try {
    one(model, request);
    FAIL() << "expected too_large";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::too_large);
  }
  request.max_tokens = 3;
  request.adapter = "tuned";
  EXPECT_THROW(one(model, request), Error);
  model.load_adapter("tuned", "folder");
  EXPECT_EQ(one(model, request).text, "one two");
  CancelToken cancel;
  cancel.cancel();
  EXPECT_THROW(model.generate({&request, 1}, cancel), Error);
}

TEST(ScriptedLM, a_schema_is_kept_or_unsupported) {
  ScriptedLM model;
  model.answer_in_turn({R"({"count": 4})", R"({"count": "4"})", "four"});
  GenerateRequest request;
  request.messages = {{"user", "how many"}};
  request.json_schema = R"({"type": "object", "properties": {"count": {"type": "integer"}}})";
  EXPECT_EQ(one(model, request).text, R"({"count": 4})");
  for (int i = 0; i < 2; ++i) {
    try {
      one(model, request);
      ADD_FAILURE() << "an answer that does not satisfy the schema";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::unsupported);
    }
  }
}

TEST(ScriptedLM, scores_by_the_function) {
  ScriptedLM model;
  model.score_by([](const ScoreRequest&, std::string_view continuation) {
    return continuation == "good" ? -1.0 : -2.0;
  });
  ScoreRequest request;
  request.messages = {{"user", "how"}};
  request.continuations = {"good", "not good"};
  CancelToken cancel;
  const Scores scores = model.score({&request, 1}, cancel).at(0);
  EXPECT_EQ(scores.continuations[0].log_likelihood, -1.0);
  EXPECT_EQ(scores.continuations[1].tokens, 3);  // two words and the end of the turn
  EXPECT_EQ(model.score_requests().size(), 1u);
}

TEST(ScriptedTuner, writes_a_folder_and_records_the_request) {
  const Path folder =
      std::filesystem::temp_directory_path() / ("scripted_tuner_test_" + std::to_string(getpid()));
  ScriptedTuner tuner;
  TuneRequest request;
  request.train = {{{{"user", "a b"}, {"assistant", "c d e"}}, {0, 1}}};
  request.output_folder = (folder / "adapter").string();
  request.max_epochs = 2;
  CancelToken cancel;
  int reports = 0;
  const TuneResult result = tuner.tune(
      request, [&](const Progress&) { ++reports; }, cancel);
  EXPECT_EQ(reports, 2);
  EXPECT_EQ(result.trained_tokens, 6);
  EXPECT_TRUE(std::filesystem::exists(folder / "adapter/adapter_config.json"));
  EXPECT_EQ(result.sha256.size(), 64u);
  EXPECT_EQ(tuner.requests().size(), 1u);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace fulcrum
