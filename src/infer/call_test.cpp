#include "infer/call.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/error.h"

namespace fulcrum {
namespace {

std::vector<std::shared_ptr<Job>> jobs(std::size_t count) {
  std::vector<std::shared_ptr<Job>> made(count);
  for (auto& job : made) job = std::make_shared<Job>();
  return made;
}

// Ends the jobs once they are cancelled, as the worker would.
void end_when_cancelled(Call& call, std::span<const std::shared_ptr<Job>> running) {
  for (const auto& job : running) {
    while (!job->cancelled) std::this_thread::yield();
    call.job_done(std::make_exception_ptr(Error(ErrorCode::cancelled, "ended")));
  }
}

TEST(Call, HandsTextToTheReaderInOrderOnTheCallersThread) {
  Call call(2);
  const auto both = jobs(2);
  std::thread worker([&] {
    call.add_text(0, "a");
    call.add_text(1, "b");
    call.job_done(nullptr);
    call.add_text(1, "c");
    call.job_done(nullptr);
  });
  std::string read;
  const auto caller = std::this_thread::get_id();
  call.wait(both, CancelToken(), [&](std::size_t job, std::string_view text) {
    EXPECT_EQ(std::this_thread::get_id(), caller);
    read += std::to_string(job) + std::string(text);
  });
  worker.join();
  EXPECT_EQ(read, "0a1b1c");
}

TEST(Call, CancellingReachesEveryJob) {
  Call call(2);
  const auto both = jobs(2);
  CancelToken cancel;
  std::thread worker([&] { end_when_cancelled(call, both); });
  cancel.cancel();
  try {
    call.wait(both, cancel, [](std::size_t, std::string_view) {});
    FAIL() << "a cancelled call returned";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::cancelled);
  }
  worker.join();
}

TEST(Call, TheFirstErrorEndsTheOthersAndIsThrown) {
  Call call(2);
  const auto both = jobs(2);
  std::thread worker([&] {
    call.job_done(std::make_exception_ptr(Error(ErrorCode::corrupt, "first")));
    end_when_cancelled(call, std::span(both).first(1));
  });
  try {
    call.wait(both, CancelToken(), [](std::size_t, std::string_view) {});
    FAIL() << "a failed call returned";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "first");
  }
  worker.join();
}

TEST(Call, WhatTheReaderThrowsEndsTheJobsAndIsThrown) {
  Call call(1);
  const auto one = jobs(1);
  std::thread worker([&] {
    call.add_text(0, "a");
    end_when_cancelled(call, one);
  });
  EXPECT_THROW(call.wait(one, CancelToken(),
                         [](std::size_t, std::string_view) { throw std::runtime_error("closed"); }),
               std::runtime_error);
  worker.join();
}

}  // namespace
}  // namespace fulcrum
