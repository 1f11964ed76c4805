// The one thread that runs the model: everyone else hands it jobs.
//
// Jobs of several callers meet in one scheduler, so they are batched together; the thread sleeps when there
// are none. The number of threads of the forward pass is set here, once, because OpenMP keeps it for each
// calling thread.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "infer/scheduler.h"

namespace fulcrum {

class Worker {
 public:
  // `threads` absent: as many as the machine has cores. `transformer` must outlive this.
  Worker(const Transformer& transformer, const SchedulerOptions& options, std::optional<int> threads);
  // Ends what is still running with Error(cancelled).
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // All of the jobs, in this order and with nobody else's between them. If one is refused (Scheduler::add),
  // its on_done gets the error.
  void submit(std::vector<std::shared_ptr<Job>> jobs);
  // Runs `task` on the thread between two steps and waits for it; what it throws is thrown here.
  void between_steps(const std::function<void(Scheduler&)>& task);

 private:
  void post(std::function<void(Scheduler&)> task);
  void loop(std::optional<int> threads);

  std::unique_ptr<Scheduler> scheduler_;  // touched by thread_ alone once that runs
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::function<void(Scheduler&)>> inbox_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace fulcrum
