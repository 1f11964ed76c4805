// The verdict on simulated tasks whose best recipe is known by construction, and how often it is wrong by
// chance.
#include "decide/verdict.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "base/random.h"
#include "decide/citations.h"

namespace fulcrum {
namespace {

// Items share a difficulty, so that arms go together as real ones do.
class Simulation {
 public:
  explicit Simulation(std::uint64_t seed, std::size_t items = 100) : random_(seed), difficulty_(items) {
    for (double& value : difficulty_) value = random_.uniform();
    input_.circumstances.target = 0.85;
    input_.circumstances.calls_per_month = 10000;
    input_.confidence_resamples = 100;
  }

  // `quality` is the true share of right answers; `together` how much of an outcome is the item's difficulty.
  Simulation& add(const std::string& recipe, std::vector<std::string> levers, double quality, double upfront,
                  double per_call, double together = 0.6) {
    Candidate candidate;
    candidate.arm = {recipe, std::move(levers), Metric::accuracy, {}, {}};
    for (const double hard : difficulty_) {
      const double luck = random_.chance(together) ? hard : random_.uniform();
      candidate.arm.scores.push_back(luck < quality ? 1 : 0);
    }
    candidate.quality = estimate_mean(candidate.arm.scores, 1);
    candidate.cost.currency = "EUR";
    candidate.cost.upfront = candidate.cost.labelling = upfront;
    candidate.cost.per_call = {per_call, 0.95 * per_call, 1.05 * per_call, 20};
    candidate.cost.per_call_uncached = per_call;
    input_.candidates.push_back(std::move(candidate));
    return *this;
  }
  Simulation& ladder(double zero, double few, double retrieval, double tuned, double both) {
    return add("zero_shot", {"prompt"}, zero, 0, 0.0001)
        .add("few_shot", {"prompt", "few_shot"}, few, 4, 0.0004)
        .add("retrieval", {"prompt", "retrieval"}, retrieval, 1, 0.0003)
        .add("fine_tuned", {"fine_tune"}, tuned, 60, 0.00005)
        .add("fine_tuned+retrieval", {"fine_tune", "retrieval"}, both, 61, 0.0002);
  }
  DecisionInput& input() { return input_; }

 private:
  Random random_;
  std::vector<double> difficulty_;
  DecisionInput input_;
};

struct Case {
  const char* name;
  double zero, few, retrieval, tuned, both;
  double target, calls_per_month;
  bool facts_change, behaviour_stable;
  std::vector<std::string> right;
};

// Over 40 drawn tests each, the right recipe is named, or the verdict says that it is unsure.
TEST(Verdict, NamesTheRecipeThatIsBestByConstruction) {
  const std::vector<Case> cases = {
      {"prompt enough", 0.97, 0.98, 0.97, 0.98, 0.98, 0.85, 1e4, false, true, {"zero_shot"}},
      {"demonstrations help", 0.50, 0.96, 0.50, 0.97, 0.97, 0.85, 1e3, false, true, {"few_shot"}},
      {"volume pays", 0.50, 0.96, 0.50, 0.96, 0.96, 0.85, 1e6, false, true, {"fine_tuned"}},
      {"facts missing", 0.10, 0.15, 0.95, 0.30, 0.96, 0.85, 1e4, true, true, {"retrieval"}},
      {"facts change", 0.10, 0.15, 0.60, 0.97, 0.96, 0.85, 1e4, true, true, {"fine_tuned+retrieval"}},
      {"boundary", 0.40, 0.50, 0.40, 0.97, 0.97, 0.85, 1e4, false, true, {"fine_tuned"}},
      {"both needed", 0.10, 0.20, 0.60, 0.40, 0.96, 0.85, 1e4, true, true, {"fine_tuned+retrieval"}},
      {"behaviour changes", 0.30, 0.60, 0.30, 0.97, 0.97, 0.85, 1e4, false, false, {"few_shot"}},
      {"nothing reaches, tuning best", 0.20, 0.25, 0.20, 0.65, 0.66, 0.95, 1e4, false, true, {"fine_tuned"}},
      {"nothing helps", 0.40, 0.40, 0.40, 0.40, 0.40, 0.95, 1e4, false, true, {"zero_shot"}},
  };
  constexpr int kRuns = 40;
  for (const Case& c : cases) {
    int right = 0, sure_and_wrong = 0;
    for (int run = 0; run < kRuns; ++run) {
      Simulation simulation(static_cast<std::uint64_t>(run) + 1);
      simulation.ladder(c.zero, c.few, c.retrieval, c.tuned, c.both);
      simulation.input().circumstances = {c.target, c.calls_per_month, 12, c.facts_change,
                                          c.behaviour_stable};
      simulation.input().confidence_resamples = 40;
      const Verdict verdict = decide(simulation.input());
      const bool is_right = std::find(c.right.begin(), c.right.end(), verdict.recipe) != c.right.end();
      right += is_right;
      sure_and_wrong += !is_right && verdict.certainty == Certainty::clear;
    }
    EXPECT_GE(right, 36) << c.name;
    EXPECT_LE(sure_and_wrong, 2) << c.name;
  }
}

TEST(Verdict, GivesEveryPartOfAnAnswer) {
  Simulation simulation(3);
  simulation.ladder(0.4, 0.5, 0.4, 0.97, 0.97);
  const Verdict verdict = decide(simulation.input());
  EXPECT_EQ(verdict.recipe, "fine_tuned");
  EXPECT_TRUE(verdict.target_reached);
  EXPECT_GE(verdict.confidence, 0.9);
  EXPECT_EQ(verdict.certainty, Certainty::clear);
  EXPECT_TRUE(verdict.ties.empty());
  EXPECT_EQ(verdict.rejected.size(), 4U);
  for (const Rejection& rejection : verdict.rejected) EXPECT_FALSE(rejection.why.empty()) << rejection.recipe;
  EXPECT_EQ(verdict.break_even.size(), 4U);
  EXPECT_EQ(verdict.contrasts.size(), 4U);
  EXPECT_GE(verdict.reasons.size(), 4U);
  EXPECT_FALSE(verdict.flips_if.empty());
  double shares = 0;
  for (const ChoiceShare& share : verdict.choice_shares) shares += share.share;
  EXPECT_NEAR(shares, 1, 1e-9);
}

// Scores of so many items right by both, by the base alone and by the other alone.
DecisionInput two_recipes(int both, int base_only, int other_only, int items) {
  DecisionInput input;
  input.circumstances.calls_per_month = 10000;
  input.confidence_resamples = 200;
  Candidate base, other;
  base.arm = {"zero_shot", {"prompt"}, Metric::accuracy, {}, {}};
  other.arm = {"few_shot", {"prompt", "few_shot"}, Metric::accuracy, {}, {}};
  for (int i = 0; i < items; ++i) {
    const int alone = i - both;
    base.arm.scores.push_back(i < both || (alone >= 0 && alone < base_only));
    other.arm.scores.push_back(i < both || (alone >= base_only && alone < base_only + other_only));
  }
  for (Candidate* each : {&base, &other}) {
    const double per_call = each == &base ? 0.0001 : 0.0004;
    each->quality = estimate_mean(each->arm.scores, 1);
    each->cost.per_call = {per_call, 0.95 * per_call, 1.05 * per_call, 20};
    each->cost.per_call_uncached = per_call;
    input.candidates.push_back(*each);
  }
  return input;
}

bool says(const Verdict& verdict, const std::string& part) {
  return std::any_of(verdict.reasons.begin(), verdict.reasons.end(),
                     [&](const std::string& reason) { return reason.find(part) != std::string::npos; });
}

// The cheaper one is taken on nearly every resample, which proves nothing about the better one beside it.
TEST(Verdict, IsNotClearBesideATieAndNamesIt) {
  const Verdict verdict = decide(two_recipes(57, 3, 5, 100));
  EXPECT_EQ(verdict.recipe, "zero_shot");
  EXPECT_GE(verdict.confidence, 0.9);
  EXPECT_EQ(verdict.certainty, Certainty::likely);
  EXPECT_EQ(verdict.ties, std::vector<std::string>{"few_shot"});
  EXPECT_TRUE(says(verdict, "no better than few_shot"));
  EXPECT_NE(verdict.summary.find("a tie with few_shot"), std::string::npos) << verdict.summary;
}

TEST(Verdict, HasNoTieBesideAClearWinnerOrWhereTheCheaperIsAsGood) {
  const Verdict winner = decide(two_recipes(30, 0, 60, 100));
  EXPECT_EQ(winner.recipe, "few_shot");
  EXPECT_EQ(winner.certainty, Certainty::clear);
  EXPECT_TRUE(winner.ties.empty());
  const Verdict cheaper = decide(two_recipes(57, 5, 5, 100));
  EXPECT_EQ(cheaper.recipe, "zero_shot");
  EXPECT_EQ(cheaper.certainty, Certainty::clear);
  EXPECT_TRUE(cheaper.ties.empty());
}

TEST(Verdict, IsLessSureWhereTheSearchMayHaveMissedTheBest) {
  DecisionInput input = two_recipes(30, 0, 60, 100);
  EXPECT_FALSE(says(decide(input), "was let go"));
  input.chance_missed = 0.2;
  input.possibly_missed = {"few_shot@k2"};
  const Verdict missed = decide(input);
  EXPECT_EQ(missed.recipe, "few_shot");
  EXPECT_EQ(missed.certainty, Certainty::likely);
  EXPECT_TRUE(says(missed, "With a chance of 20%"));
  EXPECT_TRUE(says(missed, "few_shot@k2"));
  input.chance_missed = 0.5;
  EXPECT_EQ(decide(input).certainty, Certainty::cannot_tell);
}

TEST(Verdict, SaysThatItCannotTellAndHowManyItemsWould) {
  // Two recipes on either side of the target by luck alone.
  bool seen = false;
  for (std::uint64_t seed = 1; seed <= 20 && !seen; ++seed) {
    Simulation simulation(seed, 60);
    simulation.add("zero_shot", {"prompt"}, 0.85, 0, 0.0001)
        .add("few_shot", {"prompt", "few_shot"}, 0.87, 4, 0.0004);
    const Verdict verdict = decide(simulation.input());
    if (verdict.certainty != Certainty::cannot_tell) continue;
    seen = true;
    EXPECT_NE(verdict.summary.find("cannot tell"), std::string::npos);
  }
  EXPECT_TRUE(seen);
}

TEST(Verdict, CallsOnlyTheCheaperOneCheaper) {
  std::size_t dearer = 0, cheaper = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    Simulation simulation(seed, 80);
    simulation.input().circumstances.target = 0.99;
    simulation.add("zero_shot", {"prompt"}, 0.55, 0, 0.0001)
        .add("few_shot", {"prompt", "few_shot"}, 0.70, 4, 0.0004);
    const Verdict verdict = decide(simulation.input());
    if (verdict.certainty != Certainty::cannot_tell) continue;
    const bool says_cheaper = verdict.summary.find("cheaper choice") != std::string::npos;
    EXPECT_EQ(says_cheaper, verdict.recipe == "zero_shot") << verdict.summary;
    ++(says_cheaper ? cheaper : dearer);
  }
  EXPECT_GT(dearer, 0U);
  EXPECT_GT(cheaper, 0U);
}

TEST(Verdict, IsAPureFunctionOfItsInput) {
  Simulation simulation(5);
  simulation.ladder(0.6, 0.7, 0.6, 0.8, 0.8);
  const Verdict first = decide(simulation.input()), second = decide(simulation.input());
  EXPECT_EQ(first.recipe, second.recipe);
  EXPECT_EQ(first.confidence, second.confidence);
  EXPECT_EQ(first.reasons, second.reasons);
  EXPECT_EQ(first.flips_if, second.flips_if);
}

TEST(Verdict, WorksOnGradedScoresToo) {
  Simulation simulation(6);
  simulation.ladder(0.3, 0.4, 0.3, 0.9, 0.9);
  for (Candidate& candidate : simulation.input().candidates) {
    candidate.arm.metric = Metric::token_f1;
    for (std::size_t i = 0; i < candidate.arm.scores.size(); ++i)
      candidate.arm.scores[i] = 0.9 * candidate.arm.scores[i] + 0.01 * static_cast<double>(i % 10);
    candidate.quality = estimate_mean(candidate.arm.scores, 1);
  }
  simulation.input().circumstances.target = 0.95;
  const Verdict verdict = decide(simulation.input());
  EXPECT_EQ(verdict.recipe, "fine_tuned");
  EXPECT_FALSE(verdict.target_reached);
  EXPECT_EQ(verdict.contrasts.front().test, "paired bootstrap");
}

TEST(Verdict, NeedsARecipe) {
  EXPECT_THROW(decide({}), Error);
}

// Five equal recipes, no target: leaving the cheapest is a false winner.
TEST(FalseWinnerSlow, IsNamedInAtMostFivePercent) {
  constexpr int kRuns = 2000;
  int false_winners = 0;
  for (int run = 0; run < kRuns; ++run) {
    Simulation simulation(1000 + static_cast<std::uint64_t>(run));
    simulation.ladder(0.6, 0.6, 0.6, 0.6, 0.6);
    simulation.input().circumstances.target.reset();
    simulation.input().circumstances.calls_per_month = 1000;
    std::vector<RuleOption> options;
    for (const Candidate& candidate : simulation.input().candidates)
      options.push_back({candidate.arm.recipe, candidate.arm.levers, candidate.quality.estimate,
                         candidate.quality.high, candidate.cost});
    const Choice choice =
        choose(options, simulation.input().circumstances, [&](std::size_t a, std::size_t b) {
          const auto &first = simulation.input().candidates[a].arm.scores,
                     &second = simulation.input().candidates[b].arm.scores;
          return compare_paired(first, second, 1).p_value;
        });
    false_winners += choice.chosen != 0;
  }
  EXPECT_LE(false_winners, 0.05 * kRuns);
}

TEST(Verdict, ATieWhoseOwnIntervalLeavesOutZeroSaysWhatElseWasCounted) {
  Sentence sentence;
  const Comparison tie{"a", "b", 0.1, 0.04, 0.17, 0.064, 0.008, "exact McNemar"};
  EXPECT_EQ(
      contrast_text(sentence, tie, "contrast"),
      "a tie with b on this test (+0.10, interval +0.04 to +0.17, p = 0.064 with all comparisons counted)");
  const Comparison plain{"a", "b", 0.1, -0.04, 0.21, 0.3, 0.15, "exact McNemar"};
  EXPECT_EQ(contrast_text(sentence, plain, "contrast"),
            "a tie with b on this test (+0.10, interval -0.04 to +0.21, p = 0.300)");
}

}  // namespace
}  // namespace fulcrum
