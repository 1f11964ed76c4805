#include "base/error.h"

#include <gtest/gtest.h>

#include <set>

namespace fulcrum {
namespace {

TEST(Error, FormatsItsMessageAndKeepsItsCode) {
  try {
    throw_error(ErrorCode::too_large, "reading {}: {} bytes", "big.bin", 7);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::too_large);
    EXPECT_STREQ(error.what(), "reading big.bin: 7 bytes");
  }
}

TEST(Error, EveryCodeHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (const ErrorCode code :
       {ErrorCode::invalid_argument, ErrorCode::not_found, ErrorCode::corrupt, ErrorCode::unsupported,
        ErrorCode::too_large, ErrorCode::io, ErrorCode::cancelled, ErrorCode::internal}) {
    names.insert(to_string(code));
  }
  EXPECT_EQ(names.size(), 8u);
  EXPECT_TRUE(names.contains("invalid_argument"));
}

TEST(Error, ContextGoesInFrontAndTheCodeStays) {
  try {
    with_context("reading task.toml", []() -> int { throw_error(ErrorCode::corrupt, "line 3 is torn"); });
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::corrupt);
    EXPECT_STREQ(error.what(), "reading task.toml: line 3 is torn");
  }
  EXPECT_EQ(with_context("adding", [] { return 5; }), 5);
}

}  // namespace
}  // namespace fulcrum
