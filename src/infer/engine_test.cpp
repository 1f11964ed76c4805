#include "infer/engine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <thread>

#include "base/error.h"
#include "base/json.h"
#include "base/random.h"
#include "base/unicode.h"
#include "model/adapter.h"
#include "model/tiny_model.h"
#include "model/transformer.h"
#include "tensor/ops.h"
#include "text/chat_template.h"
#include "text/json_schema.h"

namespace fulcrum {
namespace {

const CancelToken kNever;

// ---- Weights that no one here made ----

TEST(EngineStories, TellsTheReferencesStory) {
  const Path folder = Path(FULCRUM_SHARED_DIR) / "data" / "stories260k";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is absent";
  std::ifstream file(folder / "golden" / "greedy_text.txt");
  const std::string golden{std::istreambuf_iterator<char>(file), {}};
  ASSERT_GT(golden.size(), 400U);

  EngineOptions options;
  options.chat_template = "{% for message in messages %}{{ message['content'] }}{% endfor %}";
  for (const char* checkpoint : {"checkpoint_legacy.bin", "checkpoint_v1.bin"}) {
    const auto engine = Engine::load(folder / checkpoint, options);
    GenerateRequest request;
    request.messages = {{"user", ""}};
    request.max_tokens = 257;  // the reference's text holds one token more than its list
    const Generation story = engine->generate(std::span(&request, 1), kNever).at(0);
    EXPECT_EQ(story.usage.prompt_tokens, 1);
    EXPECT_EQ(story.text + "\n", golden) << checkpoint;
  }
}

// ---- A tiny model with random weights ----

class EngineTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = Path(testing::TempDir()) /
              ("engine_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    for (std::uint64_t seed : {1, 2})
      write_adapter(random_adapter(seed), model_.config, adapter_folder(seed));
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Path adapter_folder(std::uint64_t seed) const { return folder_ / (fmt::format("adapter{}", seed)); }

  LoraAdapter random_adapter(std::uint64_t seed) const {
    Random random(seed);
    LoraAdapter adapter;
    adapter.rank = 4;
    adapter.alpha = 16;
    for (std::int64_t layer = 0; layer < model_.config.n_layers; ++layer) {
      for (const LinearModule module : kLinearModules) {
        const Shape shape = linear_shape(model_.config, module);
        LoraPair pair{layer, module, adapter.rank, adapter.alpha, {}, {}};
        for (std::int64_t i = 0; i < adapter.rank * shape[1]; ++i)
          pair.a.push_back(static_cast<float>(random.normal()) * 0.2F);
        for (std::int64_t i = 0; i < adapter.rank * shape[0]; ++i)
          pair.b.push_back(static_cast<float>(random.normal()) * 0.2F);
        adapter.pairs.push_back(std::move(pair));
      }
    }
    return adapter;
  }

  std::unique_ptr<Engine> make(const EngineOptions& options) const {
    auto engine = std::make_unique<Engine>(model_, options);
    engine->load_adapter("first", adapter_folder(1));
    engine->load_adapter("second", adapter_folder(2));
    return engine;
  }
  std::unique_ptr<Engine> make() const {
    EngineOptions options;
    options.threads = 1;
    return make(options);
  }

  static GenerateRequest ask(std::string question) {
    GenerateRequest request;
    request.messages = {{"system", "Answer with one of: red, green, blue."}, {"user", std::move(question)}};
    request.max_tokens = 12;
    return request;
  }

  static std::vector<GenerateRequest> mixed_requests() {
    std::vector<GenerateRequest> requests;
    for (int i = 0; i < 24; ++i) {
      GenerateRequest& request = requests.emplace_back(ask(fmt::format("question number {}", i * 7919 % 31)));
      request.adapter = i % 4 == 1 ? "first" : i % 4 == 3 ? "second" : "";
      if (i % 5 == 2)
        request.sampling = {
            .temperature = 1.0, .top_k = 50, .top_p = 0.9, .seed = static_cast<std::uint64_t>(i)};
      if (i % 7 == 3) request.answer_prefix = "the re";
      request.max_tokens = 5 + i % 9;
    }
    return requests;
  }

  static std::vector<ScoreRequest> mixed_scores() {
    std::vector<ScoreRequest> requests;
    for (int i = 0; i < 8; ++i) {
      ScoreRequest& request = requests.emplace_back();
      request.messages = ask(fmt::format("question number {}", i)).messages;
      request.continuations = {"red", "green", "blue and the others", "r", "the", "red lost"};
      request.adapter = i % 3 == 1 ? "first" : "";
      request.answer_prefix = i % 4 == 3 ? "it is " : "";
      request.ends_turn = i % 2 == 0;
    }
    return requests;
  }

  static ErrorCode code_of(const std::function<void()>& work) {
    try {
      work();
    } catch (const Error& error) {
      return error.code();
    }
    ADD_FAILURE() << "no error was thrown";
    return ErrorCode::internal;
  }

  ModelFile model_ = make_tiny_model({});
  Path folder_;
};

TEST_F(EngineTest, AnswersAreTheSameBitsAloneAndInAnyCompany) {
  const auto requests = mixed_requests();
  std::vector<Generation> alone;
  {
    EngineOptions options;
    options.threads = 1;
    const auto engine = make(options);
    for (const GenerateRequest& request : requests) {
      engine->clear_cache();
      alone.push_back(engine->generate(std::span(&request, 1), kNever).at(0));
      EXPECT_EQ(alone.back().usage.cached_tokens, 0);
    }
  }
  struct Way {
    int threads;
    std::int64_t in_flight, step_tokens;
  };
  for (const Way& way : {Way{1, 32, 64}, Way{2, 32, 16}, Way{2, 3, 64}, Way{4, 32, 100000}, Way{1, 7, 1}}) {
    EngineOptions options;
    options.threads = way.threads;
    options.scheduler.max_in_flight = way.in_flight;
    options.scheduler.step_tokens = way.step_tokens;
    const auto engine = make(options);
    // The second time the prompts come from the cache.
    for (const bool warm : {false, true}) {
      const auto together = engine->generate(requests, kNever);
      for (std::size_t i = 0; i < requests.size(); ++i) {
        ASSERT_EQ(together[i].text, alone[i].text)
            << i << " with " << way.threads << ", " << way.in_flight << ", " << way.step_tokens;
        ASSERT_EQ(together[i].token_log_likelihoods, alone[i].token_log_likelihoods) << i;
        ASSERT_EQ(together[i].finish_reason, alone[i].finish_reason) << i;
        EXPECT_TRUE(!warm || together[i].usage.cached_tokens > 0) << i;
      }
    }
  }
}

// ---- Answers that are held to a JSON Schema ----

constexpr const char* kOrderSchema =
    R"({"type": "object", "properties": {"order": {"type": ["string", "null"]},
    "count": {"type": "integer", "minimum": 0}, "tags": {"type": "array", "items": {"enum": ["red", "blue"]}}},
    "required": ["order", "count", "tags"], "additionalProperties": false})";

TEST_F(EngineTest, HeldAnswersAreDocumentsOfTheirSchemaAndChangeNobodyElses) {
  auto requests = mixed_requests();
  const auto engine = make();
  const auto free = engine->generate(requests, kNever);
  std::vector<std::size_t> held;
  for (std::size_t i = 0; i < requests.size(); i += 2) {
    requests[i].json_schema = i % 4 == 0 ? kOrderSchema : R"({"type": ["integer", "boolean"]})";
    requests[i].max_tokens = 60;
    held.push_back(i);
  }
  std::vector<Generation> alone;
  for (const GenerateRequest& request : requests) {
    engine->clear_cache();
    alone.push_back(engine->generate(std::span(&request, 1), kNever).at(0));
  }
  for (const std::int64_t in_flight : {32, 3}) {
    EngineOptions options;
    options.scheduler.max_in_flight = in_flight;
    const auto together = make(options)->generate(requests, kNever);
    for (std::size_t i = 0; i < requests.size(); ++i) {
      EXPECT_EQ(together[i].text, alone[i].text) << i;
      EXPECT_EQ(together[i].token_log_likelihoods, alone[i].token_log_likelihoods) << i;
      if (!requests[i].json_schema.empty()) continue;
      EXPECT_EQ(together[i].text, free[i].text) << i;
      EXPECT_EQ(together[i].token_log_likelihoods, free[i].token_log_likelihoods) << i;
    }
  }
  for (const std::size_t i : held) {
    EXPECT_EQ(alone[i].finish_reason, FinishReason::stop);
    const JsonSchema schema = JsonSchema::parse(parse_json(requests[i].json_schema, "schema"));
    EXPECT_TRUE(schema.accepts(parse_json(alone[i].text, "answer"))) << alone[i].text;
  }
}

TEST_F(EngineTest, AHeldAnswerEndsWithinItsTokens) {
  const auto engine = make();
  GenerateRequest request = ask("write");
  request.json_schema = kOrderSchema;
  const JsonSchema schema = JsonSchema::parse(parse_json(kOrderSchema, "schema"));
  // The shortest document: {"order":"","count":0,"tags":[]}
  for (const int max_tokens : {32, 33, 40, 60}) {
    for (const double temperature : {0.0, 1.5}) {
      request.max_tokens = max_tokens;
      request.sampling.temperature = temperature;
      const Generation answer = engine->generate(std::span(&request, 1), kNever).at(0);
      EXPECT_EQ(answer.finish_reason, FinishReason::stop);
      EXPECT_LE(answer.usage.completion_tokens, max_tokens);
      EXPECT_TRUE(schema.accepts(parse_json(answer.text, "answer"))) << answer.text;
    }
  }
  // Without the room it is cut, and what there is is right so far.
  request.max_tokens = 5;
  request.sampling = {};
  const Generation cut = engine->generate(std::span(&request, 1), kNever).at(0);
  EXPECT_EQ(cut.finish_reason, FinishReason::length);
  EXPECT_TRUE(cut.text.starts_with("{"));
}

// The bundled model on complaints that it was not trained on, with and without the form in its prompt.
TEST(EngineBundled, AnExtractionIsAlwaysADocumentOfItsSchema) {
  const Path source = FULCRUM_SOURCE_DIR;
  EngineOptions options;
  options.threads = 1;
  const auto engine = Engine::load(source / "models/fulcrum-base.gguf", options);
  constexpr const char* kSchema = R"({"type": "object", "properties": {"order": {"type": ["string", "null"]},
      "plant": {"type": ["string", "null"]}, "count": {"type": ["integer", "null"]}, "city": {"type": ["string", "null"]}},
      "required": ["order", "plant", "count", "city"], "additionalProperties": false})";
  const JsonSchema schema = JsonSchema::parse(parse_json(kSchema, "schema"));
  std::ifstream file(source / "examples/support-desk/extract/test.jsonl");
  std::vector<GenerateRequest> requests;
  for (std::string line; requests.size() < 24 && std::getline(file, line);) {
    GenerateRequest& request = requests.emplace_back();
    request.messages = {
        {"system", requests.size() % 2 == 0 ? "Take the facts from the message." : "You tell stories."},
        {"user", parse_json(line, "line")["messages"][0]["content"].get<std::string>()}};
    request.max_tokens = 72;
    request.json_schema = kSchema;
    if (requests.size() % 3 == 0) {
      request.sampling.temperature = 1.2;
      request.sampling.seed = requests.size();
    }
  }
  ASSERT_EQ(requests.size(), 24U);
  for (const Generation& answer : engine->generate(requests, kNever)) {
    EXPECT_EQ(answer.finish_reason, FinishReason::stop);
    const auto problems = schema.problems(parse_json(answer.text, "answer"));
    EXPECT_TRUE(problems.empty()) << answer.text << ": " << problems[0].what;
  }
}

TEST_F(EngineTest, ScoresAreTheSameBitsAloneAndInAnyCompany) {
  const auto requests = mixed_scores();
  std::vector<Scores> alone;
  const auto engine = make();
  for (const ScoreRequest& request : requests) {
    engine->clear_cache();
    alone.push_back(engine->score(std::span(&request, 1), kNever).at(0));
  }
  for (const std::int64_t step_tokens : {1, 16, 100000}) {
    EngineOptions options;
    options.scheduler.step_tokens = step_tokens;
    const auto together = make(options)->score(requests, kNever);
    for (std::size_t i = 0; i < requests.size(); ++i) {
      for (std::size_t c = 0; c < requests[i].continuations.size(); ++c) {
        EXPECT_EQ(together[i].continuations[c].log_likelihood, alone[i].continuations[c].log_likelihood)
            << i << ", " << c;
        EXPECT_EQ(together[i].continuations[c].tokens, alone[i].continuations[c].tokens);
      }
    }
  }
}

// The readable way: the whole conversation as training sees it, one forward pass, sums in f64.
TEST_F(EngineTest, ScoresAreTheLikelihoodsOfTheTokensThatTrainingLearns) {
  const auto engine = make();
  const Transformer transformer(model_.config, model_.weights);
  const ChatTemplate chat_template = ChatTemplate::parse(model_.vocabulary.chat_template, "<s>", "<|end|>");
  ScoreRequest request;
  request.messages = ask("which colour?").messages;
  request.continuations = {"red", "green and blue", "the"};
  const Scores scores = engine->score(std::span(&request, 1), kNever).at(0);
  for (std::size_t c = 0; c < request.continuations.size(); ++c) {
    auto messages = request.messages;
    messages.push_back({"assistant", request.continuations[c]});
    const EncodedConversation whole = encode_conversation(messages, chat_template, engine->tokenizer());
    const auto answer = whole.answers.back();
    KvCache cache(model_.config, transformer.cache_dtype(), 16, 1 << 24);
    KvSequence sequence(cache);
    ForwardBuffers buffers;
    const SequenceStep step{whole.ids, &sequence, nullptr, static_cast<std::int64_t>(whole.ids.size())};
    const ConstMatrix logits = transformer.forward(std::span(&step, 1), buffers);
    double sum = 0;
    for (std::int64_t i = answer.begin; i < answer.end; ++i) {
      const std::span row(logits.row(i - 1), static_cast<std::size_t>(logits.columns));
      sum += static_cast<double>(row[static_cast<std::size_t>(whole.ids[static_cast<std::size_t>(i)])]) -
             log_sum_exp(row);
    }
    EXPECT_EQ(scores.continuations[c].tokens, answer.end - answer.begin);
    EXPECT_DOUBLE_EQ(scores.continuations[c].log_likelihood, sum);
  }
}

TEST_F(EngineTest, EndingTheTurnIsPartOfTheScoreWhenAskedFor) {
  const auto engine = make();
  ScoreRequest request;
  request.messages = ask("?").messages;
  request.continuations = {"red"};
  const Score with = engine->score(std::span(&request, 1), kNever).at(0).continuations.at(0);
  request.ends_turn = false;
  const Score without = engine->score(std::span(&request, 1), kNever).at(0).continuations.at(0);
  EXPECT_EQ(with.tokens, without.tokens + 1);
  EXPECT_LT(with.log_likelihood, without.log_likelihood);
}

TEST_F(EngineTest, UsageSaysWhatWasComputedAndWhatWasCached) {
  const auto engine = make();
  const GenerateRequest request = ask("what is it?");
  const Generation cold = engine->generate(std::span(&request, 1), kNever).at(0);
  EXPECT_EQ(cold.usage.prompt_tokens, engine->count_tokens(request.messages));
  EXPECT_EQ(cold.usage.cached_tokens, 0);
  EXPECT_EQ(cold.usage.completion_tokens, static_cast<std::int64_t>(cold.token_log_likelihoods.size()));
  EXPECT_GT(cold.seconds_to_first_token, 0);
  EXPECT_GE(cold.seconds, cold.seconds_to_first_token);

  const std::int64_t before = engine->computed_tokens();
  const Generation warm = engine->generate(std::span(&request, 1), kNever).at(0);
  EXPECT_GT(warm.usage.cached_tokens, 0);
  EXPECT_LT(warm.usage.cached_tokens, warm.usage.prompt_tokens);
  EXPECT_EQ(engine->computed_tokens() - before,
            warm.usage.prompt_tokens - warm.usage.cached_tokens + warm.usage.completion_tokens - 1);

  engine->clear_cache();
  EXPECT_EQ(engine->generate(std::span(&request, 1), kNever).at(0).usage.cached_tokens, 0);
  // An adapter changes the keys and values, so it must not read the base's.
  GenerateRequest adapted = request;
  adapted.adapter = "first";
  EXPECT_EQ(engine->generate(std::span(&adapted, 1), kNever).at(0).usage.cached_tokens, 0);
}

TEST_F(EngineTest, TheBaseIsFrozenWhateverAdaptersDo) {
  const auto engine = make();
  EXPECT_EQ(engine->info().sha256, weights_sha256(model_.weights));
  const GenerateRequest base = ask("frozen?");
  GenerateRequest adapted = base;
  adapted.adapter = "first";
  const Generation before = engine->generate(std::span(&base, 1), kNever).at(0);
  const Generation first = engine->generate(std::span(&adapted, 1), kNever).at(0);
  EXPECT_NE(first.token_log_likelihoods, before.token_log_likelihoods);
  // Another adapter under the same name takes its place, cached prefixes included.
  engine->load_adapter("first", adapter_folder(2));
  const Generation replaced = engine->generate(std::span(&adapted, 1), kNever).at(0);
  EXPECT_EQ(replaced.usage.cached_tokens, 0);
  adapted.adapter = "second";
  EXPECT_EQ(engine->generate(std::span(&adapted, 1), kNever).at(0).token_log_likelihoods,
            replaced.token_log_likelihoods);
  engine->clear_cache();
  EXPECT_EQ(engine->generate(std::span(&base, 1), kNever).at(0).token_log_likelihoods,
            before.token_log_likelihoods);
  EXPECT_EQ(engine->weights_sha256(), engine->info().sha256);
}

TEST_F(EngineTest, StreamsTheTextItReturnsAndEndsAtStopStrings) {
  const auto engine = make();
  std::vector<GenerateRequest> requests;
  for (int i = 0; i < 6; ++i) requests.push_back(ask(fmt::format("stream {}", i)));
  for (auto& request : requests) request.max_tokens = 40;
  const auto plain = engine->generate(requests, kNever);
  std::vector<std::string> streamed(requests.size());
  std::size_t stopped = 0;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    requests[i].on_text = [&streamed, i](std::string_view text) {
      EXPECT_EQ(find_invalid_utf8(text), std::nullopt);
      streamed[i] += text;
    };
    const std::string& text = plain[i].text;
    EXPECT_EQ(find_invalid_utf8(text), std::nullopt);
    // Two characters from the middle of what it says anyway; whole characters, ASCII.
    for (std::size_t at = text.size() / 2; at + 2 <= text.size(); ++at) {
      if (static_cast<unsigned char>(text[at]) < 128 && static_cast<unsigned char>(text[at + 1]) < 128) {
        requests[i].stop = {text.substr(at, 2), "never said"};
        break;
      }
    }
  }
  const auto ended = engine->generate(requests, kNever);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    EXPECT_EQ(streamed[i], ended[i].text);
    if (requests[i].stop.empty()) continue;
    ++stopped;
    EXPECT_EQ(ended[i].finish_reason, FinishReason::stop);
    EXPECT_EQ(ended[i].text, plain[i].text.substr(0, plain[i].text.find(requests[i].stop[0])));
    EXPECT_LT(ended[i].usage.completion_tokens, plain[i].usage.completion_tokens);
  }
  EXPECT_GT(stopped, 0U);
}

TEST_F(EngineTest, AnAnswerGoesOnBehindItsBeginning) {
  const auto engine = make();
  GenerateRequest request = ask("go on");
  request.answer_prefix = "the <|end|> red";
  const Generation answer = engine->generate(std::span(&request, 1), kNever).at(0);
  const auto tokens = engine->tokenizer().encode(request.answer_prefix, Tokenizer::Special::as_text);
  EXPECT_EQ(answer.usage.prompt_tokens,
            engine->count_tokens(request.messages) + static_cast<std::int64_t>(tokens.size()));
  EXPECT_FALSE(answer.text.starts_with("the"));
}

TEST_F(EngineTest, ConcurrentCallersGetTheSameAnswers) {
  const auto requests = mixed_requests();
  const auto engine = make();
  const auto expected = engine->generate(requests, kNever);
  engine->clear_cache();
  std::vector<std::thread> callers;
  for (std::size_t caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&, caller] {
      for (std::size_t i = caller; i < requests.size(); i += 4) {
        const Generation answer = engine->generate(std::span(&requests[i], 1), kNever).at(0);
        EXPECT_EQ(answer.text, expected[i].text);
        EXPECT_EQ(answer.token_log_likelihoods, expected[i].token_log_likelihoods);
      }
    });
  }
  for (auto& caller : callers) caller.join();
}

TEST_F(EngineTest, CancellingEndsTheCallAndTheEngineGoesOn) {
  const auto engine = make();
  std::vector<GenerateRequest> requests(40, ask("long"));
  for (auto& request : requests) request.max_tokens = 150;
  CancelToken cancel;
  requests[0].on_text = [&](std::string_view) { cancel.cancel(); };
  EXPECT_EQ(code_of([&] { engine->generate(requests, cancel); }), ErrorCode::cancelled);
  EXPECT_EQ(code_of([&] { engine->score(mixed_scores(), cancel); }), ErrorCode::cancelled);
  const GenerateRequest next = ask("still there?");
  EXPECT_EQ(engine->generate(std::span(&next, 1), kNever).size(), 1U);
}

TEST_F(EngineTest, RefusesWhatCannotBeDone) {
  const auto engine = make();
  const auto code = [&](const std::function<void(GenerateRequest&)>& change) {
    GenerateRequest request = ask("x");
    change(request);
    return code_of([&] { engine->generate(std::span(&request, 1), kNever); });
  };
  EXPECT_EQ(code([](auto& r) { r.max_tokens = 1000; }), ErrorCode::too_large);
  EXPECT_EQ(code([](auto& r) { r.messages[1].content = std::string(5000, '#'); }), ErrorCode::too_large);
  EXPECT_EQ(code([](auto& r) { r.adapter = "third"; }), ErrorCode::not_found);
  EXPECT_EQ(code([](auto& r) { r.json_schema = R"({"type": "string", "pattern": "a"})"; }),
            ErrorCode::unsupported);
  EXPECT_EQ(code([](auto& r) { r.json_schema = "false"; }), ErrorCode::invalid_argument);
  EXPECT_EQ(code([](auto& r) { r.json_schema = "{"; }), ErrorCode::corrupt);
  EXPECT_EQ(code([](auto& r) { r.max_tokens = 0; }), ErrorCode::invalid_argument);
  EXPECT_EQ(code([](auto& r) { r.sampling.top_p = 2; }), ErrorCode::invalid_argument);
  EXPECT_EQ(code([](auto& r) { r.stop = {""}; }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { engine->load_adapter("", adapter_folder(1)); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { engine->load_adapter("x", folder_ / "nowhere"); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { Engine::load(folder_ / "nowhere.gguf", {}); }), ErrorCode::not_found);

  ModelFile without = model_;
  without.vocabulary = {};
  EXPECT_EQ(code_of([&] { Engine(without, {}); }), ErrorCode::unsupported);
  ModelFile misfit = model_;
  misfit.vocabulary.tokens.pop_back();
  misfit.vocabulary.scores.pop_back();
  misfit.vocabulary.types.pop_back();
  EXPECT_EQ(code_of([&] { Engine(misfit, {}); }), ErrorCode::corrupt);
}

TEST_F(EngineTest, SaysWhatItIsAndRunsFromAFile) {
  const Path path = folder_ / "tiny.gguf";
  save_model_file(model_, DType::f32, path);
  const auto loaded = Engine::load(path, {});
  const auto made = make();
  EXPECT_EQ(loaded->info().name, "tiny");
  EXPECT_EQ(loaded->info().file, path.string());
  EXPECT_EQ(loaded->info().parameters, model_.config.parameters());
  EXPECT_EQ(loaded->info().context_tokens, 256);
  const GenerateRequest request = ask("same?");
  EXPECT_EQ(loaded->generate(std::span(&request, 1), kNever).at(0).token_log_likelihoods,
            made->generate(std::span(&request, 1), kNever).at(0).token_log_likelihoods);
  EXPECT_EQ(loaded->render(request.messages),
            "<|system|>Answer with one of: red, green, blue.<|end|><|user|>same?<|end|><|assistant|>");
  EXPECT_EQ(loaded->generate({}, kNever).size(), 0U);
  EXPECT_EQ(loaded->score({}, kNever).size(), 0U);
}

}  // namespace
}  // namespace fulcrum
