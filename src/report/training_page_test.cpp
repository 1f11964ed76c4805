// The page of a training log: what it shows, and what it says of a file that is none.
#include "report/training_page.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace fulcrum {
namespace {

constexpr std::string_view kSteps =
    R"({"step":20,"loss":2.5,"learning_rate":0.001,"tokens":1000,"seconds":60,"tokens_per_second":17})"
    "\n"
    R"({"step":40,"loss":1.25,"learning_rate":0.0005,"tokens":2000000,"seconds":120,"tokens_per_second":17})"
    "\n";

TEST(TrainingPage, ShowsTheLastLossAndCarriesEveryLine) {
  const std::string page = training_html(kSteps, "base.log.jsonl");
  EXPECT_NE(page.find("Loss 1.250 nats"), std::string::npos);
  EXPECT_NE(page.find("40 steps, 2.0 million tokens, 2 minutes"), std::string::npos);
  EXPECT_NE(page.find("\"loss\":2.5"), std::string::npos);
  EXPECT_EQ(page.find("Gates at the last look"), std::string::npos);
}

TEST(TrainingPage, ShowsGatesAndEscapesWhatTheModelSaid) {
  const std::string page = training_html(
      std::string(kSteps) +
          R"({"step":40,"probe":{"gates":{"read_1":{"estimate":0.5,"low":0.4,"high":0.6}},)"
          R"("samples":[{"gate":"read_1","prompt":"p","answer":"</script><b>","expected":"x"}]}})"
          "\n",
      "base.log.jsonl");
  EXPECT_NE(page.find("0.50 [0.40, 0.60]"), std::string::npos);
  EXPECT_NE(page.find("&lt;/script&gt;&lt;b&gt;"), std::string::npos);
  EXPECT_EQ(page.find("</script><b>"), std::string::npos);
}

TEST(TrainingPage, ALineThatIsStillBeingWrittenIsLeftOut) {
  const std::string page = training_html(std::string(kSteps) + "{\"step\":60,\"lo", "base.log.jsonl");
  EXPECT_NE(page.find("40 steps"), std::string::npos);
}

TEST(TrainingPage, SaysWhatIsWrongWithAnotherFile) {
  try {
    training_html("{\"messages\":[]}\n", "train.jsonl");
    FAIL() << "a file of messages was taken for a training log";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::corrupt);
    EXPECT_NE(std::string(error.what()).find("line 1"), std::string::npos) << error.what();
  }
  EXPECT_THROW(training_html("", "empty.log.jsonl"), Error);
}

}  // namespace
}  // namespace fulcrum
