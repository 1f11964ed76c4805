// One caller's wait for its jobs: the meeting point of the caller's thread and the worker's.
//
// The worker adds pieces of text and counts jobs down; the caller hands the pieces to its reader on its own
// thread, so that a slow reader holds up nobody else, and passes a cancellation on to the jobs.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/progress.h"
#include "infer/scheduler.h"

namespace fulcrum {

class Call {
 public:
  explicit Call(std::size_t jobs) : left_(jobs) {}

  // On the worker's thread.
  void add_text(std::size_t job, std::string text);
  void job_done(const std::exception_ptr& error);

  // On the caller's thread: returns when every job is done. Throws the first error of a job, what `reader`
  // threw, or Error(cancelled); the jobs that were left are cancelled first.
  void wait(std::span<const std::shared_ptr<Job>> jobs, const CancelToken& cancel,
            const std::function<void(std::size_t job, std::string_view text)>& reader);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t left_;
  std::vector<std::pair<std::size_t, std::string>> texts_;
  std::exception_ptr error_;  // the first one
};

}  // namespace fulcrum
