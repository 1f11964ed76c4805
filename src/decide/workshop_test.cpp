#include "decide/workshop.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include "base/error.h"
#include "text/scripted_lm.h"

namespace fulcrum {
namespace {

Example example(const std::string& question) {
  Example made;
  made.messages = {{"user", question}, {"assistant", "yes"}};
  made.weights = {0, 1};
  return made;
}

// 96 examples of the same length, and a tuner that takes a tenth of a second for a step once it has started
// up.
class WorkshopTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("fulcrum_workshop_" + std::to_string(::getpid()));
    task_.name = "answers";
    for (int i = 0; i < 96; ++i) task_.splits.train.push_back(example("a question of five words"));
    for (int i = 0; i < 20; ++i) task_.splits.dev.push_back(example("another question of five words"));
    recipe_.id = "fine_tuned";
    recipe_.levers = {"fine_tune"};
    recipe_.tune = TuneSettings{};
    tuned_tokens_ = static_cast<double>(
        model_.count_tokens(tune_request(recipe_, task_.splits, nullptr, folder_).train.front().messages));
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // As the engine's own tuner does it: it tells of every step and stops where it is told to.
  TuneResult tune(const TuneRequest& request, const ProgressCallback& progress, const CancelToken& cancel) {
    seconds_ += kStartUp;
    const std::size_t steps = (request.train.size() + 7) / 8;
    for (std::size_t step = 0; step < steps; ++step) {
      cancel.check("fine-tuning");
      seconds_ += step == slow_step_ ? 20 * kStep : kStep;
      ++steps_done_;
      if (reports_ && progress) progress({"fine-tuning", step + 1, steps, "steps", -1, {}});
    }
    seconds_ += kAfterwards;
    return {};
  }

  double pace() {
    class Steps final : public Tuner {
     public:
      explicit Steps(WorkshopTest& test) : test_(test) {}
      TuneResult tune(const TuneRequest& request, const ProgressCallback& progress,
                      const CancelToken& cancel) override {
        return test_.tune(request, progress, cancel);
      }

     private:
      WorkshopTest& test_;
    } tuner(*this);
    const ProgressCallback silent;
    return Workshop(
               task_, model_, tuner, folder_, 1, [this] { return seconds_; }, silent, cancel_)
        .measure_training_pace(recipe_);
  }

  static constexpr double kStartUp = 3, kStep = 0.1, kAfterwards = 2;
  Path folder_;
  Task task_;
  Recipe recipe_;
  ScriptedLM model_;
  CancelToken cancel_;
  double seconds_ = 0, tuned_tokens_ = 0;
  std::size_t slow_step_ = 1000, steps_done_ = 0;
  bool reports_ = true;
};

TEST_F(WorkshopTest, ThePaceIsThatOfAStepNotOfStartingUp) {
  const double expected = kStep / (8 * tuned_tokens_);
  EXPECT_NEAR(pace(), expected, 1e-9);
  EXPECT_LE(steps_done_, 7U);
}

TEST_F(WorkshopTest, OneStepThatTheMachineWasBusyInDoesNotMatter) {
  slow_step_ = 3;
  EXPECT_NEAR(pace(), kStep / (8 * tuned_tokens_), 1e-9);
}

TEST_F(WorkshopTest, ATunerThatDoesNotTellItsStepsIsTimedAsAWhole) {
  reports_ = false;
  const double steps = 6;
  EXPECT_NEAR(pace(), (kStartUp + steps * kStep + kAfterwards) / ((steps * 8 + 0.5 * 4) * tuned_tokens_),
              1e-9);
}

TEST_F(WorkshopTest, WhoStopsTheRunStopsTheProbe) {
  cancel_.cancel();
  EXPECT_THROW(pace(), Error);
}

TEST_F(WorkshopTest, TokensThatAreOnlyReadCountByWhatTheyTake) {
  ScriptedTuner tuner;
  const ProgressCallback silent;
  Workshop workshop(task_, model_, tuner, folder_, 1, {}, silent, cancel_);
  const double whole = workshop.training_tokens(recipe_);
  EXPECT_NEAR(whole, (96 + 0.5 * 20) * tuned_tokens_ * 6, 1e-6);
  recipe_.tune->max_epochs = 2;
  recipe_.tune->train_examples = 48;
  EXPECT_NEAR(workshop.training_tokens(recipe_), (48 + 0.5 * 20) * tuned_tokens_ * 2, 1e-6);
}

}  // namespace
}  // namespace fulcrum
