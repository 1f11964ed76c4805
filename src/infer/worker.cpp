#include "infer/worker.h"

#include <omp.h>

#include <future>

#include "base/error.h"

namespace fulcrum {

Worker::Worker(const Transformer& transformer, const SchedulerOptions& options, std::optional<int> threads)
    : scheduler_(std::make_unique<Scheduler>(transformer, options)) {
  if (threads && *threads < 1) {
    throw_error(ErrorCode::invalid_argument, "starting the engine: {} threads, expected at least 1",
                *threads);
  }
  thread_ = std::thread([this, threads] { loop(threads); });
}

Worker::~Worker() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Worker::post(std::function<void(Scheduler&)> task) {
  {
    const std::lock_guard lock(mutex_);
    inbox_.push_back(std::move(task));
  }
  wake_.notify_one();
}

void Worker::submit(std::vector<std::shared_ptr<Job>> jobs) {
  post([jobs = std::move(jobs)](Scheduler& scheduler) {
    for (const std::shared_ptr<Job>& job : jobs) {
      try {
        scheduler.add(job);
      } catch (...) {
        job->on_done(std::current_exception());
      }
    }
  });
}

void Worker::between_steps(const std::function<void(Scheduler&)>& task) {
  std::promise<void> done;
  post([&](Scheduler& scheduler) {
    try {
      task(scheduler);
      done.set_value();
    } catch (...) {
      done.set_exception(std::current_exception());
    }
  });
  done.get_future().get();
}

void Worker::loop(std::optional<int> threads) {
  omp_set_num_threads(threads.value_or(omp_get_num_procs()));
  bool busy = false, stopping = false;
  while (!stopping) {
    std::vector<std::function<void(Scheduler&)>> tasks;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return busy || stopping_ || !inbox_.empty(); });
      tasks.swap(inbox_);
      stopping = stopping_;
    }
    for (const auto& task : tasks) task(*scheduler_);
    if (stopping) break;
    try {
      busy = scheduler_->step();
    } catch (...) {
      scheduler_->fail_all(std::current_exception());
      busy = false;
    }
  }
  // Nobody may be left waiting.
  scheduler_->fail_all(
      std::make_exception_ptr(Error(ErrorCode::cancelled, "running a prompt: the engine is closing")));
}

}  // namespace fulcrum
