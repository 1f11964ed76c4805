#include "train/ngram.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "base/random.h"

namespace fulcrum {
namespace {

TEST(Ngram, ProbabilitiesOfEveryNextTokenAddUpToOne) {
  Random random(3, 0);
  std::vector<std::vector<TokenId>> texts(4);
  for (std::vector<TokenId>& text : texts)
    for (int i = 0; i < 60; ++i) text.push_back(static_cast<TokenId>(random.below(7)));
  const NgramModel model(texts, 3, 9);
  for (const std::vector<TokenId>& context : {std::vector<TokenId>{}, {2}, {1, 5}, {8, 8}, {3, 1, 4, 1}}) {
    double sum = 0;
    for (TokenId next = 0; next < 9; ++next) sum += std::exp(model.log_probability(context, next));
    EXPECT_NEAR(sum, 1.0, 1e-12);
  }
}

// By hand: "a b a b a c" with order 2. Bigrams ab 2, ba 2, ac 1: discount 1/(1+2*2) = 0.2. Unigrams by
// different left neighbours: a 1 (after b), b 1 (after a), c 1 (after a): discount 3/3 = 1, so p(x) = 1/V.
TEST(Ngram, IsKneserNeyAsComputedByHand) {
  const std::vector<std::vector<TokenId>> texts = {{0, 1, 0, 1, 0, 2}};
  const NgramModel model(texts, 2, 4);
  const std::vector<TokenId> after_a = {0};
  EXPECT_NEAR(std::exp(model.log_probability({}, 1)), 0.25, 1e-12);
  EXPECT_NEAR(std::exp(model.log_probability(after_a, 1)), (2 - 0.2 + 0.2 * 2 * 0.25) / 3, 1e-12);
  EXPECT_NEAR(std::exp(model.log_probability(after_a, 3)), 0.2 * 2 * 0.25 / 3, 1e-12);
}

TEST(Ngram, AnOrderBelowOneIsRefused) {
  EXPECT_THROW(NgramModel({}, 0, 4), Error);
}

}  // namespace
}  // namespace fulcrum
