#include "infer/worker.h"

#include <gtest/gtest.h>

#include <future>

#include "base/error.h"
#include "model/tiny_model.h"

namespace fulcrum {
namespace {

class WorkerTest : public testing::Test {
 protected:
  static std::shared_ptr<Job> job(std::vector<TokenId> prompt, std::int64_t max_tokens,
                                  std::promise<void>& done) {
    auto made = std::make_shared<Job>();
    made->prompt = std::move(prompt);
    made->work = GenerateWork{Sampler(Sampling{}), max_tokens,
                              [](const SampledToken&) { return GenerateWork::Next::go_on; }};
    made->on_done = [&done](const std::exception_ptr& error) {
      if (error) {
        done.set_exception(error);
      } else {
        done.set_value();
      }
    };
    return made;
  }

  ModelFile file_ = make_tiny_model({});
  Transformer transformer_{file_.config, file_.weights};
};

TEST_F(WorkerTest, RunsJobsAndTellsOfRefusedOnes) {
  Worker worker(transformer_, {}, 1);
  std::promise<void> good, refused;
  worker.submit({job({1, 2, 3}, 4, good), job({}, 4, refused)});
  EXPECT_NO_THROW(good.get_future().get());
  EXPECT_THROW(refused.get_future().get(), Error);
}

TEST_F(WorkerTest, TasksRunBetweenStepsAndTheirErrorsComeBack) {
  Worker worker(transformer_, {}, std::nullopt);
  std::int64_t capacity = 0;
  worker.between_steps([&](Scheduler& scheduler) { capacity = scheduler.cache().capacity_blocks(); });
  EXPECT_GT(capacity, 0);
  EXPECT_THROW(worker.between_steps([](Scheduler&) { throw Error(ErrorCode::io, "no"); }), Error);
  worker.between_steps([](Scheduler&) {});
}

TEST_F(WorkerTest, ClosingEndsWhatStillRuns) {
  std::promise<void> first, second;
  {
    Worker worker(transformer_, {.max_in_flight = 1}, 1);
    worker.submit(
        {job(std::vector<TokenId>(50, 1), 200, first), job(std::vector<TokenId>(50, 2), 200, second)});
  }
  auto last = second.get_future();
  ASSERT_EQ(last.wait_for(std::chrono::seconds(0)), std::future_status::ready);
  EXPECT_THROW(last.get(), Error);
}

TEST_F(WorkerTest, RefusesNoThreads) {
  EXPECT_THROW(Worker(transformer_, {}, 0), Error);
}

}  // namespace
}  // namespace fulcrum
