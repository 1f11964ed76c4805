#include "infer/sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>

#include "base/error.h"

namespace fulcrum {
namespace {

// Probabilities 0.5, 0.25, 0.15, 0.1 for the tokens 2, 0, 3, 1.
const std::vector<float> kLogits = {std::log(0.25F), std::log(0.1F), std::log(0.5F), std::log(0.15F)};

Sampling sampling(double temperature, std::optional<int> top_k, std::optional<double> top_p,
                  std::uint64_t seed) {
  Sampling made;
  made.temperature = temperature;
  made.top_k = top_k;
  made.top_p = top_p;
  made.seed = seed;
  return made;
}

std::map<TokenId, double> shares(const Sampling& how, int draws) {
  Sampler sampler(how);
  std::map<TokenId, double> counts;
  for (int i = 0; i < draws; ++i) counts[sampler.sample(kLogits, i).token] += 1.0 / draws;
  return counts;
}

TEST(Sampler, GreedyTakesTheSmallestIdAmongTheLargest) {
  Sampler sampler(Sampling{});
  EXPECT_EQ(sampler.sample(kLogits, 0).token, 2);
  EXPECT_EQ(sampler.sample(std::vector<float>{1, 3, 3, 2}, 0).token, 1);
}

TEST(Sampler, LogLikelihoodIsOfTheWholeDistributionWhateverTheSampling) {
  Sampler greedy(Sampling{});
  EXPECT_NEAR(greedy.sample(kLogits, 0).log_likelihood, std::log(0.5), 1e-6);
  Sampler cut(sampling(0.3, 1, 0.2, 0));
  EXPECT_NEAR(cut.sample(kLogits, 0).log_likelihood, std::log(0.5), 1e-6);
}

TEST(Sampler, DrawsFollowTheProbabilities) {
  // Standard error of a share over 20,000 draws is at most 0.0036; five of them.
  const auto drawn = shares(sampling(1.0, {}, {}, 7), 20000);
  EXPECT_NEAR(drawn.at(2), 0.5, 0.018);
  EXPECT_NEAR(drawn.at(0), 0.25, 0.018);
  EXPECT_NEAR(drawn.at(3), 0.15, 0.018);
  EXPECT_NEAR(drawn.at(1), 0.1, 0.018);
}

TEST(Sampler, TemperatureSharpens) {
  // At temperature 1/2 the probabilities are squared: 0.25, 0.0625, 0.0225, 0.01 over 0.345.
  const auto drawn = shares(sampling(0.5, {}, {}, 7), 20000);
  EXPECT_NEAR(drawn.at(2), 0.25 / 0.345, 0.018);
  EXPECT_NEAR(drawn.at(1), 0.01 / 0.345, 0.018);
}

TEST(Sampler, TopKAndTopPCutTheUnlikely) {
  const auto two = shares(sampling(1.0, 2, {}, 1), 20000);
  EXPECT_EQ(two.size(), 2U);
  EXPECT_NEAR(two.at(2), 2.0 / 3, 0.018);
  // 0.5 + 0.25 reaches 0.7, so the third is not needed.
  const auto nucleus = shares(sampling(1.0, {}, 0.7, 1), 20000);
  EXPECT_EQ(nucleus.size(), 2U);
  EXPECT_NEAR(nucleus.at(0), 1.0 / 3, 0.018);
  EXPECT_EQ(shares(sampling(5.0, 1, {}, 0), 100).size(), 1U);
}

TEST(Sampler, ADrawDependsOnSeedAndPositionAlone) {
  Sampler one(sampling(1.0, {}, {}, 3)), two(sampling(1.0, {}, {}, 3)), other(sampling(1.0, {}, {}, 4));
  std::vector<TokenId> forwards, backwards(50), others;
  for (int i = 0; i < 50; ++i) forwards.push_back(one.sample(kLogits, i).token);
  for (int i = 49; i >= 0; --i) backwards[static_cast<std::size_t>(i)] = two.sample(kLogits, i).token;
  for (int i = 0; i < 50; ++i) others.push_back(other.sample(kLogits, i).token);
  EXPECT_EQ(forwards, backwards);
  EXPECT_NE(forwards, others);
}

TEST(Sampler, RefusesNumbersThatCannotBe) {
  for (const Sampling& wrong :
       {sampling(-1, {}, {}, 0), sampling(std::nan(""), {}, {}, 0), sampling(0.0, 0, {}, 0),
        sampling(0.0, {}, 0.0, 0), sampling(0.0, {}, 1.5, 0)}) {
    EXPECT_THROW(Sampler{wrong}, Error);
  }
}

TEST(Sampler, LogitsThatAreNotFiniteAreAnErrorAndNoToken) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    for (const double temperature : {0.0, 1.0}) {
      Sampler sampler(sampling(temperature, {}, {}, 0));
      EXPECT_THROW(sampler.sample(std::vector<float>{0, bad, 1}, 0), Error);
    }
  }
}

}  // namespace
}  // namespace fulcrum
