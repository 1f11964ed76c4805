// What a search (decide/search.h) did, as it is kept in the evidence: what became of every arm, round by
// round, and how likely it is that the best was let go.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "measure/intervals.h"

namespace fulcrum {

enum class ArmFate {
  confirmed,
  ruled_out,     // by the circumstances, before anything ran
  proven_out,    // shown not to be the choice
  left_behind,   // in the worse half of a round
  not_entered,   // its parent fell, or what is in the race makes it needless
  not_afforded,  // the budget does not pay for its preparation or its confirmation
};
std::string_view to_string(ArmFate fate);  // "confirmed", "ruled out", ...

struct SearchedArm {
  std::string id;
  std::vector<std::string> levers;
  ArmFate fate = ArmFate::not_entered;
  int round = 0;        // in which its fate was settled, from 1; 0: before the first
  std::string against;  // the arm that it lost to; empty where there is none
  std::string why;      // a sentence
  Estimate dev;         // n = 0: it answered nothing; the interval holds at every look
  double share = 0;     // of the resamples on which it would have been taken, when its fate was settled
  double seconds = 0;   // spent on it, preparation included
  std::vector<double> scores;  // of the dev items that it answered, in their order
};

struct SearchRound {
  std::int64_t items = 0;         // that each arm had answered at its end
  std::vector<std::string> arms;  // in the race at its end, best first
  double seconds = 0;             // since the search began
};

struct SearchRecord {
  double budget_seconds = 0;
  double search_seconds = 0;      // of the race
  double total_seconds = 0;       // with the confirmation; the caller's to fill in
  double exhaustive_seconds = 0;  // forecast of preparing and fully measuring every arm, no stand-ins
  std::int64_t dev_items = 0;
  std::vector<SearchRound> rounds;
  std::vector<SearchedArm> arms;       // in the order given, without those that stood in for nobody
  std::vector<std::string> confirmed;  // the base first, then best first
  // The arms that never answered an item because the budget did not pay for their preparation.
  std::vector<std::string> untried() const;
  // That the arm to be taken was let go without meeting the test: of every round, the shares of those that it
  // left behind or could not afford, each round given that the rounds before it lost nothing.
  double chance_missed() const;
  // Those of them that had at least such a share, in the order given.
  std::vector<std::string> possibly_missed(double least_share) const;
};

}  // namespace fulcrum
