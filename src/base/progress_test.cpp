#include "base/progress.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace fulcrum {
namespace {

TEST(CancelToken, StopsWorkOnceAndSaysWhich) {
  CancelToken cancel;
  EXPECT_NO_THROW(cancel.check("training"));
  cancel.cancel();
  EXPECT_TRUE(cancel.cancelled());
  try {
    cancel.check("training triage");
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::cancelled);
    EXPECT_NE(std::string(error.what()).find("training triage"), std::string::npos);
  }
}

}  // namespace
}  // namespace fulcrum
