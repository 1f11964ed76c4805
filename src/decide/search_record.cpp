#include "decide/search_record.h"

#include <algorithm>
#include <map>

namespace fulcrum {

namespace {

// Without proof, and with dev items answered.
bool is_let_go(const SearchedArm& arm) {
  return arm.dev.n > 0 && (arm.fate == ArmFate::left_behind || arm.fate == ArmFate::not_afforded);
}

}  // namespace

std::vector<std::string> SearchRecord::untried() const {
  std::vector<std::string> ids;
  for (const SearchedArm& arm : arms)
    if (arm.fate == ArmFate::not_afforded && arm.dev.n == 0) ids.push_back(arm.id);
  return ids;
}

double SearchRecord::chance_missed() const {
  std::map<int, double> lost;
  for (const SearchedArm& arm : arms)
    if (is_let_go(arm)) lost[arm.round] += arm.share;
  double kept = 1;
  for (const auto& [round, share] : lost) kept *= std::max(0.0, 1 - share);
  return 1 - kept;
}

std::vector<std::string> SearchRecord::possibly_missed(double least_share) const {
  std::vector<std::string> ids;
  for (const SearchedArm& arm : arms)
    if (is_let_go(arm) && arm.share >= least_share) ids.push_back(arm.id);
  return ids;
}

std::string_view to_string(ArmFate fate) {
  switch (fate) {
    case ArmFate::confirmed:
      return "confirmed";
    case ArmFate::ruled_out:
      return "ruled out";
    case ArmFate::proven_out:
      return "proven out";
    case ArmFate::left_behind:
      return "left behind";
    case ArmFate::not_entered:
      return "not entered";
    case ArmFate::not_afforded:
      break;
  }
  return "not afforded";
}

}  // namespace fulcrum
