#include "infer/scheduler.h"

#include <gtest/gtest.h>
#include <omp.h>

#include "base/error.h"
#include "base/random.h"
#include "model/tiny_model.h"
#include "tensor/ops.h"

namespace fulcrum {
namespace {

class SchedulerTest : public testing::Test {
 protected:
  // Threads are the transformer's tests' matter; a tiny model is faster on one.
  void SetUp() override { omp_set_num_threads(1); }
  void TearDown() override { omp_set_num_threads(omp_get_num_procs()); }

  struct Answer {
    std::vector<TokenId> tokens;
    bool done = false;
    std::exception_ptr error;
  };

  std::vector<TokenId> random_tokens(std::uint64_t seed, std::size_t count) const {
    Random random(seed);
    std::vector<TokenId> tokens(count);
    for (TokenId& token : tokens) token = static_cast<TokenId>(random.below(300));
    return tokens;
  }

  std::shared_ptr<Job> generate(std::vector<TokenId> prompt, std::int64_t max_tokens, Answer& answer) const {
    auto job = std::make_shared<Job>();
    job->prompt = std::move(prompt);
    job->work = GenerateWork{Sampler(Sampling{}), max_tokens, [&answer](const SampledToken& chosen) {
                               answer.tokens.push_back(chosen.token);
                               return GenerateWork::Next::go_on;
                             }};
    job->on_done = [&answer](const std::exception_ptr& error) {
      EXPECT_FALSE(answer.done);
      answer.done = true;
      answer.error = error;
    };
    return job;
  }

  std::shared_ptr<Job> score(std::vector<TokenId> prompt, std::vector<std::vector<TokenId>> continuations,
                             Answer& answer) const {
    auto job = generate(std::move(prompt), 1, answer);
    job->work = ScoreWork{std::move(continuations), {}};
    return job;
  }

  static int run(Scheduler& scheduler) {
    int steps = 0;
    while (scheduler.step()) {
      if (++steps > 10000) {
        ADD_FAILURE() << "the scheduler does not come to an end";
        break;
      }
    }
    return steps;
  }

  // log p(continuation | prompt), by one forward pass over the whole.
  double reference_score(std::vector<TokenId> prompt, const std::vector<TokenId>& continuation) const {
    KvCache cache(file_.config, transformer_.cache_dtype(), 16, std::int64_t{16} << 20);
    KvSequence sequence(cache);
    ForwardBuffers buffers;
    prompt.insert(prompt.end(), continuation.begin(), continuation.end());
    const auto rows = static_cast<std::int64_t>(continuation.size() + 1);
    const SequenceStep step{prompt, &sequence, nullptr, rows};
    const ConstMatrix logits = transformer_.forward(std::span(&step, 1), buffers);
    double sum = 0;
    for (std::size_t i = 0; i < continuation.size(); ++i) {
      const std::span row(logits.row(static_cast<std::int64_t>(i)), static_cast<std::size_t>(logits.columns));
      sum += static_cast<double>(row[static_cast<std::size_t>(continuation[i])]) - log_sum_exp(row);
    }
    return sum;
  }

  std::int64_t bytes_of_blocks(std::int64_t blocks) const {
    return blocks * KvCache(file_.config, transformer_.cache_dtype(), 16, 1 << 20).block_bytes();
  }

  void expect_same_answers(const Transformer& transformer) const {
    std::vector<std::vector<TokenId>> alone;
    for (std::size_t i = 0; i < 12; ++i) {
      Scheduler scheduler(transformer, {});
      Answer answer;
      scheduler.add(generate(random_tokens(i % 5, 10 + 7 * i), 12, answer));
      run(scheduler);
      ASSERT_EQ(answer.tokens.size(), 12U);
      alone.push_back(answer.tokens);
    }
    for (const std::int64_t in_flight : {1, 3, 12}) {
      for (const std::int64_t step_tokens : {1, 16, 64, 4096}) {
        Scheduler scheduler(transformer, {.max_in_flight = in_flight, .step_tokens = step_tokens});
        std::vector<Answer> answers(12);
        for (std::size_t i = 0; i < 12; ++i)
          scheduler.add(generate(random_tokens(i % 5, 10 + 7 * i), 12, answers[i]));
        run(scheduler);
        for (std::size_t i = 0; i < 12; ++i)
          EXPECT_EQ(answers[i].tokens, alone[i]) << in_flight << ", " << step_tokens;
      }
    }
  }

  ModelFile file_ = make_tiny_model({});
  Transformer transformer_{file_.config, file_.weights};

  // The same with quantised matrices, whose keys and values are kept in f16.
  static ModelFile make_quantised() {
    ModelFile file = make_tiny_model({.d_ff = 64});
    for (LayerWeights& layer : file.weights.layers) {
      for (const LinearModule module : kLinearModules) {
        Tensor& weight = linear_weight(layer, module);
        weight = convert(weight, DType::q8_0);
      }
    }
    return file;
  }
};

TEST_F(SchedulerTest, AnswersAreTheSameForEveryCutAndCompany) {
  expect_same_answers(transformer_);
}

TEST_F(SchedulerTest, AnswersOfQuantisedWeightsAreTheSameForEveryCutAndCompany) {
  const ModelFile file = make_quantised();
  const Transformer transformer(file.config, file.weights);
  ASSERT_EQ(transformer.cache_dtype(), DType::f16);
  expect_same_answers(transformer);
}

TEST_F(SchedulerTest, ASharedBeginningIsComputedOnceEvenAmongNeighbours) {
  Scheduler scheduler(transformer_, {.step_tokens = 20});
  const std::vector<TokenId> beginning = random_tokens(1, 64);
  std::vector<Answer> answers(6);
  std::vector<std::shared_ptr<Job>> jobs;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    auto prompt = beginning;
    prompt.push_back(static_cast<TokenId>(i));
    jobs.push_back(generate(prompt, 1, answers[i]));
    scheduler.add(jobs.back());
  }
  run(scheduler);
  EXPECT_EQ(jobs[0]->cached_tokens, 0);
  for (std::size_t i = 1; i < jobs.size(); ++i) EXPECT_EQ(jobs[i]->cached_tokens, 64) << i;
  EXPECT_EQ(scheduler.computed_tokens(), 65 + 5);
}

TEST_F(SchedulerTest, AnAnswerIsKnownToTheNextTurn) {
  Scheduler scheduler(transformer_, {});
  Answer first, second;
  const std::vector<TokenId> prompt = random_tokens(2, 20);
  scheduler.add(generate(prompt, 30, first));
  run(scheduler);
  std::vector<TokenId> longer = prompt;
  longer.insert(longer.end(), first.tokens.begin(), first.tokens.end());
  longer.push_back(5);
  const auto job = generate(longer, 1, second);
  scheduler.add(job);
  run(scheduler);
  // 20 + 29 tokens went through the model: three blocks of 16.
  EXPECT_EQ(job->cached_tokens, 48);
}

TEST_F(SchedulerTest, ScoresAreThoseOfOnePassOverTheWhole) {
  const std::vector<TokenId> prompt = random_tokens(3, 37);
  const std::vector<std::vector<TokenId>> continuations = {
      {7}, {1, 2, 3}, {}, {1, 2, 4}, random_tokens(4, 40), {9, 9}};
  std::vector<double> first;
  for (const std::int64_t step_tokens : {1, 16, 4096}) {
    Scheduler scheduler(transformer_, {.step_tokens = step_tokens});
    Answer answer, company;
    const auto job = score(prompt, continuations, answer);
    scheduler.add(generate(random_tokens(5, 30), 20, company));
    scheduler.add(job);
    run(scheduler);
    ASSERT_TRUE(answer.done && !answer.error);
    const auto& scores = std::get<ScoreWork>(job->work).scores;
    ASSERT_EQ(scores.size(), continuations.size());
    for (std::size_t i = 0; i < scores.size(); ++i) {
      EXPECT_EQ(scores[i].tokens, static_cast<std::int64_t>(continuations[i].size()));
      EXPECT_EQ(scores[i].log_likelihood, reference_score(prompt, continuations[i]))
          << i << ", " << step_tokens;
    }
  }
}

TEST_F(SchedulerTest, LittleMemoryMeansWaitingNotFailing) {
  // Each job needs four blocks of the nine; scoring needs its prompt's and a fork's.
  Scheduler scheduler(transformer_, {.cache_bytes = bytes_of_blocks(9), .max_in_flight = 8});
  std::vector<Answer> answers(10);
  std::vector<std::shared_ptr<Job>> jobs;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    jobs.push_back(i % 3 == 2 ? score(random_tokens(50 + i, 40),
                                      {random_tokens(1, 20), random_tokens(2, 24), {3}}, answers[i])
                              : generate(random_tokens(50 + i, 40), 20, answers[i]));
    scheduler.add(jobs.back());
  }
  run(scheduler);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    ASSERT_TRUE(answers[i].done && !answers[i].error) << i;
    if (i % 3 == 2) {
      EXPECT_EQ(std::get<ScoreWork>(jobs[i]->work).scores[1].log_likelihood,
                reference_score(random_tokens(50 + i, 40), random_tokens(2, 24)));
    } else {
      EXPECT_EQ(answers[i].tokens.size(), 20U);
    }
  }
  scheduler.prefixes().clear();
  EXPECT_EQ(scheduler.cache().free_blocks(), 9);
}

TEST_F(SchedulerTest, RefusesWhatFitsNeitherContextNorMemory) {
  Answer answer;
  Scheduler scheduler(transformer_, {.cache_bytes = bytes_of_blocks(4)});
  const auto message_of = [&](std::size_t prompt, std::int64_t max_tokens) -> std::string {
    try {
      scheduler.add(generate(random_tokens(1, prompt), max_tokens, answer));
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::too_large);
      return error.what();
    }
    return "";
  };
  const std::string context = message_of(250, 7);
  EXPECT_NE(context.find("257"), std::string::npos) << context;
  EXPECT_NE(context.find("256"), std::string::npos) << context;
  EXPECT_NE(context.find("at most 6"), std::string::npos) << context;
  EXPECT_NE(message_of(60, 6).find("cache holds 4"), std::string::npos);
  EXPECT_EQ(message_of(60, 5), "");
  EXPECT_THROW(scheduler.add(generate({}, 1, answer)), Error);
}

TEST_F(SchedulerTest, ACancelledJobEndsAndHandsItsBeginningOn) {
  Scheduler scheduler(transformer_, {.step_tokens = 8});
  Answer first, second;
  const auto cancelled = generate(random_tokens(1, 80), 10, first);
  const auto waiting = generate(random_tokens(1, 80), 10, second);
  scheduler.add(cancelled);
  scheduler.add(waiting);
  scheduler.step();
  cancelled->cancelled = true;
  run(scheduler);
  ASSERT_TRUE(first.done && first.error);
  try {
    std::rethrow_exception(first.error);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::cancelled);
  }
  EXPECT_TRUE(second.done && !second.error);
  EXPECT_EQ(second.tokens.size(), 10U);
}

TEST_F(SchedulerTest, OneReaderThatFailsEndsItsOwnJobAlone) {
  Scheduler scheduler(transformer_, {});
  Answer broken, whole;
  const auto job = generate(random_tokens(1, 10), 5, broken);
  std::get<GenerateWork>(job->work).on_token = [](const SampledToken&) -> GenerateWork::Next {
    throw Error(ErrorCode::io, "reader gone");
  };
  scheduler.add(job);
  scheduler.add(generate(random_tokens(2, 10), 5, whole));
  run(scheduler);
  EXPECT_TRUE(broken.done && broken.error);
  EXPECT_TRUE(whole.done && !whole.error);
  EXPECT_EQ(whole.tokens.size(), 5U);
}

TEST_F(SchedulerTest, FailAllLeavesNobodyWaiting) {
  Scheduler scheduler(transformer_, {.max_in_flight = 1});
  std::vector<Answer> answers(3);
  for (auto& answer : answers) scheduler.add(generate(random_tokens(1, 10), 5, answer));
  scheduler.step();
  scheduler.fail_all(std::make_exception_ptr(Error(ErrorCode::internal, "broken")));
  for (const auto& answer : answers) EXPECT_TRUE(answer.done && answer.error);
  EXPECT_FALSE(scheduler.step());
}

}  // namespace
}  // namespace fulcrum
