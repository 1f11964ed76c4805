#include "decide/confirmation.h"

#include <gtest/gtest.h>

namespace fulcrum {
namespace {

const std::vector<std::string> kPrompt = {"prompt"}, kRetrieval = {"prompt", "retrieval"},
                               kTuned = {"fine_tune"}, kBoth = {"fine_tune", "retrieval"};

Circumstances with_target(double target) {
  Circumstances circumstances;
  circumstances.target = target;
  return circumstances;
}

TEST(Confirmation, PrefersWhatTheRuleWouldTake) {
  const std::vector<double> quality = {0.5, 0.7, 0.9, 0.905}, cost = {1, 10, 100, 300};
  EXPECT_EQ(preferred(quality, cost, with_target(0.6)), 1U);
  EXPECT_EQ(preferred(quality, cost, {}), 2U);  // as good as the best, and cheaper
  Circumstances told;
  told.calls_per_month = 100;
  told.horizon_months = 10;
  told.worth_of_right_answer = 0.06;  // a tenth more right is worth 6
  EXPECT_EQ(preferred(quality, cost, told), 1U);
  told.worth_of_right_answer = 0.6;
  EXPECT_EQ(preferred(quality, cost, told), 2U);
  told.worth_of_right_answer = 600;
  EXPECT_EQ(preferred(quality, cost, told), 3U);
  told.target = 0.6;  // reached: no worth is asked for
  EXPECT_EQ(preferred(quality, cost, told), 1U);
}

TEST(Confirmation, AlsoRansOfAKindAlreadyThereStayAtHome) {
  // A race on the bundled task "answer": one adapter leads, one may be as good, the rest has no share.
  const std::vector<Contender> race = {{kBoth, 0.78, 0.83, 330},   {kBoth, 0.17, 0.74, 330},
                                       {kBoth, 0.01, 0.73, 320},   {kRetrieval, 0.01, 0.64, 110},
                                       {kRetrieval, 0, 0.64, 100}, {kRetrieval, 0, 0.60, 90}};
  EXPECT_EQ(to_be_confirmed(race, with_target(0.8), 5),
            (std::vector<Confirmed>{
                {0, ConfirmedFor::promise}, {1, ConfirmedFor::promise}, {4, ConfirmedFor::kind}}));
}

TEST(Confirmation, OfAKindTheCheapestThatReachesTheTarget) {
  const std::vector<Contender> race = {
      {kTuned, 1, 0.97, 50}, {kPrompt, 0, 0.93, 400}, {kPrompt, 0, 0.86, 200}, {kPrompt, 0, 0.84, 100}};
  EXPECT_EQ(to_be_confirmed(race, with_target(0.85), 5).back(), (Confirmed{2, ConfirmedFor::kind}));
  EXPECT_EQ(to_be_confirmed(race, {}, 5).back(), (Confirmed{1, ConfirmedFor::kind}));
}

TEST(Confirmation, TheLeaderGoesWhateverItsShareAndNoMoreThanMayGo) {
  std::vector<Contender> race(30, Contender{kPrompt, 1.0 / 60, 0.5, 1});
  EXPECT_EQ(to_be_confirmed(race, {}, 5), (std::vector<Confirmed>{{0, ConfirmedFor::promise}}));
  for (Contender& each : race) each.share = 0.06;
  EXPECT_EQ(to_be_confirmed(race, {}, 5).size(), 5U);
  EXPECT_TRUE(to_be_confirmed({}, {}, 5).empty());
}

TEST(Confirmation, TheKindsAreWhatARecipeRestsOn) {
  EXPECT_EQ(kind_of(kPrompt), LeverKind::prompt);
  EXPECT_EQ(kind_of(std::vector<std::string>{"prompt", "few_shot"}), LeverKind::prompt);
  EXPECT_EQ(kind_of(std::vector<std::string>{"prompt", "retrieval", "few_shot"}), LeverKind::retrieval);
  EXPECT_EQ(kind_of(kTuned), LeverKind::fine_tune);
  EXPECT_EQ(kind_of(kBoth), LeverKind::fine_tune_and_retrieval);
}

}  // namespace
}  // namespace fulcrum
