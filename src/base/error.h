// The one exception type of fulcrum, with a closed set of codes.
//
// A message says what was being done, what is wrong (expected, found) and what to do. Codes map once to an
// HTTP status (serve/) and once to an exit status (cli/). What a model may ordinarily do, such as answer
// broken JSON, is a value and never an Error.
#pragma once

#include <fmt/core.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace fulcrum {

enum class ErrorCode {
  invalid_argument,
  not_found,
  corrupt,
  unsupported,
  too_large,
  io,
  cancelled,
  internal
};

// "invalid_argument", "not_found", ... as written in JSON and logs.
std::string_view to_string(ErrorCode code);

class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, std::string message) : std::runtime_error(std::move(message)), code_(code) {}
  ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

// throw_error(ErrorCode::corrupt, "reading {}: ...", path)
template <typename... Args>
[[noreturn]] void throw_error(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(code, fmt::format(format, std::forward<Args>(args)...));
}

// Runs `work` and puts `context` ("reading task.toml") before the message of an Error that it throws; the
// code stays.
template <typename Work>
decltype(auto) with_context(std::string_view context, Work&& work) {
  try {
    return std::forward<Work>(work)();
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("{}: {}", context, error.what()));
  }
}

}  // namespace fulcrum
