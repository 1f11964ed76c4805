#include "infer/call.h"

#include <chrono>

#include "base/error.h"

namespace fulcrum {
namespace {

// How often a waiting caller looks at its CancelToken, which has no way to wake it.
constexpr std::chrono::milliseconds kPollInterval{10};

}  // namespace

void Call::add_text(std::size_t job, std::string text) {
  {
    const std::lock_guard lock(mutex_);
    texts_.emplace_back(job, std::move(text));
  }
  changed_.notify_one();
}

void Call::job_done(const std::exception_ptr& error) {
  const std::lock_guard lock(mutex_);
  --left_;
  if (!error_) error_ = error;
  // Under the lock: the caller may destroy this as soon as it sees the last job done.
  changed_.notify_one();
}

void Call::wait(std::span<const std::shared_ptr<Job>> jobs, const CancelToken& cancel,
                const std::function<void(std::size_t, std::string_view)>& reader) {
  bool ending = false;
  std::unique_lock lock(mutex_);
  while (left_ > 0 || !texts_.empty()) {
    changed_.wait_for(lock, kPollInterval,
                      [&] { return left_ == 0 || !texts_.empty() || (error_ && !ending); });
    const auto texts = std::exchange(texts_, {});
    if (!ending && !texts.empty()) {
      lock.unlock();
      std::exception_ptr failure;
      try {
        for (const auto& [job, text] : texts) reader(job, text);
      } catch (...) {
        failure = std::current_exception();
      }
      lock.lock();
      if (!error_) error_ = failure;
    }
    if (!error_ && left_ > 0 && cancel.cancelled()) {
      error_ = std::make_exception_ptr(Error(ErrorCode::cancelled, "running a prompt: cancelled"));
    }
    if (error_ && !ending) {
      ending = true;
      for (const auto& job : jobs) job->cancelled = true;
    }
  }
  // Moved out, so that the error lives and dies on the thread that handles it.
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

}  // namespace fulcrum
